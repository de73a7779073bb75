package org.moelora.kernels.plain;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.getInt;
import static org.moelora.kernels.cpu.HostMemory.ints;
import static org.moelora.kernels.cpu.HostMemory.set;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Mixture;

/** The contrastive losses, given the inner products of the experts' outputs. */
final class PlainContrast {
    private PlainContrast() {}

    /** As {@link Mixture#contrast}: all pairs weigh the same. */
    static void supervised(int n, float tau, float eps, Memory s, Memory expertOf, Memory loss, Memory d) {
        double[] weight = new double[n];
        Arrays.fill(weight, 1);
        weighted(n, tau, eps, s, expertOf, weight, loss, d);
    }

    /** As {@link Mixture#gatedContrast}: each pair weighs as much as its gate. */
    static void gated(
            int n,
            int experts,
            float tau,
            float eps,
            Memory s,
            Memory expertOf,
            Memory gates,
            Memory loss,
            Memory d,
            Memory dGates) {
        MemorySegment es = ints(expertOf, n);
        MemorySegment gs = floats(gates, (long) n * experts);
        MemorySegment dgs = floats(dGates, (long) n * experts);
        double[] weight = new double[n];
        for (int i = 0; i < n; i++) {
            float g = get(gs, (long) i * experts + getInt(es, i));
            weight[i] = g < Mixture.LEAST_GATE ? 0 : g;
        }
        double[] dWeight = weighted(n, tau, eps, s, expertOf, weight, loss, d);
        for (int i = 0; i < n; i++) {
            for (int e = 0; e < experts; e++) {
                set(dgs, (long) i * experts + e, e == getInt(es, i) ? (float) dWeight[i] : 0);
            }
        }
    }

    /**
     * @param weight g, zero for a pair that takes no part
     * @return the gradient in g, zero for such a pair
     */
    private static double[] weighted(
            int n, float tau, float eps, Memory s, Memory expertOf, double[] weight, Memory loss, Memory d) {
        MemorySegment ss = floats(s, (long) n * n);
        MemorySegment es = ints(expertOf, n);
        MemorySegment ds = floats(d, (long) n * n);
        double[] norm = new double[n];
        double[] ofPositives = new double[n]; // W_i; 0 for a pair that is no anchor
        double ofAnchors = 0;
        double sumOfWeights = 0;
        int count = 0;
        for (int i = 0; i < n; i++) {
            norm[i] = norm(get(ss, (long) i * n + i), eps);
            for (int j = 0; weight[i] > 0 && j < n; j++) {
                ofPositives[i] += j != i && getInt(es, j) == getInt(es, i) ? weight[j] : 0;
            }
            ofAnchors += ofPositives[i] > 0 ? weight[i] : 0;
            sumOfWeights += weight[i];
            count += weight[i] > 0 ? 1 : 0;
        }
        double[][] cos = new double[n][n];
        double[][] grad = new double[n][n];
        double[] dWeight = new double[n];
        double total = 0;
        for (int i = 0; i < n; i++) {
            double most = Double.NEGATIVE_INFINITY;
            for (int a = 0; a < n; a++) {
                cos[i][a] = get(ss, (long) i * n + a) / (norm[i] * norm[a]);
                most = a == i || weight[a] == 0 ? most : Math.max(most, cos[i][a]);
            }
            if (ofPositives[i] == 0) {
                continue;
            }
            double sum = 0;
            for (int a = 0; a < n; a++) {
                sum += a == i || weight[a] == 0 ? 0 : weight[a] * Math.exp((cos[i][a] - most) / tau);
            }
            double logSum = Math.log(sum); // log Z_i but for most / tau
            double ofAnchor = 0; // l_i but for the mean gate
            double[] logP = new double[n];
            double[] exp = new double[n];
            for (int a = 0; a < n; a++) {
                if (a == i || weight[a] == 0) {
                    continue;
                }
                boolean positive = getInt(es, a) == getInt(es, i);
                double share = positive ? weight[a] / ofPositives[i] : 0;
                logP[a] = (cos[i][a] - most) / tau - logSum;
                exp[a] = Math.exp(logP[a]);
                ofAnchor -= share * logP[a];
                grad[i][a] = weight[i] * (weight[a] * exp[a] - share) / (ofAnchors * tau);
            }
            total += weight[i] * ofAnchor / ofAnchors;
            dWeight[i] += ofAnchor / ofAnchors;
            for (int a = 0; a < n; a++) {
                if (a == i || weight[a] == 0) {
                    continue;
                }
                boolean positive = getInt(es, a) == getInt(es, i);
                double pull = positive ? (logP[a] + ofAnchor) / ofPositives[i] : 0; // (cos_ia / tau - mean_i) / W_i
                dWeight[a] += weight[i] / ofAnchors * (exp[a] - pull);
            }
        }
        for (int i = 0; i < n; i++) {
            dWeight[i] -= ofPositives[i] > 0 ? total / ofAnchors : 0;
            dWeight[i] -= ofAnchors > 0 && weight[i] > 0 ? 1 / sumOfWeights : 0;
        }
        set(floats(loss, 1), 0, (float) (ofAnchors > 0 ? total - Math.log(sumOfWeights / count) : 0));
        for (int i = 0; i < n; i++) {
            double w = 0;
            for (int j = 0; j < n; j++) {
                double c = grad[i][j] + grad[j][i];
                w += c * cos[i][j] / (norm[i] * norm[i]);
                set(ds, (long) i * n + j, (float) (c / (norm[i] * norm[j])));
            }
            set(ds, (long) i * n + i, (float) -w);
        }
        return dWeight;
    }

