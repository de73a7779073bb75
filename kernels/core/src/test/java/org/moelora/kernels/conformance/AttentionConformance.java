package org.moelora.kernels.conformance;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Attention.Plan;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Ragged;
import org.moelora.kernels.Sink;

/** {@link org.moelora.kernels.Attention} against plain. */
public abstract class AttentionConformance extends Conformance {
    static List<Plan> plans() {
        return List.of(
                new Plan(1, 1, 1, 1, Ragged.self(0, 1)),
                new Plan(2, 1, 2, 0.7f, Ragged.self(0, 0, 3, 3)),
                new Plan(6, 3, 32, 0.18f, Ragged.self(0, 1, 14, 47, 64, 97)),
                new Plan(3, 3, 17, 0.25f, Ragged.self(0, 16, 17, 33, 66)),
                new Plan(2, 2, 33, -0.2f, Ragged.self(0, 31, 40)),
                new Plan(4, 2, 64, 0.125f, Ragged.self(0, 207, 220)),
                new Plan(1, 1, 8, 0.3f, Ragged.self(0, 256, 513, 514)),
                new Plan(2, 1, 16, 0.25f, Ragged.self(0, 702)),
                // a prompt's second part, decoding one token, rows that no sequence owns in between, more keys than a
                // block
                new Plan(4, 2, 32, 0.2f, new Ragged(new int[] {0, 5, 6, 6, 46}, new int[] {2, 70, 105, 110}, new int[] {
                    60, 33, 1, 340
                })),
                new Plan(3, 1, 13, 0.2f, new Ragged(new int[] {0, 1, 3, 6}, new int[] {300, 0, 601}, new int[] {
                    300, 299, 20
                })),
                // sliding windows: each key alone, within a tile, across tiles and blocks of keys, wider than a
                // sequence
                new Plan(2, 1, 8, 0.4f, 1, Ragged.self(0, 5, 40)),
                new Plan(2, 2, 17, 0.3f, 2, Ragged.self(0, 1, 1, 34)),
                new Plan(6, 3, 32, 0.18f, 13, Ragged.self(0, 12, 25, 39, 136)),
                new Plan(4, 2, 64, 0.125f, 64, Ragged.self(0, 207, 220)),
                new Plan(1, 1, 33, 0.2f, 33, Ragged.self(0, 702)),
                new Plan(2, 1, 16, 0.25f, 400, Ragged.self(0, 399, 400, 1200)),
                new Plan(2, 1, 16, 0.25f, 130, Ragged.self(0, 905)),
                new Plan(1, 1, 8, 0.3f, 514, Ragged.self(0, 513)),
                new Plan(
                        3,
                        1,
                        13,
                        0.2f,
                        17,
                        new Ragged(
                                new int[] {0, 1, 3, 6, 50}, new int[] {300, 0, 601, 700}, new int[] {300, 299, 20, 500
                                })),
                new Plan(4, 2, 32, 0.2f, 385, new Ragged(new int[] {0, 1, 3, 43}, new int[] {0, 900, 1700}, new int[] {
                    800, 386, 850
                })));
    }

    @ParameterizedTest
    @MethodSource("plans")
    void forward(Plan plan) {
        int queryNumbers = plan.rows().queries() * plan.heads() * plan.headDim();
        int keyNumbers = plan.rows().keyRows() * plan.kvHeads() * plan.headDim();
        float[] q = normal(queryNumbers);
        float[] k = normal(keyNumbers);
        float[] v = normal(keyNumbers);
        check(
                "attention",
                2e-5,
                s -> s.kernels()
                        .attention()
                        .forward(
                                plan,
                                new Attention.Inputs(s.of(q), s.of(k), s.of(v)),
                                s.out(queryNumbers),
                                s.out(plan.rows().queries() * plan.heads())));
    }

    @ParameterizedTest
    @MethodSource("plans")
    void backward(Plan plan) {
        backward(plan, true, true, true);
    }

    @Test
    void backwardOfSomeInputs() {
        Plan plan = new Plan(4, 2, 17, 0.3f, Ragged.self(0, 5, 75));
        backward(plan, false, true, true);
        backward(plan, true, false, true);
        backward(plan, true, true, false);
        backward(plan, true, false, false);
        backward(plan, false, true, false);
        backward(plan, false, false, true);
        backward(plan, false, false, false);
    }

    private void backward(Plan plan, boolean ofQ, boolean ofK, boolean ofV) {
        int queryNumbers = plan.rows().queries() * plan.heads() * plan.headDim();
        int keyNumbers = plan.rows().keyRows() * plan.kvHeads() * plan.headDim();
        float[] q = normal(queryNumbers);
        float[] k = normal(keyNumbers);
        float[] v = normal(keyNumbers);
        float[] dO = normal(queryNumbers);
        float[] rowsWithoutOwner = normal(keyNumbers);
        double tolerance = sumTolerance(plan.rows().keyRows()) * 4;
        check("gradient of attention", tolerance, s -> {
            Attention.Inputs in = new Attention.Inputs(s.of(q), s.of(k), s.of(v));
            Memory o = s.of(new float[queryNumbers]);
            Memory lse = s.of(new float[plan.rows().queries() * plan.heads()]);
            s.kernels().attention().forward(plan, in, o, lse);
            s.kernels()
                    .attention()
                    .backward(
                            plan,
                            in,
                            o,
                            lse,
                            s.of(dO),
                            new Attention.Gradients(
                                    ofQ ? s.out(queryNumbers) : Sink.absent(),
                                    ofK ? s.inOut(rowsWithoutOwner) : Sink.absent(),
                                    ofV ? s.inOut(rowsWithoutOwner) : Sink.absent()));
        });
    }
}
