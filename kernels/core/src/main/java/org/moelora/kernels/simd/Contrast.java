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
import org.moelora.kernels.cpu.Workers;

/**
 * The supervised contrastive loss of {@link org.moelora.kernels.Mixture#contrast} in two passes over the rows of s. The first finds each anchor's
 * log-sum-exp. With those, both gradients that meet in an element, of anchor i and of anchor j, follow from the one cosine of i and j, so the second
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

        private float[] logSumExp = {};
        private double[] losses = {};
        private final ArrayDeque<Row> rows = new ArrayDeque<>();

        private void resize(int n) {
            int padded = Math.ceilDiv(n, COUNT) * COUNT;
            if (inverse.length != padded) {
                inverse = new float[padded];
                expert = new float[padded];
                share = new float[padded];
                weight = new float[padded];
                logSumExp = new float[padded];
                losses = new double[padded];
                rows.clear();
            }
            for (float[] row : new float[][] {inverse, expert, share, weight}) {
                Arrays.fill(row, n, padded, 0);
            }
            Arrays.fill(logSumExp, 0);
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
    private final float[] logSumExp;
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
        logSumExp = space.logSumExp;
        losses = space.losses;
        int[] pairsOf = pairsOf(n, es);
        int count = 0;
        for (int i = 0; i < n; i++) {
            int positives = pairsOf[getInt(es, i)] - 1;
            inverse[i] = (float) (1 / Math.sqrt(get(ss, (long) i * n + i) + (double) eps * eps));
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
        double lse = 1 / (double) tau + Math.log(expSum(cos, 1 / tau));
        logSumExp[i] = (float) lse;
        Arrays.fill(cos, n, cos.length, 0);
        cos[i] = 0;
        losses[i] = lse - positives(cos, expert, expert[i]) * (double) share[i] / tau;
    }

    /** {@code sum_j exp((cos_j - 1) / tau)}. */
    private static float expSum(float[] cos, float coldness) {
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int j = 0; j < cos.length; j += COUNT) {
            sums = sums.add(
                    Exp.exp(FloatVector.fromArray(FLOATS, cos, j).sub(1f).mul(coldness)));
        }
        return Lanes.sum(sums);
    }

    /** The sum of the cosines with pairs of the expert. */
    private static float positives(float[] cos, float[] expert, float own) {
        FloatVector zero = FloatVector.zero(FLOATS);
        FloatVector sums = zero;
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector c = FloatVector.fromArray(FLOATS, cos, j);
            sums = sums.add(
                    zero.blend(c, FloatVector.fromArray(FLOATS, expert, j).eq(own)));
        }
        return Lanes.sum(sums);
    }

    private void gradient(int i, float[] cos, float[] grad) {
        cosines(i, cos);
        Arrays.fill(cos, n, cos.length, 0);
        cos[i] = 0;
        ofAnchor(cos, 1 / tau, logSumExp[i], weight[i], grad);
        ofOthers(cos, 1 / tau, logSumExp, weight, grad);
        float turn = finish(cos, grad, i);
        grad[i] = -turn * inverse[i] * inverse[i];
        Rowwise.store(grad, 0, n, ds, (long) i * n, false);
    }

    /** What the anchor's own softmax gives: {@code weight exp(cos_j / tau - logSumExp)}. */
    private static void ofAnchor(float[] cos, float coldness, float logSumExp, float weight, float[] grad) {
        for (int j = 0; j < cos.length; j += COUNT) {
            Exp.exp(FloatVector.fromArray(FLOATS, cos, j).mul(coldness).sub(logSumExp))
                    .mul(weight)
                    .intoArray(grad, j);
        }
    }

    /** What the softmaxes of the others add, each seeing this pair at the same cosine. */
    private static void ofOthers(float[] cos, float coldness, float[] logSumExp, float[] weight, float[] grad) {
        for (int j = 0; j < cos.length; j += COUNT) {
            FloatVector logs = FloatVector.fromArray(FLOATS, logSumExp, j);
            Exp.exp(FloatVector.fromArray(FLOATS, cos, j).mul(coldness).sub(logs))
                    .fma(FloatVector.fromArray(FLOATS, weight, j), FloatVector.fromArray(FLOATS, grad, j))
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
