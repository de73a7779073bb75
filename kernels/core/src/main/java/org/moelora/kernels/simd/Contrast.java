package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.getInt;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Mixture;
import org.moelora.kernels.cpu.Workers;

/**
 * The contrastive losses of {@link Mixture#gatedContrast} and, with gates of one, of {@link Mixture#contrast} in two passes over the rows of s, and one between them for the gates. The first finds each anchor's
 * largest cosine and log-sum-exp relative to it. With those, both gradients that meet in an element, of anchor i and of anchor j, follow from the one cosine of i and j, so the second
 * pass writes d in place of s without a second matrix.
 */
final class Contrast {
    /** Far enough below any cosine that its exponential is nothing. */
    private static final float NOTHING = -1e30f;

    /** Rows of numbers that a call needs; they grow to the longest and serve the next call. */
    static final class Workspace {
        /** One over each pair's norm; padded with zeros to whole vectors, as all arrays here. */
        private float[] inverse = {};

        private float[] expert = {};

        /** Each pair's gate; zero for a pair that takes no part. */
        private float[] gate = {};

        /** One over the gates of the other pairs of the same expert; zero for a pair that is no anchor. */
        private float[] share = {};

        /** The gate over (the anchors' gates times tau), zero for a pair that is no anchor. */
        private float[] weight = {};

        /** Each anchor's largest cosine; zero for a pair that is no anchor. */
        private float[] most = {};

        /** {@code log sum_j exp((cos_j - most) / tau)}. */
        private float[] logSum = {};

        /** The mean of {@code cos_j - most} over the pairs of an anchor's expert. */
        private float[] mean = {};

        private double[] losses = {};
        private Pool<Row> rows = new Pool<>(() -> new Row(new float[0], new float[0]));

        private void resize(int n) {
            int padded = Math.ceilDiv(n, COUNT) * COUNT;
            if (inverse.length != padded) {
                inverse = new float[padded];
                expert = new float[padded];
                gate = new float[padded];
                share = new float[padded];
                weight = new float[padded];
                most = new float[padded];
                logSum = new float[padded];
                mean = new float[padded];
                losses = new double[padded];
                rows = new Pool<>(() -> new Row(new float[padded], new float[padded]));
            }
            for (float[] row : new float[][] {inverse, expert, gate, share, weight}) {
                Arrays.fill(row, n, padded, 0);
            }
            Arrays.fill(most, 0);
            Arrays.fill(logSum, 0);
            Arrays.fill(mean, 0);
            Arrays.fill(losses, 0);
        }
    }

    /** What one task works on. */
    private record Row(float[] cos, float[] grad) {}

    private final int n;
    private final float tau;
    private final MemorySegment ss;
    private final MemorySegment ds;
    private final @Nullable Gates gates;
    private final Workspace space;
    private final float[] inverse;
    private final float[] expert;
    private final float[] gate;
    private final float[] share;
    private final float[] weight;
    private final float[] most;
    private final float[] logSum;
    private final float[] mean;
    private final double[] losses;
    /** The sum of the anchors' gates. */
    private final double ofAnchors;

    /** The sum of the gates of the pairs that take part, and how many these are. */
    private final double ofAll;

    private final int count;

    /**
     * @param values [N, E], each pair's gate in the column of its expert
     * @param grads [N, E], their gradients
     */
    record Gates(int experts, MemorySegment values, MemorySegment grads) {
        private float of(int i, int expert) {
            float g = get(values, (long) i * experts + expert);
            return g < Mixture.LEAST_GATE ? 0 : g;
        }
    }

    /**
     * @param gates null for gates of one
     * @param space no other call's at the same time
     */
    Contrast(
            int n,
            float tau,
            float eps,
            MemorySegment ss,
            MemorySegment es,
            @Nullable Gates gates,
            MemorySegment ds,
            Workspace space) {
        this.n = n;
        this.tau = tau;
        this.ss = ss;
        this.ds = ds;
        this.gates = gates;
        this.space = space;
        space.resize(n);
        inverse = space.inverse;
        expert = space.expert;
        gate = space.gate;
        share = space.share;
        weight = space.weight;
        most = space.most;
        logSum = space.logSum;
        mean = space.mean;
        losses = space.losses;
        int last = -1;
        for (int i = 0; i < n; i++) {
            last = Math.max(last, getInt(es, i));
        }
        int[] pairsOf = new int[last + 1];
        double[] gatesOf = new double[last + 1];
        int taking = 0;
        double all = 0;
        for (int i = 0; i < n; i++) {
            int e = getInt(es, i);
            inverse[i] = (float) (1 / Math.sqrt(Math.max(get(ss, (long) i * n + i), 0) + (double) eps * eps));
            expert[i] = e;
            gate[i] = gates == null ? 1 : gates.of(i, e);
            pairsOf[e] += gate[i] == 0 ? 0 : 1;
            gatesOf[e] += gate[i];
            taking += gate[i] == 0 ? 0 : 1;
            all += gate[i];
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            int e = getInt(es, i);
            boolean anchor = gate[i] > 0 && pairsOf[e] > 1;
            share[i] = anchor ? (float) (1 / (gatesOf[e] - gate[i])) : 0;
            sum += anchor ? gate[i] : 0;
        }
        count = taking;
        ofAll = all;
        ofAnchors = sum;
        for (int i = 0; i < n; i++) {
            weight[i] = share[i] > 0 ? (float) (gate[i] / (ofAnchors * tau)) : 0;
        }
    }

