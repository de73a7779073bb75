package org.moelora.engine;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;

/**
 * Where an {@link Op}'s backward pass puts the gradients of its differentiable inputs. Each input is asked for once, also if its gradient is not required;
 * an input that is named twice, twice. The op may write all gradients as if its inputs were different tensors, in any order and by one kernel: where one
 * tensor is several inputs, it is given other memory, whose content is added when the op is through.
 */
public final class Gradients {
    /** Memory of the op's own: what is in it is added to sum when the op is through. */
    private record Part(Memory memory, Memory sum) {}

    private final Tape tape;
    private final Op op;
    private final Tensor out;
    private final boolean[] asked;
    private final List<Part> parts = new ArrayList<>(0);

    Gradients(Tape tape, Op op, Tensor out) {
        this.tape = tape;
        this.op = op;
        this.out = out;
        this.asked = new boolean[op.differentiable().length];
    }

    /** Whether the gradient of this input is required: never that of an optional input that is absent. */
    public boolean requires(@Nullable Tensor input) {
        return input != null && input.requiresGrad();
    }

    /** Where to put the gradient of an input; absent if it is not required, as that of an optional input that is absent. */
    public Sink of(@Nullable Tensor input) {
        if (input == null) {
            return Sink.absent();
        }
        boolean again = ask(input);
        if (!input.requiresGrad()) {
            return Sink.absent();
        }
        Sink place = tape.place(input);
        return again ? part(input, place.memory()) : place;
    }

    /** For kernels that can only overwrite: memory whose content becomes, or is added to, the gradient of an input; absent if it is not required. */
    public Sink overwritten(Tensor input) {
        Sink dx = of(input);
        return dx.adds() ? part(input, dx.memory()) : dx;
    }

    /** {@code dx = dy} for each of these inputs, without a copy where that is possible; {@code dy} must not be read afterwards. */
    public void pass(Tensor... inputs) {
        for (int i = 1; i < inputs.length; i++) {
            copy(inputs[i]);
        }
        Tensor last = inputs[0];
        if (last.requiresGrad() && last.grad == null && !(last instanceof Parameter)) {
            ask(last);
            last.grad = tape.gradOf(out);
            out.grad = null;
        } else {
            copy(last);
        }
    }

    private void copy(Tensor input) {
        tape.kernels().elementwise().scale(1, tape.gradOf(out), of(input));
    }

    /** Memory for the time of this op. */
    private Memory part(Tensor input, Memory sum) {
        Memory memory = tape.scratch(input.shape().size());
        parts.add(new Part(memory, sum));
        return memory;
    }

    /** Notes that an input was asked for; returns whether the same tensor was before. */
    private boolean ask(Tensor input) {
        Tensor[] inputs = op.differentiable();
        boolean before = false;
        boolean declared = false;
        for (int i = 0; i < inputs.length; i++) {
            if (inputs[i] == input) {
                declared = true;
                if (!asked[i]) {
                    asked[i] = true;
                    return before;
                }
                before = true;
            }
        }
        if (!declared) {
            throw new IllegalStateException(op.name() + " gives a gradient for " + Op.named(input)
                    + ", which it does not declare differentiable");
        }
        return true;
    }

    /**
     * Adds up what the op has left in parts.
     *
     * @throws IllegalStateException if the op has not given a gradient that is required
     */
    void complete() {
        Tensor[] inputs = op.differentiable();
        for (int i = 0; i < inputs.length; i++) {
            if (!asked[i] && inputs[i].requiresGrad()) {
                throw new IllegalStateException(op.name() + " declares a derivative in its input " + i + ", "
                        + Op.named(inputs[i]) + ", and its backward pass gave none");
            }
        }
        for (Part part : parts) {
            tape.kernels().elementwise().scale(1, part.memory, Sink.onto(part.sum));
        }
    }

    /** Frees what was of the op's own. */
    void close() {
        parts.forEach(part -> part.memory.close());
        parts.clear();
    }
}
