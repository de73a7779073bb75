package org.moelora.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Device;

/**
 * Checks an op against its formula, written down a second time in double precision: the values directly, the gradients against central
 * finite differences of the formula. Differences of the op itself would drown in float32 rounding; those of a double formula are good to
 * about ten digits, so a wrong term shows even where it is small.
 *
 * <p>One call covers what a backward pass can get wrong: it runs the op for inference; with all inputs trainable; with all trainable
 * and gradients already standing where the op has to add its own; and with each input trainable alone; each time on its own, in a
 * {@link Tape#checkpointed checkpointed block} that is kept, and in one that is recomputed. The output is reduced by a fixed random projection, so that no two elements' errors
 * cancel by symmetry. Inputs and projection come from a fixed seed.
 *
 * <pre>{@code
 * GradientCheck.of("multiply")
 *         .variable(5, 13)
 *         .variable(5, 13)
 *         .on(device, (tape, in) -> Multiply.apply(tape, in[0], in[1]), in -> product(in[0], in[1]))
 *         .require(1e-6, 1e-6);
 * }</pre>
 *
 * <p>Used by one thread.
 */
public final class GradientCheck {
    private static final long SEED = 20240212;
    /** Balances the truncation of central differences, about h^2, against rounding, about 1e-16 / h. */
    private static final double STEP = 1e-5;

    /** The op under check. Inputs come in the order in which they were added; those added as parameters are {@link Parameter}s. */
    @FunctionalInterface
    public interface Op {
        Tensor apply(Tape tape, Tensor[] inputs);
    }

    /** The op's definition: from flat row-major inputs to the flat output. Must not write to its inputs. */
    @FunctionalInterface
    public interface Formula {
        double[] apply(double[][] inputs);
    }

    /**
     * How far op and formula are apart, as the norm of the difference over the norm of what the formula gives; the worst of all runs.
     *
     * @param op name of the op and the device
     * @param forward of the output
     * @param gradients of each input's gradient
     */
    public record Report(String op, double forward, List<Double> gradients) {
        public Report {
            gradients = List.copyOf(gradients);
        }

        /**
         * @throws AssertionError if a distance is not within its tolerance, or is not a number
         */
        public void require(double forwardTolerance, double gradientTolerance) {
            if (!(forward <= forwardTolerance)) {
                throw new AssertionError(op + ": output is off by " + forward + " of its norm; at most "
                        + forwardTolerance + " is allowed");
            }
            for (int i = 0; i < gradients.size(); i++) {
                if (!(gradients.get(i) <= gradientTolerance)) {
                    throw new AssertionError(op + ": gradient of input " + i + " is off by " + gradients.get(i)
                            + " of its norm; at most " + gradientTolerance + " is allowed");
                }
            }
        }
    }

    /** How an op is recorded. */
    private enum Recorded {
        ALONE,
        IN_A_SEGMENT,
        IN_A_SEGMENT_RUN_AGAIN;

        Tape tape(Device device) {
            return this == IN_A_SEGMENT_RUN_AGAIN ? Tape.recomputing(device) : Tape.recording(device);
        }

        Tensor apply(Op op, Tape tape, Tensor[] in) {
            return this == ALONE
                    ? op.apply(tape, in)
                    : tape.checkpointed("block", part -> List.of(op.apply(part, in)), in)
                            .getFirst();
        }
    }

    /** What the formula gives: values, a projection of them, and the gradients of that. */
    private record Expected(float[] projection, double[] values, double[][] gradients) {}

    private record Input(boolean parameter, float[] values, int[] dims) {}

    private final String name;
    private final Random random = new Random(SEED);
    private final List<Input> inputs = new ArrayList<>();

    private GradientCheck(String name) {
        this.name = name;
    }

    /**
     * @param op its name, for messages
     */
    public static GradientCheck of(String op) {
        return new GradientCheck(op);
    }

    /** Adds an input tensor of standard normal values. */
    public GradientCheck variable(int... dims) {
        return variable(normal(Math.toIntExact(Shape.of(dims).size())), dims);
    }

    /** Adds an input tensor. */
    public GradientCheck variable(float[] values, int... dims) {
        inputs.add(new Input(false, values, dims));
        return this;
    }

    /** Adds a {@link Parameter} of standard normal values. */
    public GradientCheck parameter(int... dims) {
        inputs.add(new Input(true, normal(Math.toIntExact(Shape.of(dims).size())), dims));
        return this;
    }

    /** Runs the check. */
    public Report on(Device device, Op op, Formula formula) {
        double[][] x = new double[inputs.size()][];
        for (int i = 0; i < x.length; i++) {
            x[i] = doubles(inputs.get(i).values());
        }
        double[] values = formula.apply(x);
        float[] projection = normal(values.length);
        Expected expected = new Expected(projection, values, differences(formula, x, projection));
        double[] errors = new double[x.length];

        try (Pass pass = new Pass(device)) {
            double forward = distance(pass.infer(op), values);
            for (Recorded how : Recorded.values()) {
                boolean[] trainable = new boolean[x.length];
                Arrays.fill(trainable, true);
                forward = Math.max(forward, pass.train(op, how, trainable, false, expected, errors));
                forward = Math.max(forward, pass.train(op, how, trainable, true, expected, errors));
                for (int i = 0; x.length > 1 && i < x.length; i++) {
                    Arrays.fill(trainable, false);
                    trainable[i] = true;
                    forward = Math.max(forward, pass.train(op, how, trainable, false, expected, errors));
                }
            }
            return new Report(
                    name + " on " + device.name(),
                    forward,
                    Arrays.stream(errors).boxed().toList());
        }
    }

