package org.moelora.eval;

import java.util.Arrays;

/**
 * How much the outputs {@code v_te = B_e A_e x_t} of one linear's experts differ, added up while batches go by. Outputs are never formed: with
 * {@code u = x A^T} their inner products are {@code <v_te, v_sf> = u_te^T (B_e^T B_f) u_sf}. Token t counts for expert e with its share w_te
 * ({@link GateCounts#shares}), a pair with the product of both.
 */
final class ExpertOutputs {
    /** Multiplications that pairs of experts may take in all, unless that leaves fewer than {@link #LEAST_TOKENS}. */
    private static final long MOST_PRODUCTS = 1 << 24;

    private static final long LEAST_TOKENS = 256;

    private final int experts;
    private final int rank;
    private final long stride;
    private final double[][][] second;
    private final double[] direction;
    private final double[] weights;
    private final double[] squaredWeights;
    private double[][] gram = {};
    private double pairs;
    private double pairWeights;
    private long seen;

    /**
     * @param experts E
     * @param rank r of one expert
     * @param chosen how many experts a token takes at most
     * @param tokens how many there will be; if they are many, pairs of experts are looked at on evenly spaced ones
     */
    ExpertOutputs(int experts, int rank, int chosen, long tokens) {
        this.experts = experts;
        this.rank = rank;
        long width = (long) chosen * rank;
        long most = Math.max(LEAST_TOKENS, MOST_PRODUCTS / (width * width));
        stride = Math.max(1, (tokens + most - 1) / most);
        second = new double[experts][rank][rank];
        direction = new double[experts * rank];
        weights = new double[experts];
        squaredWeights = new double[experts];
    }

    /** Whether B is known. */
    boolean knowsB() {
        return gram.length > 0;
    }

    /**
     * Takes {@code M = B^T B}, [E r, E r].
     *
     * @param b [out, E r]
     */
    void b(float[] b) {
        int width = experts * rank;
        gram = new double[width][width];
        for (int row = 0; row < b.length; row += width) {
            for (int i = 0; i < width; i++) {
                double factor = b[row + i];
                for (int j = i; j < width && factor != 0; j++) {
                    gram[i][j] += factor * b[row + j];
                }
            }
        }
        for (int i = 0; i < width; i++) {
            for (int j = 0; j < i; j++) {
                gram[i][j] = gram[j][i];
            }
        }
    }

    /**
     * @param u [T, E r]
     * @param w shares [T, E]
     */
    void add(float[] u, double[] w) {
        int width = experts * rank;
        double[] unit = new double[width];
        int[] active = new int[experts];
        for (int t = 0; t * width < u.length; t++, seen++) {
            int count = 0;
            for (int e = 0; e < experts; e++) {
                double share = w[t * experts + e];
                if (share > 0 && add(e, share, u, t * width, unit)) {
                    active[count++] = e;
                }
            }
            if (seen % stride == 0) {
                addPairs(w, t * experts, unit, active, count);
            }
        }
    }

    /** Adds one output, and writes u_te / |v_te| to {@code unit}; false if the output is zero. */
    private boolean add(int e, double share, float[] u, int at, double[] unit) {
        int from = e * rank;
        for (int i = 0; i < rank; i++) {
            double weighted = share * u[at + from + i];
            for (int j = i; j < rank; j++) {
                second[e][i][j] += weighted * u[at + from + j];
            }
            unit[from + i] = u[at + from + i];
        }
        double length = Math.sqrt(product(unit, e, e));
        if (!(length > 0)) {
            return false;
        }
        for (int i = from; i < from + rank; i++) {
            unit[i] /= length;
            direction[i] += share * unit[i];
        }
        weights[e] += share;
        squaredWeights[e] += share * share;
        return true;
    }

    private void addPairs(double[] w, int at, double[] unit, int[] active, int count) {
        for (int i = 0; i < count; i++) {
            for (int j = i + 1; j < count; j++) {
                double weight = w[at + active[i]] * w[at + active[j]];
                pairs += weight * product(unit, active[i], active[j]);
                pairWeights += weight;
            }
        }
    }

