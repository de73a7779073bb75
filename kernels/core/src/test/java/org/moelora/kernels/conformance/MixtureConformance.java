package org.moelora.kernels.conformance;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.kernels.Memory;

/** {@link org.moelora.kernels.Mixture} against plain. */
public abstract class MixtureConformance extends Conformance {
    /** Tokens, experts, chosen experts, rank. */
    private static final String SIZES = """
        0, 8, 2, 4
        1, 1, 1, 1
        13, 8, 2, 4
        17, 3, 3, 5
        33, 17, 4, 16
        207, 5, 1, 17
        3001, 8, 2, 4
        """;

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void topKAndItsGradient(int tokens, int experts, int k, int rank) {
        float[] p = probabilities(tokens, experts);
        float[] dg = normal(tokens * experts);
        float[] dp = normal(tokens * experts);
        for (boolean renormalise : new boolean[] {false, true}) {
            check(
                    "topK",
                    1e-6,
                    s -> s.kernels()
                            .mixture()
                            .topK(
                                    tokens,
                                    experts,
                                    k,
                                    renormalise,
                                    s.of(p),
                                    s.outInts(tokens * k),
                                    s.out(tokens * experts)));
            for (SinkKind kind : SinkKind.values()) {
                check("topKGrad", 1e-4, s -> {
                    Memory ps = s.of(p);
                    Memory selected = s.outInts(tokens * k);
                    Memory g = s.out(tokens * experts);
                    s.kernels().mixture().topK(tokens, experts, k, renormalise, ps, selected, g);
                    s.kernels()
                            .mixture()
                            .topKGrad(tokens, experts, k, renormalise, ps, selected, g, s.of(dg), s.sink(kind, dp));
                });
            }
        }
    }

