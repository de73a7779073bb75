package org.moelora.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Memory;

/**
 * The declaration of one op on a tape: its inputs, what its backward pass reads, the forward and the backward pass. {@link #backward} ends it, runs the
 * forward pass and returns the result.
 *
 * <pre>{@code
 * return tape.op("swiglu")
 *         .differentiable(gate, up)
 *         .reads(gate, up)
 *         .forward(gate.shape(), (v, y) -> kernels.swiGlu(v.of(gate), v.of(up), y))
 *         .backward((v, dy, d) -> ...);
 * }</pre>
 *
 * <p>Values are reached through {@link Values}, gradients through {@link Gradients}, and both know the declaration. An op that reads a tensor which it
 * did not declare, that has no derivative in an input through which a gradient has to pass, or that declares a derivative and gives no gradient ends
 * in an error that names the op and the input. Recording, recomputing, checkpointed blocks, the same tensor as several inputs and gradients that are
 * not wanted are left to the tape.
 *
 * <p>Inputs that are null are optional inputs that are absent. Used by one thread, once.
 */
public final class Op {
    /** Fills the result. Run again where a value is recomputed, so it must not depend on anything but the values it reads. */
    @FunctionalInterface
    public interface Forward {
        /**
         * @param y the result, of undefined values; of {@link Op#forwardOver}, the values of the input that it replaces
         */
        void apply(Values v, Memory y);
    }

    /** Propagates the complete gradient of the result; not called if there is none or no input requires one. */
    @FunctionalInterface
    public interface Backward {
        /**
         * @param dy the gradient of the result
         */
        void apply(Values v, Memory dy, Gradients d);
    }

    private static final Tensor[] NONE = {};

    private final Tape tape;
    private final String name;
    private Tensor[] differentiable = NONE;
    private Tensor[] constants = NONE;
    private Tensor[] saved = NONE;
    private Tensor[] reads = NONE;
    private boolean outputIsRead;
    private boolean recomputable;
    private @Nullable Shape shape;
    private @Nullable Tensor over;
    private @Nullable Forward forward;

    Op(Tape tape, String name) {
        this.tape = tape;
        this.name = name;
    }

    /** Inputs in which the op has a derivative. The backward pass gives a gradient for each, once for each time that it is named here. */
    public Op differentiable(@Nullable Tensor... inputs) {
        differentiable = plus(differentiable, inputs);
        return this;
    }

    /**
     * An input in which the op has no derivative.
     *
     * @param what its name, for the message
     * @throws IllegalStateException if a gradient has to pass through it
     */
    public Op constant(String what, @Nullable Tensor input) {
        if (input != null && tape.records(input)) {
            throw new IllegalStateException(name + " has no derivative in its " + what
                    + ", but a gradient has to pass through " + named(input));
        }
        constants = plus(constants, input);
        return this;
    }

    /** Inputs that the op takes for constants by definition: a gradient ends here. */
    public Op detached(@Nullable Tensor... inputs) {
        constants = plus(constants, inputs);
        return this;
    }

    /** Tensors beside the result that the forward pass fills and the backward pass reads. They carry no gradient. */
    public Op saves(@Nullable Tensor... tensors) {
        saved = plus(saved, tensors);
        return this;
    }

    /** Tensors beside the result that the forward pass fills and the backward pass does not read. They carry no gradient. */
    public Op fills(Tensor... tensors) {
        constants = plus(constants, tensors);
        return this;
    }

    /** Inputs whose values the backward pass reads: they are kept until then, others may be freed at the end of a {@link Tape#checkpointed checkpointed block}. */
    public Op reads(@Nullable Tensor... inputs) {
        reads = plus(reads, inputs);
        return this;
    }

    /** The backward pass reads the result, as {@link Values#output}. */
    public Op readsOutput() {
        outputIsRead = true;
        return this;
    }

    /**
     * The result takes next to no time to compute: a {@link Tape#checkpointed checkpointed block} frees it at its end, and it is computed again when the backward pass of another
     * op reads it. All inputs are kept for that, so the backward pass may read them all.
     */
    public Op recomputable() {
        recomputable = true;
        return this;
    }

