package org.moelora.engine;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Sink;

/**
 * One forward pass and its reverse: records what ops did, owns every intermediate, and frees each as the backward pass
 * is through with it. An inference tape records nothing. Used by one thread; closed with try.
 */
public final class Tape implements AutoCloseable {
    private enum Mode {
        INFERENCE,
        RECORDING,
        RECOMPUTING
    }

    private final Device device;
    private final Mode mode;
    private final TapeMemory memory;
    private final Recording recording = new Recording();
    private boolean wentBack;

    /** The tape that a checkpointed block's own tape has become a part of: from then on it owns what the block's ops ask for. */
    private @Nullable Tape whole;

    private Tape(Device device, Mode mode) {
        this.device = device;
        this.mode = mode;
        memory = new TapeMemory(device);
    }

    /** A tape for training: ops on tensors that require a gradient are recorded. */
    public static Tape recording(Device device) {
        return new Tape(device, Mode.RECORDING);
    }

    /** A tape for training that keeps only the outputs of a {@link #checkpointed checkpointed block}, and runs the block again in the backward pass. */
    public static Tape recomputing(Device device) {
        return new Tape(device, Mode.RECOMPUTING);
    }

    /** A tape for inference: nothing is recorded, nothing requires a gradient. */
    public static Tape inference(Device device) {
        return new Tape(device, Mode.INFERENCE);
    }

    public Device device() {
        return device;
    }

    public Kernels kernels() {
        return device.kernels();
    }

    /** Whether this is a tape for training. */
    public boolean isRecording() {
        return mode != Mode.INFERENCE;
    }

    /** Whether an op on these inputs has to be recorded. */
    public boolean records(Tensor... inputs) {
        if (!isRecording()) {
            return false;
        }
        for (Tensor input : inputs) {
            if (input.requiresGrad()) {
                return true;
            }
        }
        return false;
    }

    private Tape owner() {
        Tape tape = this;
        for (Tape next = tape.whole; next != null; next = tape.whole) {
            tape = next;
        }
        return tape;
    }

    /** What owns the tensors of this tape's ops. */
    TapeMemory memory() {
        return owner().memory;
    }

    /** The tape of a checkpointed block becomes a part of the tape that the block is on. */
    void join(Tape onto) {
        memory.join(onto.memory());
        recording.join(onto.owner().recording);
        whole = onto;
    }

    Tensor tensor(boolean requiresGrad, Shape shape) {
        return memory().tensor(DType.F32, shape, requiresGrad && isRecording());
    }

    /** A new F32 tensor that requires no gradient. */
    public Tensor constant(float[] values, int... dims) {
        Tensor tensor = tensor(false, Shape.of(dims));
        device.write(values, tensor.memory(), 0);
        return tensor;
    }

    /** A new F32 tensor that requires a gradient, which {@link #gradient} reads after the backward pass. For checks of derivatives. */
    public Tensor variable(float[] values, int... dims) {
        Tensor tensor = tensor(true, Shape.of(dims));
        device.write(values, tensor.memory(), 0);
        return tensor;
    }

    /** A new I32 tensor. */
    public Tensor ints(int... values) {
        Tensor tensor = ints(Shape.of(values.length));
        device.write(values, tensor.memory(), 0);
        return tensor;
    }

    /** A new I32 tensor of a shape. */
    public Tensor ints(Shape shape, int... values) {
        if (values.length != shape.size()) {
            throw new IllegalArgumentException(shape + " was given " + values.length + " values");
        }
        Tensor tensor = ints(shape);
        device.write(values, tensor.memory(), 0);
        return tensor;
    }

    /** A new I32 tensor with undefined values, for the op that fills it. */
    public Tensor ints(Shape shape) {
        return memory().tensor(DType.I32, shape, false);
    }

    /** A tensor over the memory of {@code from}, which must not be used any more: for ops that work in place. */
    Tensor takeOver(Tensor from, boolean requiresGrad) {
        if (!memory().owns(from)) {
            throw new IllegalArgumentException("only a tensor of this tape can be taken over");
        }
        if (from.readers > 0) {
            throw new IllegalArgumentException(
                    "a backward pass will read the tensor " + from.shape() + " that was to be taken over");
        }
        Tensor tensor = new Tensor(device, from.shape(), from.memory(), requiresGrad && isRecording());
        from.memory = null;
        return memory().own(tensor);
    }

    /** F32 memory for the duration of one op; the op closes it. */
    public Memory scratch(long length) {
        return memory().lease(DType.F32, length, Owner.SCRATCH);
    }

    /** Begins the declaration of an op, see {@link Op}. */
    public Op op(String name) {
        return new Op(this, name);
    }

    /**
     * Runs an op that is written in Java on arrays of the host, on any device, with all that a tape does for an op: it is recorded and recomputed, may have
     * the same tensor twice among its inputs, and a gradient that is not required is thrown away. It is slow, and logged so once for each name. {@link
     * GradientCheck} tells whether the two passes fit together.
     *
     * <pre>{@code
     * // y_i = max(x_i, 0)^2, dx_i = 2 max(x_i, 0) dy_i
     * static Tensor squaredRelu(Tape tape, Tensor x) {
     *     return tape.custom("squared relu", List.of(x), x.shape(),
     *             (in, y) -> {
     *                 for (int i = 0; i < y.length; i++) {
     *                     y[i] = max(in[0][i], 0) * max(in[0][i], 0);
     *                 }
     *             },
     *             (in, dy, dx) -> {
     *                 for (int i = 0; i < dy.length; i++) {
     *                     dx[0][i] = 2 * max(in[0][i], 0) * dy[i];
     *                 }
     *             });
     * }
     * }</pre>
     *
     * @param name of the op, for messages
     * @param inputs F32 tensors of this tape, or parameters
     * @param shape of the result
     * @param forward fills the result
     * @param backward fills the gradients of the inputs; called when the gradient of the result is complete, if an input requires one
     * @return the result
     * @throws IllegalArgumentException if an input is not F32
     */
    public Tensor custom(
            String name, List<Tensor> inputs, Shape shape, CustomOp.Forward forward, CustomOp.Backward backward) {
        return CustomOp.apply(this, name, inputs, shape, forward, backward);
    }

