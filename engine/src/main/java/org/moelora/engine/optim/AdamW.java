package org.moelora.engine.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.moelora.engine.Leases;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.kernels.Device;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/**
 * AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) on a block of parameters, with clipping by the global norm (Pascanu, Mikolov and Bengio
 * 2013, arXiv 1211.5063). Owns the two moments. Used by one thread.
 */
public final class AdamW implements AutoCloseable {
    /**
     * @param beta1 decay of the first moment
     * @param beta2 decay of the second moment
     * @param eps added to the root of the second moment
     * @param weightDecay decoupled decay of the weights, per unit of learning rate
     */
    public record Config(double beta1, double beta2, double eps, double weightDecay) {
        /** beta1 0.9, beta2 0.999, eps 1e-8, no decay. */
        public static final Config DEFAULT = new Config(0.9, 0.999, 1e-8, 0);

        public Config {
            if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && eps > 0 && weightDecay >= 0)) {
                throw new IllegalArgumentException(
                        "AdamW needs betas in [0, 1), eps above 0 and decay from 0, not beta1 " + beta1 + ", beta2 "
                                + beta2 + ", eps " + eps + ", decay " + weightDecay);
            }
        }
    }

    /**
     * How a parameter's course differs from that of the others.
     *
     * @param rate its learning rate, as a multiple of theirs
     * @param decays whether weight decay reaches it
     */
    public record Group(double rate, boolean decays) {
        /** The learning rate as it is, and decay. */
        public static final Group DEFAULT = new Group(1, true);

        public Group {
            if (!(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "a group has the learning rate times " + rate + "; expected 0 or more");
            }
        }
    }

    /** Neighbours of one group: elements {@code from} to {@code to} of the block. */
    private record Range(long from, long to, Group group) {}

    private final ParameterBlock block;
    private final List<Range> ranges;
    private final Config config;
    private final Device device;
    private final Leases leases;
    private final Memory m;
    private final Memory v;
    private final Memory clip;
    private long steps;
    private boolean measured;

    /** Moments start at zero. */
    public AdamW(ParameterBlock block, Config config) {
        this(block, config, parameter -> Group.DEFAULT);
    }

    /** Moments start at zero; parameters have courses of their own. Frozen ones are not touched. */
    public AdamW(ParameterBlock block, Config config, Function<Parameter, Group> groupOf) {
        this.block = block;
        this.ranges = ranges(block, groupOf);
        this.config = config;
        this.device = block.device();
        long length = block.values().length();
        leases = new Leases(device, Owner.OPTIMIZER);
        m = leases.zeros(length);
        v = leases.zeros(length);
        clip = leases.floats(2);
    }

    private static List<Range> ranges(ParameterBlock block, Function<Parameter, Group> groupOf) {
        List<Range> ranges = new ArrayList<>();
        for (Parameter parameter : block.parameters()) {
            // The padding before a parameter is zero and stays so, whichever range it falls into.
            long from = ranges.isEmpty() ? 0 : ranges.getLast().to();
            long to = parameter == block.parameters().getLast()
                    ? block.values().length()
                    : parameter.from() + parameter.shape().size();
            Group group = parameter.isFrozen() ? new Group(0, false) : groupOf.apply(parameter);
            if (!ranges.isEmpty() && ranges.getLast().group().equals(group)) {
                from = ranges.removeLast().from();
            }
            ranges.add(new Range(from, to, group));
        }
        return ranges;
    }

    /**
     * Measures the global gradient norm and decides the factor {@code min(1, maxNorm / (norm + 1e-6))} that {@link #step} will apply.
     *
     * @param maxNorm 0 for no clipping
     * @return the norm before clipping; waits for the device
     */
    public float clip(double maxNorm) {
        measured = true;
        Kernels kernels = device.kernels();
        kernels.optimizer().norm(block.gradients(), clip.slice(0, 1));
        kernels.optimizer().clipScale(clip.slice(0, 1), (float) maxNorm, clip.slice(1, 1));
        float[] norm = new float[1];
        device.read(clip, 0, norm);
        return norm[0];
    }

    /**
     * Moves the parameters along what {@link #clip} has measured.
     *
     * @param rate learning rate
     * @throws IllegalStateException if {@link #clip} was not called since the last step
     */
    public void step(double rate) {
        if (!measured) {
            throw new IllegalStateException("clip has to measure the gradients before each step");
        }
        measured = false;
        steps++;
        for (Range range : ranges) {
            Group group = range.group();
            if (group.rate() == 0) {
                continue;
            }
            long length = range.to() - range.from();
            device.kernels()
                    .optimizer()
                    .adamW(
                            block.values().slice(range.from(), length),
                            block.gradients().slice(range.from(), length),
                            m.slice(range.from(), length),
                            v.slice(range.from(), length),
                            clip.slice(1, 1),
                            rate * group.rate(),
                            config.beta1(),
                            config.beta2(),
                            config.eps(),
                            group.decays() ? config.weightDecay() : 0,
                            steps);
        }
    }

    /** Steps done. */
    public long steps() {
        return steps;
    }

    /** Copies a range of the first moments to the host; they are laid out as the block. */
    public void readFirst(long from, float[] into) {
        device.read(m, from, into);
    }

    /** Copies a range of the second moments to the host; they are laid out as the block. */
    public void readSecond(long from, float[] into) {
        device.read(v, from, into);
    }

    /** Puts a range of both moments where a checkpoint has them; {@link #restoreSteps} ends that. */
    public void restore(long from, float[] first, float[] second) {
        device.write(first, m, from);
        device.write(second, v, from);
    }

    /** Goes on after so many steps. */
    public void restoreSteps(long done) {
        steps = done;
    }

    /** First and second moments on the host, laid out as the block, which has to be small enough for arrays. */
    public float[][] moments() {
        float[][] copy = new float[2][Math.toIntExact(m.length())];
        device.read(m, 0, copy[0]);
        device.read(v, 0, copy[1]);
        return copy;
    }

    /** Goes on from {@link #moments()}. */
    public void restore(float[][] moments, long steps) {
        if (moments.length != 2 || moments[0].length != m.length() || moments[1].length != v.length()) {
            throw new IllegalArgumentException("these moments belong to a block of another layout");
        }
        restore(0, moments[0], moments[1]);
        restoreSteps(steps);
    }

    @Override
    public void close() {
        leases.close();
    }
}