    /** The op's runs on a device, with a block for each parameter, so that each can be trainable alone. */
    private final class Pass implements AutoCloseable {
        private final Device device;
        private final List<ParameterBlock> blocks = new ArrayList<>();

        Pass(Device device) {
            this.device = device;
            for (Input input : inputs) {
                ParameterBlock.Builder builder = ParameterBlock.builder(device);
                if (input.parameter()) {
                    builder.add("input", input.dims());
                }
                ParameterBlock block = builder.build();
                block.parameters().forEach(p -> p.set(input.values()));
                blocks.add(block);
            }
        }

        float[] infer(Op op) {
            try (Tape tape = Tape.inference(device)) {
                return op.apply(tape, tensors(tape, new boolean[inputs.size()])).toArray();
            }
        }

        /** Returns the error of the output; raises those of the gradients in {@code errors}. */
        double train(Op op, Recorded how, boolean[] trainable, boolean occupied, Expected expected, double[] errors) {
            for (int i = 0; i < trainable.length; i++) {
                if (trainable[i] && inputs.get(i).parameter()) {
                    blocks.get(i).startTraining();
                }
            }
            try (Tape tape = how.tape(device)) {
                Tensor[] in = tensors(tape, trainable);
                float[][] standing = new float[in.length][];
                for (int i = 0; i < in.length; i++) {
                    standing[i] = occupied
                            ? normal(inputs.get(i).values().length)
                            : new float[inputs.get(i).values().length];
                    if (in[i] instanceof Parameter parameter && trainable[i]) {
                        device.write(standing[i], parameter.gradient(), 0);
                    }
                }
                Tensor y = how.apply(op, tape, in);
                double forward = distance(y.toArray(), expected.values());
                Tensor loss = project(tape, y, expected.projection(), in, occupied ? standing : null);
                if (loss.requiresGrad()) {
                    tape.backward(loss);
                }
                for (int i = 0; i < in.length; i++) {
                    if (trainable[i]) {
                        float[] grad = in[i] instanceof Parameter p ? p.gradientArray() : tape.gradient(in[i]);
                        double[] wanted = expected.gradients()[i].clone();
                        for (int j = 0; j < wanted.length; j++) {
                            wanted[j] += standing[i][j];
                        }
                        errors[i] = Math.max(errors[i], distance(grad, wanted));
                    }
                }
                return forward;
            } finally {
                blocks.forEach(ParameterBlock::stopTraining);
            }
        }

        private Tensor[] tensors(Tape tape, boolean[] trainable) {
            Tensor[] tensors = new Tensor[inputs.size()];
            for (int i = 0; i < tensors.length; i++) {
                Input input = inputs.get(i);
                if (input.parameter()) {
                    tensors[i] = blocks.get(i).get("input");
                } else if (trainable[i]) {
                    tensors[i] = tape.variable(input.values(), input.dims());
                } else {
                    tensors[i] = tape.constant(input.values(), input.dims());
                }
            }
            return tensors;
        }

        @Override
        public void close() {
            blocks.forEach(ParameterBlock::close);
        }
    }

    /**
     * {@code L = <projection, y>}, and {@code + <standing_i, in_i>} for inputs that are no parameters: recorded after the op, it leaves its
     * gradients before the op's backward pass runs. The value of L is not read.
     */
    private static Tensor project(Tape tape, Tensor y, float[] projection, Tensor[] in, float @Nullable [][] standing) {
        return tape.op("projection")
                .differentiable(y)
                .differentiable(standing == null ? new Tensor[0] : in)
                .forward(Shape.of(1), (v, loss) -> {})
                .backward((v, dLoss, d) -> {
                    write(tape, d, y, projection);
                    for (int i = 0; standing != null && i < in.length; i++) {
                        if (in[i] instanceof Parameter) {
                            d.of(in[i]); // stands there from before the backward pass
                        } else {
                            write(tape, d, in[i], standing[i]);
                        }
                    }
                });
    }

    private static void write(Tape tape, Gradients d, Tensor x, float[] gradient) {
        if (d.requires(x)) {
            tape.device().write(gradient, d.overwritten(x).memory(), 0);
        }
    }

    /** {@code d <projection, formula(x)> / dx}. */
    private static double[][] differences(Formula formula, double[][] x, float[] projection) {
        double[][] gradients = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            gradients[i] = new double[x[i].length];
            for (int j = 0; j < x[i].length; j++) {
                double at = x[i][j];
                double step = STEP * Math.max(1, Math.abs(at));
                x[i][j] = at + step;
                double above = dot(projection, formula.apply(x));
                x[i][j] = at - step;
                double below = dot(projection, formula.apply(x));
                x[i][j] = at;
                gradients[i][j] = (above - below) / (2 * step);
            }
        }
        return gradients;
    }

    private static double dot(float[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** Norm of the difference over the norm of what is expected; NaN where anything is NaN. */
    private static double distance(float[] actual, double[] expected) {
        if (actual.length != expected.length) {
            throw new IllegalArgumentException(
                    "the op gives " + actual.length + " elements, the formula " + expected.length);
        }
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < actual.length; i++) {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        return norm == 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
    }

    private float[] normal(int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double[] doubles(float[] values) {
        double[] copy = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            copy[i] = values[i];
        }
        return copy;
    }
}