    /**
     * A new F32 tensor with undefined values that requires no gradient, for the op that fills it. One that a backward pass makes is freed when that
     * op is through.
     */
    public Tensor tensor(Shape shape) {
        return tensor(false, shape);
    }

    /** Records an op: {@code backward} is called when the gradient of {@code out} is complete, and not at all if there is none. */
    void record(String op, Tensor out, Runnable backward, Tensor... reads) {
        record(op, List.of(out), backward, reads);
    }

    void record(String op, List<Tensor> outs, Runnable backward, Tensor... reads) {
        owner().recording.add(op, outs, backward, reads);
    }

    /**
     * A part of the forward pass of which only the results are used outside: a layer. How much of it is kept is the tape's choice, which changes
     * no bit:
     *
     * <ul>
     *   <li>a recording tape frees, at the end, the values that no recorded op will read or that are quickly recomputed;
     *   <li>a {@link #recomputing} tape frees everything but the results, and recomputes {@code body} when the backward pass comes to it
     *       (Chen et al. 2016, arXiv 1604.06174);
     *   <li>an inference tape runs it and does nothing else.
     * </ul>
     *
     * @param name for messages
     * @param body the part, made on the tape it is given; it must not take over what was made before, and may be called twice
     * @param reads every tensor made before, other than parameters, that body uses
     * @return what body returned
     * @throws IllegalArgumentException if body returns a tensor that it did not make
     */
    public List<Tensor> checkpointed(String name, Function<Tape, List<Tensor>> body, Tensor... reads) {
        CheckpointedBlock block = new CheckpointedBlock(name, body);
        return switch (mode) {
            case INFERENCE -> body.apply(this);
            case RECORDING -> block.kept(this);
            case RECOMPUTING -> block.recomputed(this, reads);
        };
    }

    /** The complete gradient of an op's output, inside its backward pass. */
    Memory gradOf(Tensor out) {
        Memory grad = out.grad;
        if (grad == null) {
            throw new IllegalStateException("tensor " + out.shape() + " has no gradient");
        }
        return grad;
    }

    Sink place(Tensor input) {
        if (input instanceof Parameter parameter) {
            return Sink.onto(parameter.gradient());
        }
        Memory grad = input.grad;
        if (grad != null) {
            return Sink.onto(grad);
        }
        Memory fresh = memory().lease(DType.F32, input.shape().size(), Owner.TAPE);
        input.grad = fresh;
        return fresh;
    }

    /**
     * Propagates {@code d loss / d loss = 1} back through everything recorded. Gradients of parameters are added to; those of
     * {@link #variable}s and the values of scalars, losses above all, can be read afterwards. A tape goes back once. What an op throws comes
     * through unchanged, with the name of the op in a suppressed exception.
     *
     * @throws IllegalArgumentException if the loss is not a scalar
     * @throws IllegalStateException if the loss depends on nothing trainable, or the tape has gone back already
     */
    public void backward(Tensor loss) {
        if (loss.shape().size() != 1) {
            throw new IllegalArgumentException("a backward pass starts at a scalar, not at " + loss.shape());
        }
        if (!isRecording() || !loss.requiresGrad()) {
            throw new IllegalStateException("the loss does not depend on anything trainable");
        }
        if (wentBack) {
            throw new IllegalStateException("a tape goes back once: add the losses up first");
        }
        wentBack = true;
        Sink seed = place(loss);
        kernels().elementwise().fill(seed.memory(), 1);
        propagate();
    }

    /** Goes back over all that is recorded, from the gradients that stand in its results. */
    void propagate() {
        recording.propagate(memory);
    }

    /** The gradient of a {@link #variable} after the backward pass; zeros if nothing reached it. */
    public float[] gradient(Tensor variable) {
        float[] values = new float[Math.toIntExact(variable.shape().size())];
        Memory grad = variable.grad;
        if (grad != null) {
            device.read(grad, 0, values);
        }
        return values;
    }

    /**
     * Frees everything but {@code keep}: between the layers of an inference.
     *
     * @throws IllegalStateException on a recording tape, whose backward pass needs what it recorded
     */
    public void freeExcept(Tensor... keep) {
        if (isRecording()) {
            throw new IllegalStateException("a recording tape keeps its intermediates");
        }
        memory.freeExcept(keep);
    }

    /**
     * Keeps what an op reads, such as a model's weights, from being freed before this tape is closed.
     *
     * @throws IllegalStateException if it is closed already
     */
    public void use(Lifetime lifetime) {
        memory().use(lifetime);
    }

    /** {@link #use(Lifetime)} of what is in use already, and may have been closed since that began. */
    public void use(Lifetime.Use begun) {
        memory().use(begun);
    }

    /** Frees everything. Closing twice does nothing, and ops on a closed tape throw {@link IllegalStateException}. */
    @Override
    public void close() {
        recording.close();
        memory.close();
    }
}