    /** {@code z_e^T M_ef z_f} of the blocks e and f of a vector [E r]. */
    private double product(double[] z, int e, int f) {
        double sum = 0;
        for (int i = e * rank; i < (e + 1) * rank; i++) {
            double row = 0;
            for (int j = f * rank; j < (f + 1) * rank; j++) {
                row += gram[i][j] * z[j];
            }
            sum += z[i] * row;
        }
        return sum;
    }

    /**
     * The mean cosine between an expert's outputs for different tokens, [E]; NaN without two of them. Over all pairs at once: with unit vectors z_t,
     * {@code sum_{t != s} w_t w_s <z_t, z_s> = |sum_t w_t z_t|^2 - sum_t w_t^2}.
     */
    double[] within() {
        double[] within = new double[experts];
        for (int e = 0; e < experts; e++) {
            double all = weights[e] * weights[e] - squaredWeights[e];
            // A single output leaves the rounding of a difference of equal numbers.
            within[e] = all > 1e-9 * squaredWeights[e]
                    ? clamped((product(direction, e, e) - squaredWeights[e]) / all)
                    : Double.NaN;
        }
        return within;
    }

    /** The mean cosine between outputs of different experts for the same token; NaN without any such pair. */
    double between() {
        return pairWeights > 0 ? clamped(pairs / pairWeights) : Double.NaN;
    }

    private static double clamped(double cosine) {
        return Math.clamp(cosine, -1, 1);
    }

    /**
     * {@code exp(H(s / sum s))} of the singular values s of each expert's outputs (Roy and Vetterli 2007), [E]: from 1, if they all lie on one line, to r; NaN
     * if they are zero. The squares of s are the eigenvalues of {@code (U_e^T W U_e)(B_e^T B_e)}, which are those of the symmetric
     * {@code M^(1/2) (U_e^T W U_e) M^(1/2)}.
     */
    double[] effectiveRanks() {
        double[] ranks = new double[experts];
        Arrays.setAll(ranks, e -> effectiveRank(second[e], block(e)));
        return ranks;
    }

    private double[][] block(int e) {
        double[][] block = new double[rank][];
        Arrays.setAll(block, i -> Arrays.copyOfRange(gram[e * rank + i], e * rank, (e + 1) * rank));
        return block;
    }

    /**
     * @param second U^T W U, its upper triangle
     * @param m B^T B
     */
    private static double effectiveRank(double[][] second, double[][] m) {
        SymmetricEigen ofB = SymmetricEigen.of(m);
        int r = m.length;
        double[][] s = new double[r][r];
        for (int k = 0; k < r; k++) {
            double[] column = new double[r]; // (U^T W U) q_k
            for (int i = 0; i < r; i++) {
                for (int j = 0; j < r; j++) {
                    column[i] += second[Math.min(i, j)][Math.max(i, j)] * ofB.vectors()[j][k];
                }
            }
            for (int l = 0; l <= k; l++) {
                double product = 0;
                for (int i = 0; i < r; i++) {
                    product += ofB.vectors()[i][l] * column[i];
                }
                s[l][k] = product * root(ofB.values()[l]) * root(ofB.values()[k]);
            }
        }
        double[] singular = Arrays.stream(SymmetricEigen.of(s).values())
                .map(ExpertOutputs::root)
                .toArray();
        double sum = Arrays.stream(singular).sum();
        if (!(sum > 0)) {
            return Double.NaN;
        }
        double entropy = 0;
        for (double value : singular) {
            double share = value / sum;
            entropy -= share > 0 ? share * Math.log(share) : 0;
        }
        return Math.exp(entropy);
    }

    /** Of an eigenvalue, which rounding may leave a little below 0. */
    private static double root(double eigenvalue) {
        return Math.sqrt(Math.max(0, eigenvalue));
    }
}