    /** {@code sqrt(square + eps^2)}; a square that rounding has left a little below zero counts as zero. */
    private static double norm(float square, float eps) {
        return Math.sqrt(Math.max(square, 0) + (double) eps * eps);
    }

    /** As {@link Mixture#tokenContrast}. */
    static void withinTokens(
            int tokens, int experts, int k, float tau, float eps, Memory s, Memory selected, Memory loss, Memory d) {
        MemorySegment ss = floats(s, (long) tokens * experts * experts);
        MemorySegment cs = ints(selected, (long) tokens * k);
        MemorySegment ds = floats(d, (long) tokens * experts * experts);
        double terms = (double) tokens * k * (k - 1);
        double total = 0;
        for (int t = 0; t < tokens; t++) {
            long at = (long) t * experts * experts;
            double[] norm = new double[experts];
            boolean[] chosen = new boolean[experts];
            double[][] cos = new double[experts][experts];
            double[][] grad = new double[experts][experts];
            for (int j = 0; j < k; j++) {
                chosen[getInt(cs, (long) t * k + j)] = true;
            }
            for (int e = 0; e < experts; e++) {
                norm[e] = norm(get(ss, at + (long) e * experts + e), eps);
            }
            for (int i = 0; i < experts; i++) {
                double most = Double.NEGATIVE_INFINITY;
                for (int a = 0; a < experts; a++) {
                    cos[i][a] = get(ss, at + (long) i * experts + a) / (norm[i] * norm[a]);
                    most = chosen[a] ? most : Math.max(most, cos[i][a]);
                }
                double negatives = 0;
                for (int a = 0; a < experts; a++) {
                    negatives += chosen[a] ? 0 : Math.exp((cos[i][a] - most) / tau);
                }
                for (int p = 0; chosen[i] && p < experts; p++) {
                    if (p == i || !chosen[p]) {
                        continue;
                    }
                    // w = 1 / (1 + exp(x)); without negatives x is -infinity and w is one
                    double x = (most - cos[i][p]) / tau + Math.log(negatives);
                    double rest = 1 / (1 + Math.exp(-x));
                    total += (Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))) / terms;
                    grad[i][p] = -rest / (terms * tau);
                    for (int a = 0; a < experts; a++) {
                        if (!chosen[a]) {
                            grad[i][a] += rest * Math.exp((cos[i][a] - most) / tau) / negatives / (terms * tau);
                        }
                    }
                }
            }
            for (int i = 0; i < experts; i++) {
                double w = 0;
                for (int j = 0; j < experts; j++) {
                    double c = grad[i][j] + grad[j][i];
                    w += c * cos[i][j] / (norm[i] * norm[i]);
                    set(ds, at + (long) i * experts + j, (float) (c / (norm[i] * norm[j])));
                }
                set(ds, at + (long) i * experts + i, (float) -w);
            }
        }
        set(floats(loss, 1), 0, (float) total);
    }
}
