package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.getInt;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.moelora.kernels.cpu.Workers;

/**
 * The supervised contrastive loss of {@link org.moelora.kernels.Mixture#contrast} in two passes over the rows of s. The first finds each anchor's
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

        /** One over the number of other pairs of the same expert; zero for a pair that is no anchor. */
        private float[] share = {};

        /** One over (anchors times tau), zero for a pair that is no anchor. */
        private float[] weight = {};

        /** Each anchor's largest cosine; zero for a pair that is no anchor. */
        private float[] most = {};

        /** {@code log sum_j exp((cos_j - most) / tau)}. */
        private float[] logSum = {};

        private double[] losses = {};
        private final ArrayDeque<Row> rows = new ArrayDeque<>();

        private void resize(int n) {
            int padded = Math.ceilDiv(n, COUNT) * COUNT;
            if (inverse.length != padded) {
                inverse = new float[padded];
                expert = new float[padded];
                share = new float[padded];
                weight = new float[padded];
                most = new float[padded];
                logSum = new float[padded];
                losses = new double[padded];
                rows.clear();
            }
            for (float[] row : new float[][] {inverse, expert, share, weight}) {
                Arrays.fill(row, n, padded, 0);
            }
            Arrays.fill(most, 0);
            Arrays.fill(logSum, 0);
            Arrays.fill(losses, 0);
        }

        private synchronized Row take() {
            Row row = rows.poll();
            return row == null ? new Row(new float[inverse.length], new float[inverse.length]) : row;
        }

        private synchronized void giveBack(Row row) {
            rows.push(row);
        }
    }

    /** What one task works on. */
    private record Row(float[] cos, float[] grad) {}

    private final int n;
    private final float tau;
    private final MemorySegment ss;
    private final MemorySegment ds;
    private final Workspace space;
    private final float[] inverse;
    private final float[] expert;
    private final float[] share;
    private final float[] weight;
    private final float[] most;
    private final float[] logSum;
    private final double[] losses;
    private final int anchors;

    /** @param space no other call's at the same time */
    Contrast(int n, float tau, float eps, MemorySegment ss, MemorySegment es, MemorySegment ds, Workspace space) {
        this.n = n;
        this.tau = tau;
        this.ss = ss;
        this.ds = ds;
        this.space = space;
        space.resize(n);
        inverse = space.inverse;
        expert = space.expert;
        share = space.share;
        weight = space.weight;
        most = space.most;
        logSum = space.logSum;
        losses = space.losses;
        int[] pairsOf = pairsOf(n, es);
        int count = 0;
        for (int i = 0; i < n; i++) {
            int positives = pairsOf[getInt(es, i)] - 1;
            inverse[i] = (float) (1 / Math.sqrt(Math.max(get(ss, (long) i * n + i), 0) + (double) eps * eps));
            expert[i] = getInt(es, i);
            share[i] = positives > 0 ? 1f / positives : 0;
            count += positives > 0 ? 1 : 0;
        }
        anchors = count;
        for (int i = 0; i < n; i++) {
            weight[i] = share[i] > 0 ? (float) (1 / ((double) anchors * tau)) : 0;
        }
    }

    /** How many of the n pairs each expert has. */
    private static int[] pairsOf(int n, MemorySegment es) {
        int last = -1;
        for (int i = 0; i < n; i++) {
            last = Math.max(last, getInt(es, i));
        }
        int[] pairs = new int[last + 1];
        for (int i = 0; i < n; i++) {
            pairs[getInt(es, i)]++;
        }
        return pairs;
    }

    /** Writes d and returns the loss. */
    double run(Workers workers) {
        Ranges.run(workers, n, 1, 8L * n, (from, to) -> {
            Row row = space.take();
            for (int i = (int) from; i < to; i++) {
                anchor(i, row.cos);
            }
            space.giveBack(row);
        });
        Ranges.run(workers, n, 1, 16L * n, (from, to) -> {
            Row row = space.take();
            for (int i = (int) from; i < to; i++) {
                gradient(i, row.cos, row.grad);
            }
            space.giveBack(row);
        });
        double loss = 0;
        for (double part : losses) {
            loss += part;
        }
        return anchors == 0 ? 0 : loss / anchors;
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

    private void anchor(int i, float[] cos) {
        if (share[i] == 0) {
            return;
        }
        cosines(i, cos);
        Arrays.fill(cos, n, cos.length, NOTHING);
        cos[i] = NOTHING;
        float largest = largest(cos);
        double log = Math.log(expSum(cos, largest, 1 / tau));
        most[i] = largest;
        logSum[i] = (float) log;
        Arrays.fill(cos, n, cos.length, largest);
        cos[i] = largest;
        losses[i] = log - positives(cos, largest, expert, expert[i]) * (double) share[i] / tau;
    }

    private static float largest(float[] cos) {
        FloatVector largest = FloatVector.broadcast(FLOATS, NOTHING);
        for (int j = 0; j < cos.length; j += COUNT) {
            largest = largest.max(FloatVector.fromArray(FLOATS, cos, j));
        }
        return largest.reduceLanes(VectorOperators.MAX);
    }

    /** {@code sum_j exp((cos_j - most) / tau)}. */
    private static float expSum(float[] cos, float most, float coldness) {
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int j = 0; j < cos.length; j += COUNT) {
            sums = sums.add(
                    Exp.exp(FloatVector.fromArray(FLOATS, cos, j).sub(most).mul(coldness)));
        }
        return Lanes.sum(sums);
    }

    /** The sum of {@code cos_j - most} over the pairs of the expert. */
    private static float positives(float[] cos, float most, float[] expert, float own) {
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector sums = zero;
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector c = FloatVector.fromArray(FLOATS, cos, j).sub(most);
            sums = sums.add(
                    zero.blend(c, FloatVector.fromArray(FLOATS, expert, j).eq(own)));
        }
        return Lanes.sum(sums);
    }

    private void gradient(int i, float[] cos, float[] grad) {
        cosines(i, cos);
        Arrays.fill(cos, n, cos.length, 0);
        cos[i] = 0;
        ofAnchor(cos, 1 / tau, most[i], logSum[i], weight[i], grad);
        ofOthers(cos, 1 / tau, most, logSum, weight, grad);
        Arrays.fill(grad, n, grad.length, 0);
        grad[i] = 0;
        float turn = finish(cos, grad, i);
        grad[i] = -turn * inverse[i] * inverse[i];
        Rowwise.store(grad, 0, n, ds, (long) i * n, false);
    }

    /** What the anchor's own softmax gives: {@code weight exp((cos_j - most) / tau - logSum)}, nothing where it is no anchor. */
    private static void ofAnchor(float[] cos, float coldness, float most, float logSum, float weight, float[] grad) {
        if (weight == 0) {
            Arrays.fill(grad, 0);
            return;
        }
        for (int j = 0; j < cos.length; j += COUNT) {
            Exp.exp(FloatVector.fromArray(FLOATS, cos, j)
                            .sub(most)
                            .mul(coldness)
                            .sub(logSum))
                    .mul(weight)
                    .intoArray(grad, j);
        }
    }

    /** What the softmaxes of the others add, each seeing this pair at the same cosine. */
    private static void ofOthers(
            float[] cos, float coldness, float[] most, float[] logSum, float[] weight, float[] grad) {
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector weights = FloatVector.fromArray(FLOATS, weight, j);
            FloatVector before = FloatVector.fromArray(FLOATS, grad, j);
            // Of a pair that is no anchor the exponential may be infinite.
            Exp.exp(FloatVector.fromArray(FLOATS, cos, j)
                            .sub(FloatVector.fromArray(FLOATS, most, j))
                            .mul(coldness)
                            .sub(FloatVector.fromArray(FLOATS, logSum, j)))
                    .fma(weights, before)
                    .blend(before, weights.eq(0f))
                    .intoArray(grad, j);
        }
    }

    /** Takes the targets off, divides by the norms, and returns {@code sum_j C_ij cos_ij}. */
    private float finish(float[] cos, float[] grad, int i) {
        FloatVector turns = FloatVector.zero(FLOATS);
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector weights = FloatVector.fromArray(FLOATS, weight, j);
            FloatVector target =
                    FloatVector.fromArray(FLOATS, share, j).mul(weights).add(share[i] * weight[i]);
            VectorMask<Float> same = FloatVector.fromArray(FLOATS, expert, j).eq(expert[i]);
            FloatVector both = FloatVector.fromArray(FLOATS, grad, j).sub(target, same);
            turns = both.fma(FloatVector.fromArray(FLOATS, cos, j), turns);
            both.mul(inverse[i]).mul(FloatVector.fromArray(FLOATS, inverse, j)).intoArray(grad, j);
        }
        return Lanes.sum(turns);
    }
}