    @Test
    void ofEqualProbabilitiesTheLowerExpertIsChosen() {
        float[] p = {0.25f, 0.25f, 0.25f, 0.25f, 0.1f, 0.4f, 0.1f, 0.4f, 0, 0, 0, 1};
        check("ties", 1e-6, s -> s.kernels().mixture().topK(3, 4, 2, true, s.of(p), s.outInts(6), s.out(12)));
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void aBiasDecidesWhoIsChosen(int tokens, int experts, int k, int rank) {
        float[] p = probabilities(tokens, experts);
        float[] bias = normal(experts);
        for (boolean renormalise : new boolean[] {false, true}) {
            check(
                    "topK with a bias",
                    1e-6,
                    s -> s.kernels()
                            .mixture()
                            .topK(
                                    tokens,
                                    experts,
                                    k,
                                    renormalise,
                                    s.of(p),
                                    s.of(bias),
                                    s.outInts(tokens * k),
                                    s.out(tokens * experts)));
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void gateAndItsGradient(int tokens, int experts, int k, int rank) {
        int width = experts * rank;
        float[] u = normal(tokens * width);
        float[] g = normal(tokens * experts);
        float[] dv = normal(tokens * width);
        float[] du = normal(tokens * width);
        check(
                "gate",
                1e-6,
                s -> s.kernels().mixture().gate(tokens, experts, rank, s.of(u), s.of(g), s.out(tokens * width)));
        check("gate in place", 1e-6, s -> {
            Memory v = s.inOut(u);
            s.kernels().mixture().gate(tokens, experts, rank, v, s.of(g), v);
        });
        for (SinkKind ofU : SinkKind.values()) {
            for (SinkKind ofG : SinkKind.values()) {
                check(
                        "gateGrad, u " + ofU + ", g " + ofG,
                        sumTolerance(rank),
                        s -> s.kernels()
                                .mixture()
                                .gateGrad(
                                        tokens,
                                        experts,
                                        rank,
                                        s.of(u),
                                        s.of(g),
                                        s.of(dv),
                                        s.sink(ofU, du),
                                        s.sink(ofG, g)));
            }
        }
        check("gateGrad in place", sumTolerance(rank), s -> {
            Memory d = s.inOut(dv);
            s.kernels().mixture().gateGrad(tokens, experts, rank, s.of(u), s.of(g), d, d, s.sink(SinkKind.FRESH, g));
        });
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "13, 8, 2", "207, 17, 3", "3001, 8, 2"})
    void balanceAndItsGradient(int tokens, int experts, int k) {
        float[] p = probabilities(tokens, experts);
        int[] selected = selection(tokens, experts, k);
        float[] load = normal(experts);
        check(
                "balance",
                1e-5,
                s -> s.kernels()
                        .mixture()
                        .balance(tokens, experts, k, s.of(p), s.of(selected), s.out(experts), s.out(1)));
        for (SinkKind kind : SinkKind.values()) {
            check(
                    "balanceGrad",
                    1e-6,
                    s -> s.kernels().mixture().balanceGrad(tokens, experts, s.of(load), s.of(0.3f), s.sink(kind, p)));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 4", "1, 1", "13, 8", "207, 17", "3001, 8"})
    void mutualInformationAndItsGradient(int tokens, int experts) {
        float[] p = probabilities(tokens, experts);
        for (int i = 0; i < p.length; i += 7) {
            p[i] = 0; // a choice as sharp as can be
        }
        float[] mean = new float[experts];
        for (int e = 0; e < experts; e++) {
            mean[e] = (e + 0.5f) / experts;
        }
        check(
                "mutualInformation",
                1e-5,
                s -> s.kernels().mixture().mutualInformation(tokens, experts, s.of(p), s.out(experts), s.out(1)));
        for (SinkKind kind : SinkKind.values()) {
            check(
                    "mutualInformationGrad",
                    1e-5,
                    s -> s.kernels()
                            .mixture()
                            .mutualInformationGrad(tokens, experts, s.of(p), s.of(mean), s.of(0.3f), s.sink(kind, p)));
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void pairsAndTheirGradient(int tokens, int experts, int k, int rank) {
        int width = experts * rank;
        float[] u = normal(tokens * width);
        int[] selected = selection(tokens, experts, k);
        int all = Math.min(512, tokens * k);
        for (int count : new int[] {all, all / 2}) {
            int[] pairs = distinct(count, tokens * k);
            float[] dPairs = normal(count * width);
            for (boolean listed : new boolean[] {true, false}) {
                check(
                        "selectPairs",
                        0,
                        s -> s.kernels()
                                .mixture()
                                .selectPairs(
                                        count,
                                        experts,
                                        rank,
                                        k,
                                        listed ? s.of(pairs) : null,
                                        s.of(selected),
                                        s.of(u),
                                        s.out(count * width),
                                        s.outInts(count)));
                for (SinkKind kind : SinkKind.values()) {
                    check(
                            "selectPairsGrad",
                            0,
                            s -> s.kernels()
                                    .mixture()
                                    .selectPairsGrad(
                                            count,
                                            experts,
                                            rank,
                                            k,
                                            listed ? s.of(pairs) : null,
                                            s.of(selected),
                                            s.of(dPairs),
                                            s.sink(kind, u)));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 3", "1, 1", "2, 2", "2, 1", "13, 5", "16, 2", "17, 40", "33, 8", "207, 8", "512, 8"})
    void contrast(int pairs, int experts) {
        int width = 6;
        float[] v = normal(pairs * width);
        if (pairs > 3) {
            Arrays.fill(v, 2 * width, 3 * width, 0); // an expert whose B is still zero puts nothing out
        }
        float[] products = new float[pairs * pairs];
        for (int i = 0; i < pairs; i++) {
            for (int j = 0; j < pairs; j++) {
                for (int c = 0; c < width; c++) {
                    products[i * pairs + j] += v[i * width + c] * v[j * width + c];
                }
            }
        }
        int[] expertOf = indices(pairs, experts);
        for (float tau : new float[] {0.1f, 1}) {
            check(
                    "contrast",
                    2e-4,
                    s -> s.kernels()
                            .mixture()
                            .contrast(
                                    pairs, tau, 0.1f, s.of(products), s.of(expertOf), s.out(1), s.out(pairs * pairs)));
            check("contrast in place", 2e-4, s -> {
                Memory d = s.inOut(products);
                s.kernels().mixture().contrast(pairs, tau, 0.1f, d, s.of(expertOf), s.out(1), d);
            });
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = SIZES)
    void thresholdAndItsGradient(int tokens, int experts, int k, int rank) {
        float[] p = probabilities(tokens, experts);
        float[] threshold = new float[tokens];
        for (int t = 0; t < tokens; t++) {
            float least = Float.POSITIVE_INFINITY;
            for (int e = 0; e < experts; e++) {
                least = Math.min(least, p[t * experts + e]);
            }
            // above all experts, below all, equal to one, between them
            threshold[t] = t % 5 == 0 ? 1.5f : t % 5 == 1 ? -0.25f : t % 5 == 2 ? least : 0.6f / experts;
        }
        float[] dg = normal(tokens * experts);
        float[] dp = normal(tokens * experts);
        float[] dThreshold = normal(tokens);
        check(
                "threshold",
                1e-5,
                s -> s.kernels()
                        .mixture()
                        .threshold(tokens, experts, s.of(p), s.of(threshold), s.out(tokens * experts)));
        for (SinkKind ofP : SinkKind.values()) {
            for (SinkKind ofThreshold : SinkKind.values()) {
                check("thresholdGrad, p " + ofP + ", threshold " + ofThreshold, 1e-4, s -> {
                    Memory ps = s.of(p);
                    Memory thresholds = s.of(threshold);
                    Memory g = s.out(tokens * experts);
                    s.kernels().mixture().threshold(tokens, experts, ps, thresholds, g);
                    s.kernels()
                            .mixture()
                            .thresholdGrad(
                                    tokens,
                                    experts,
                                    ps,
                                    thresholds,
                                    g,
                                    s.of(dg),
                                    s.sink(ofP, dp),
                                    s.sink(ofThreshold, dThreshold));
                });
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 4, 2",
        "1, 1, 1",
        "1, 2, 2",
        "3, 4, 1",
        "13, 8, 2",
        "17, 3, 3",
        "33, 17, 4",
        "207, 5, 2",
        "3001, 8, 2"
    })
    void tokenContrast(int tokens, int experts, int k) {
        int width = 6;
        float[] products = new float[tokens * experts * experts];
        for (int t = 0; t < tokens; t++) {
            float[] v = normal(experts * width);
            if (t % 4 == 1) {
                Arrays.fill(v, 0, width, 0); // an expert whose B is still zero puts nothing out
            }
            for (int i = 0; i < experts; i++) {
                for (int j = 0; j < experts; j++) {
                    for (int c = 0; c < width; c++) {
                        products[(t * experts + i) * experts + j] += v[i * width + c] * v[j * width + c];
                    }
                }
            }
        }
        int[] selected = selection(tokens, experts, k);
        for (float tau : new float[] {0.07f, 1}) {
            check(
                    "tokenContrast",
                    1e-4,
                    s -> s.kernels()
                            .mixture()
                            .tokenContrast(
                                    tokens,
                                    experts,
                                    k,
                                    tau,
                                    0.1f,
                                    s.of(products),
                                    s.of(selected),
                                    s.out(1),
                                    s.out(products.length)));
            check("tokenContrast in place", 1e-4, s -> {
                Memory d = s.inOut(products);
                s.kernels().mixture().tokenContrast(tokens, experts, k, tau, 0.1f, d, s.of(selected), s.out(1), d);
            });
        }
    }

    private float[] probabilities(int tokens, int experts) {
        float[] p = new float[tokens * experts];
        for (int t = 0; t < tokens; t++) {
            float sum = 0;
            for (int e = 0; e < experts; e++) {
                p[t * experts + e] = 0.01f + random.nextFloat();
                sum += p[t * experts + e];
            }
            for (int e = 0; e < experts; e++) {
                p[t * experts + e] /= sum;
            }
        }
        return p;
    }

    /** For each token k different experts in ascending order. */
    private int[] selection(int tokens, int experts, int k) {
        int[] all = new int[tokens * k];
        for (int t = 0; t < tokens; t++) {
            System.arraycopy(distinct(k, experts), 0, all, t * k, k);
        }
        return all;
    }

    private int[] distinct(int count, int bound) {
        int[] order = IntStream.range(0, bound).toArray();
        for (int i = 0; i < count; i++) {
            int j = i + random.nextInt(bound - i);
            int swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        return Arrays.stream(order, 0, count).sorted().toArray();
    }
}