    /** Writes d and returns the loss. */
    double run(Workers workers) {
        Ranges.run(workers, n, 1, 8L * n, (from, to) -> {
            Row row = space.rows.take();
            for (int i = (int) from; i < to; i++) {
                if (share[i] > 0) {
                    nearest(i, row.cos);
                    logSum(i, row.cos);
                    positives(i, row.cos);
                }
            }
            space.rows.free(row);
        });
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += gate[i] * losses[i];
        }
        double loss = ofAnchors == 0 ? 0 : sum / ofAnchors;
        if (gates != null) {
            Gates of = gates;
            Ranges.run(workers, n, 1, 12L * n, (from, to) -> {
                Row row = space.rows.take();
                for (int i = (int) from; i < to; i++) {
                    gateGradient(i, row.cos, row.grad, loss, of);
                }
                space.rows.free(row);
            });
        }
        Ranges.run(workers, n, 1, 16L * n, (from, to) -> {
            Row row = space.rows.take();
            for (int i = (int) from; i < to; i++) {
                gradient(i, row.cos, row.grad);
            }
            space.rows.free(row);
        });
        return ofAnchors == 0 ? 0 : loss - Math.log(ofAll / count);
    }

    /** {@code cos_ij} for all j; beside the row zeros. */
    private void cosines(int i, float[] cos) {
        long row = (long) i * n;
        int whole = Lanes.floor(n);
        for (int j = 0; j < whole; j += COUNT) {
            FloatVector.fromMemorySegment(FLOATS, ss, (row + j) * Float.BYTES, ORDER)
                    .mul(inverse[i])
                    .mul(FloatVector.fromArray(FLOATS, inverse, j))
                    .intoArray(cos, j);
        }
        for (int j = whole; j < n; j++) {
            cos[j] = get(ss, row + j) * inverse[i] * inverse[j];
        }
    }

    // An anchor in three methods: C2 inlines no more once a method has very many nodes, and makes an object of a vector
    // that it passes to a call.

    /** An anchor's largest cosine; its cosines stay for the other two. */
    private void nearest(int i, float[] cos) {
        cosines(i, cos);
        cos[i] = NOTHING;
        most[i] = largest(cos, gate);
    }

    /** Its log-sum-exp; its loss but for the positives. */
    private void logSum(int i, float[] cos) {
        double log = Math.log(expSum(cos, gate, most[i], 1 / tau));
        logSum[i] = (float) log;
        losses[i] = log;
    }

    /** The mean of its positives, which are taken off its loss. */
    private void positives(int i, float[] cos) {
        cos[i] = most[i];
        double positives = positives(cos, gate, most[i], expert, expert[i]) * (double) share[i];
        mean[i] = (float) positives;
        losses[i] -= positives / tau;
    }

    /** The largest, of those that take part; the others become {@link #NOTHING}. */
    private static float largest(float[] cos, float[] gate) {
        FloatVector largest = FloatVector.broadcast(FLOATS, NOTHING);
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector c = FloatVector.fromArray(FLOATS, cos, j);
            c = c.blend(NOTHING, FloatVector.fromArray(FLOATS, gate, j).eq(0f));
            c.intoArray(cos, j);
            largest = largest.max(c);
        }
        return largest.reduceLanes(VectorOperators.MAX);
    }

    /** {@code sum_j g_j exp((cos_j - most) / tau)}. */
    private static float expSum(float[] cos, float[] gate, float most, float inverseTemperature) {
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int j = 0; j < cos.length; j += COUNT) {
            sums = Exp.exp(FloatVector.fromArray(FLOATS, cos, j).sub(most).mul(inverseTemperature))
                    .fma(FloatVector.fromArray(FLOATS, gate, j), sums);
        }
        return Lanes.sum(sums);
    }

    /** The sum of {@code g_j (cos_j - most)} over the pairs of the expert. */
    private static float positives(float[] cos, float[] gate, float most, float[] expert, float own) {
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector gates = FloatVector.fromArray(FLOATS, gate, j);
            VectorMask<Float> same = FloatVector.fromArray(FLOATS, expert, j).eq(own);
            FloatVector more = FloatVector.fromArray(FLOATS, cos, j).sub(most).fma(gates, sums);
            sums = sums.blend(more, same);
        }
        return Lanes.sum(sums);
    }

    private void gradient(int i, float[] cos, float[] grad) {
        if (gate[i] == 0) {
            Arrays.fill(grad, 0);
        } else {
            cosines(i, cos);
            Arrays.fill(cos, n, cos.length, 0);
            cos[i] = 0;
            ofAnchor(cos, 1 / tau, most[i], logSum[i], weight[i], gate, grad);
            ofOthers(cos, 1 / tau, gate[i], grad);
            Arrays.fill(grad, n, grad.length, 0);
            grad[i] = 0;
            float turn = finish(cos, grad, i);
            grad[i] = -turn * inverse[i] * inverse[i];
        }
        Rowwise.store(grad, 0, n, ds, (long) i * n, false);
    }

    /** What the anchor's own softmax gives: {@code weight g_j exp((cos_j - most) / tau - logSum)}, nothing where it is no anchor. */
    private static void ofAnchor(
            float[] cos, float inverseTemperature, float most, float logSum, float weight, float[] gate, float[] grad) {
        if (weight == 0) {
            Arrays.fill(grad, 0);
            return;
        }
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector gates = FloatVector.fromArray(FLOATS, gate, j);
            // Of a pair that takes no part the exponential may be infinite.
            Exp.exp(FloatVector.fromArray(FLOATS, cos, j)
                            .sub(most)
                            .mul(inverseTemperature)
                            .sub(logSum))
                    .mul(gates.mul(weight))
                    .blend(0f, gates.eq(0f))
                    .intoArray(grad, j);
        }
    }

    /** What the softmaxes of the others add, each seeing this pair at the same cosine. */
    private void ofOthers(float[] cos, float inverseTemperature, float own, float[] grad) {
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector weights = FloatVector.fromArray(FLOATS, weight, j);
            FloatVector before = FloatVector.fromArray(FLOATS, grad, j);
            // Of a pair that is no anchor the exponential may be infinite.
            Exp.exp(FloatVector.fromArray(FLOATS, cos, j)
                            .sub(FloatVector.fromArray(FLOATS, most, j))
                            .mul(inverseTemperature)
                            .sub(FloatVector.fromArray(FLOATS, logSum, j)))
                    .fma(weights.mul(own), before)
                    .blend(before, weights.eq(0f))
                    .intoArray(grad, j);
        }
    }

    /** Takes the targets off, divides by the norms, and returns {@code sum_j C_ij cos_ij}. */
    private float finish(float[] cos, float[] grad, int i) {
        FloatVector turns = FloatVector.zero(FLOATS);
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector weights = FloatVector.fromArray(FLOATS, weight, j);
            FloatVector target = FloatVector.fromArray(FLOATS, share, j)
                    .mul(weights)
                    .mul(gate[i])
                    .add(FloatVector.fromArray(FLOATS, gate, j).mul(share[i] * weight[i]));
            VectorMask<Float> same = FloatVector.fromArray(FLOATS, expert, j).eq(expert[i]);
            FloatVector both = FloatVector.fromArray(FLOATS, grad, j).sub(target, same);
            turns = both.fma(FloatVector.fromArray(FLOATS, cos, j), turns);
            both.mul(inverse[i]).mul(FloatVector.fromArray(FLOATS, inverse, j)).intoArray(grad, j);
        }
        return Lanes.sum(turns);
    }

    /**
     * @param row what it works in
     * @param loss the loss but for the mean gate
     */
    private void gateGradient(int i, float[] cos, float[] row, double loss, Gates of) {
        long first = (long) i * of.experts;
        for (int e = 0; e < of.experts; e++) {
            set(of.grads, first + e, 0);
        }
        if (gate[i] == 0 || ofAnchors == 0) {
            return;
        }
        cosines(i, cos);
        Arrays.fill(cos, n, cos.length, 0);
        Arrays.fill(row, 0);
        ofOthers(cos, 1 / tau, 1, row);
        takeTargets(cos, 1 / tau, expert[i], row);
        row[i] = 0;
        double sum = 0;
        for (int j = 0; j < n; j++) {
            sum += row[j];
        }
        double own = share[i] > 0 ? (losses[i] - loss) / ofAnchors : 0;
        set(of.grads, first + (long) expert[i], (float) (own + tau * sum - 1 / ofAll));
    }

    /** Takes {@code weight_j share_j (cos_j - mean of j's positives) / tau} off where the expert is the same. */
    private void takeTargets(float[] cos, float inverseTemperature, float own, float[] row) {
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector scale = FloatVector.fromArray(FLOATS, weight, j)
                    .mul(FloatVector.fromArray(FLOATS, share, j))
                    .mul(inverseTemperature);
            FloatVector before = FloatVector.fromArray(FLOATS, row, j);
            FloatVector.fromArray(FLOATS, most, j)
                    .add(FloatVector.fromArray(FLOATS, mean, j))
                    .sub(FloatVector.fromArray(FLOATS, cos, j))
                    .fma(scale, before)
                    .intoArray(row, j, FloatVector.fromArray(FLOATS, expert, j).eq(own));
        }
    }
}
