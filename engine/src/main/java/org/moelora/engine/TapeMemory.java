package org.moelora.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/** The tensors that a tape owns, and what it keeps from being freed by others as long as it is open. */
final class TapeMemory {
    private final Device device;
    private final Set<Tensor> owned = Collections.newSetFromMap(new IdentityHashMap<>());
    private final IdentityHashMap<Lifetime, Lifetime.Use> uses = new IdentityHashMap<>();
    private boolean closed;

    /** What the op whose backward pass is under way has made so far. */
    private @Nullable List<Tensor> ofOp;

    TapeMemory(Device device) {
        this.device = device;
    }

    /** A new tensor with undefined values. */
    Tensor tensor(DType dtype, Shape shape, boolean requiresGrad) {
        return own(new Tensor(device, shape, lease(dtype, shape.size(), Owner.TAPE), requiresGrad));
    }

    /**
     * Memory with undefined values, which the caller closes or gives to a tensor.
     *
     * @throws IllegalStateException if the tape is closed
     */
    Memory lease(DType dtype, long length, Owner owner) {
        requireOpen();
        return device.allocate(dtype, length, owner);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("this tape is closed");
        }
    }

    boolean owns(Tensor tensor) {
        return owned.contains(tensor);
    }

    Tensor own(Tensor tensor) {
        owned.add(tensor);
        if (ofOp != null) {
            ofOp.add(tensor);
        }
        return tensor;
    }

    /**
     * Leaves a tensor to another tape.
     *
     * @return whether it was owned
     */
    boolean leave(Tensor tensor, TapeMemory other) {
        boolean was = owned.remove(tensor);
        if (was) {
            other.own(tensor);
        }
        return was;
    }

    /** Leaves everything to another tape. */
    void join(TapeMemory other) {
        other.owned.addAll(owned);
        owned.clear();
        uses.forEach(other::keep);
        uses.clear();
    }

    /**
     * Keeps what an op reads from being freed before the tape is closed.
     *
     * @throws IllegalStateException if the tape or the lifetime is closed
     */
    void use(Lifetime lifetime) {
        requireOpen();
        if (!uses.containsKey(lifetime)) {
            keep(lifetime, lifetime.enter());
        }
    }

    /** Keeps what is in use already, and may have been closed since that began, from being freed before the tape is closed. */
    void use(Lifetime.Use begun) {
        requireOpen();
        keep(begun.lifetime(), begun.again());
    }

    private void keep(Lifetime lifetime, Lifetime.Use use) {
        if (uses.putIfAbsent(lifetime, use) != null) {
            use.close();
        }
    }

    /** Runs the backward pass of one op, and frees the tensors that it made. */
    void duringOp(Runnable backward) {
        List<Tensor> made = new ArrayList<>();
        ofOp = made;
        try {
            backward.run();
        } finally {
            ofOp = null;
            made.forEach(this::free);
        }
    }

    /** Frees the values that no recorded op will read, or that are quickly recomputed. */
    void freeUnread() {
        for (Tensor tensor : owned) {
            if (tensor.readers == 0 || tensor.recompute != null) {
                tensor.freeValues();
            }
        }
    }

    /** Frees a tensor's values and gradient; scalars, losses above all, can be read until the tape is closed. */
    void freeUnlessScalar(Tensor tensor) {
        if (tensor.shape().size() > 1) {
            free(tensor);
        }
    }

    void freeExcept(Tensor... keep) {
        Set<Tensor> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        Collections.addAll(kept, keep);
        for (Tensor tensor : List.copyOf(owned)) {
            if (!kept.contains(tensor)) {
                free(tensor);
            }
        }
    }

    private void free(Tensor tensor) {
        if (!owned.remove(tensor)) {
            return;
        }
        tensor.recompute = null;
        tensor.freeValues();
        if (tensor.grad != null) {
            tensor.grad.close();
            tensor.grad = null;
        }
    }

    void close() {
        closed = true;
        for (Tensor tensor : List.copyOf(owned)) {
            free(tensor);
        }
        List<Lifetime.Use> ending = List.copyOf(uses.values());
        uses.clear();
        ending.forEach(Lifetime.Use::close);
    }
}