    /** Whether it will be recorded, as far as it is declared: whether an input declared {@link #differentiable} requires a gradient. */
    public boolean records() {
        return tape.records(differentiable);
    }

    /**
     * The forward pass, which fills a new tensor.
     *
     * @param shape of the result
     */
    public Op forward(Shape shape, Forward forward) {
        this.shape = shape;
        this.forward = forward;
        return this;
    }

    /**
     * The forward pass of an op in place: the result takes the memory of an input, which must not be used any more.
     *
     * @param input a tensor of this tape, named once among the inputs
     */
    public Op forwardOver(Tensor input, Forward forward) {
        over = input;
        this.forward = forward;
        return this;
    }

    /**
     * Ends the declaration of an op without derivatives, and runs its forward pass.
     *
     * @return the result, which requires no gradient
     */
    public Tensor withoutBackward() {
        if (differentiable.length > 0) {
            throw new IllegalStateException(name + " has differentiable inputs and no backward pass");
        }
        Tensor y = output(false);
        run(y);
        return y;
    }

    /**
     * Ends the declaration, runs the forward pass and records the op if an input requires a gradient.
     *
     * @return the result
     */
    public Tensor backward(Backward backward) {
        boolean records = records();
        Tensor y = output(records);
        run(y);
        if (records) {
            if (recomputable) {
                y.recompute = () -> run(y);
            }
            tape.record(name, y, () -> goBack(y, backward), kept(y));
        }
        return y;
    }

    private Tensor output(boolean requiresGrad) {
        if (over != null) {
            checkOver(over);
            return tape.takeOver(over, requiresGrad);
        }
        if (shape == null) {
            throw new IllegalStateException(name + " has no forward pass");
        }
        return tape.tensor(requiresGrad, shape);
    }

    private void checkOver(Tensor input) {
        if (count(differentiable, input) + count(constants, input) != 1) {
            throw new IllegalArgumentException(
                    name + " replaces " + named(input) + ", which has to be one of its inputs, once");
        }
    }

    private void run(Tensor y) {
        if (forward == null) {
            throw new IllegalStateException(name + " has no forward pass");
        }
        forward.apply(new Values(this, null), y.memory());
    }

    private void goBack(Tensor y, Backward backward) {
        Gradients d = new Gradients(tape, this, y);
        try {
            backward.apply(new Values(this, y), tape.gradOf(y), d);
            d.complete();
        } finally {
            d.close();
        }
    }

    /** Everything that has to live until the backward pass. */
    private Tensor[] kept(Tensor y) {
        Tensor[] all = plus(reads, saved);
        if (recomputable) {
            all = plus(plus(all, differentiable), constants);
        }
        return outputIsRead ? plus(all, y) : all;
    }

    Tensor[] differentiable() {
        return differentiable;
    }

    String name() {
        return name;
    }

    boolean outputIsRead() {
        return outputIsRead;
    }

    /** Whether the forward pass may read this tensor; over is read and written as the result. */
    boolean isInput(Tensor x) {
        return contains(differentiable, x) || contains(constants, x) || contains(saved, x);
    }

    /** Whether the backward pass may read this tensor. */
    boolean isRead(Tensor x) {
        return contains(reads, x) || contains(saved, x) || (recomputable && isInput(x));
    }

    static String named(Tensor x) {
        return x instanceof Parameter parameter ? parameter.name() + " " + x.shape() : "the tensor " + x.shape();
    }

    private static boolean contains(Tensor[] tensors, Tensor x) {
        return count(tensors, x) > 0;
    }

    private static int count(Tensor[] tensors, Tensor x) {
        int count = 0;
        for (Tensor tensor : tensors) {
            count += tensor == x ? 1 : 0;
        }
        return count;
    }

    /** An array with others at its end, of which those that are null are left out. */
    private static Tensor[] plus(Tensor[] tensors, @Nullable Tensor... more) {
        int absent = 0;
        for (Tensor tensor : more) {
            absent += tensor == null ? 1 : 0;
        }
        Tensor[] all = Arrays.copyOf(tensors, tensors.length + more.length - absent);
        int n = tensors.length;
        for (Tensor tensor : more) {
            if (tensor != null) {
                all[n++] = tensor;
            }
        }
        return all;
    }
}
