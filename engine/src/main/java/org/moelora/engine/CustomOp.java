package org.moelora.engine;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;

/**
 * An op whose passes are Java on arrays of the host: {@link Tape#custom} runs it on any device. Values are flat and row-major, as shapes are, and are
 * copied from and to the device at each call, so it is slow; an op that proves worth it gets kernels, see {@link Op}.
 */
public final class CustomOp {
    private static final System.Logger LOG = System.getLogger(CustomOp.class.getName());

    /** What has been warned of. */
    private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

    /**
     * The forward pass. A function of x alone: a recomputing tape calls it a second time and expects the same, and a plan of memory calls it with
     * zeros.
     */
    @FunctionalInterface
    public interface Forward {
        /**
         * @param x values of each input
         * @param y the result, to be filled; zeros to begin with
         */
        void apply(float[][] x, float[] y);
    }

    /** The backward pass. A function of x and dy alone. */
    @FunctionalInterface
    public interface Backward {
        /**
         * @param x values of each input
         * @param dy the gradient of the result
         * @param dx the gradient of each input, to be filled: zeros to begin with, for each input an array of its own, also where two inputs are one
         *     tensor or a gradient is not required
         */
        void apply(float[][] x, float[] dy, float[][] dx);
    }

    private CustomOp() {}

    static Tensor apply(Tape tape, String name, List<Tensor> inputs, Shape shape, Forward forward, Backward backward) {
        Tensor[] in = inputs.toArray(Tensor[]::new);
        for (Tensor input : in) {
            if (input.dtype() != DType.F32) {
                throw new IllegalArgumentException(
                        name + " has an input of " + input.dtype() + " " + input.shape() + "; expected F32");
            }
        }
        Device device = tape.device();
        if (WARNED.add(name)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the op \"{0}\" is slow: it computes in Java on arrays of the host, which are copied from and to"
                            + " the device at each call",
                    name);
        }
        return tape.op(name)
                .differentiable(in)
                .reads(in)
                .forward(shape, (v, y) -> {
                    float[] values = new float[Math.toIntExact(shape.size())];
                    forward.apply(read(device, v, in), values);
                    device.write(values, y, 0);
                })
                .backward((v, dy, d) -> {
                    float[] gradient = new float[Math.toIntExact(shape.size())];
                    device.read(dy, 0, gradient);
                    float[][] dx = new float[in.length][];
                    for (int i = 0; i < in.length; i++) {
                        dx[i] = new float[Math.toIntExact(in[i].shape().size())];
                    }
                    backward.apply(read(device, v, in), gradient, dx);
                    for (int i = 0; i < in.length; i++) {
                        long size = in[i].shape().size();
                        if (dx[i].length != size) {
                            throw new IllegalStateException(name + " put an array of " + dx[i].length
                                    + " in the place of dx[" + i + "]; expected " + size);
                        }
                        if (d.requires(in[i])) {
                            device.write(dx[i], d.overwritten(in[i]).memory(), 0);
                        }
                    }
                });
    }

    private static float[][] read(Device device, Values v, Tensor[] in) {
        float[][] x = new float[in.length][];
        for (int i = 0; i < in.length; i++) {
            x[i] = new float[Math.toIntExact(in[i].shape().size())];
            device.read(v.of(in[i]), 0, x[i]);
        }
        return x;
    }
}
