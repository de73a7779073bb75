package org.moelora.kernels.plain;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;

import java.lang.foreign.MemorySegment;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Ragged;

final class PlainAttention implements Attention {
    /** One query head of one query row: where its numbers start and which keys it sees. */
    private record Query(long q, int kvHead, int firstKey, int keys) {}

    @FunctionalInterface
    private interface Body {
        void accept(Query query);
    }

    private static void forEachQuery(Plan plan, Body body) {
        Ragged rows = plan.rows();
        int group = plan.heads() / plan.kvHeads();
        for (int s = 0; s < rows.sequences(); s++) {
            int first = rows.queryStart()[s];
            int queries = rows.queryStart()[s + 1] - first;
            for (int i = 0; i < queries; i++) {
                for (int h = 0; h < plan.heads(); h++) {
                    int before = rows.keyLength()[s] - queries + i + 1;
                    int keys = Math.min(before, plan.window());
                    int firstKey = rows.keyStart()[s] + before - keys;
                    body.accept(new Query((long) (first + i) * plan.heads() + h, h / group, firstKey, keys));
                }
            }
        }
    }

    /**
     * {@code o_i = sum_j p_ij v_j} with {@code p_ij = exp(s_ij - logSumExp_i)}, {@code s_ij = scale <q_i, k_j>}, j the keys that query i sees; q,
     * o [queries, heads headDim], k, v [keys, kvHeads headDim].
     */
    @Override
    public void forward(Plan plan, Inputs in, Memory o, Memory logSumExp) {
        int d = plan.headDim();
        int kvHeads = plan.kvHeads();
        MemorySegment qs = floats(in.q(), plan.queryNumbers());
        MemorySegment ks = floats(in.k(), plan.keyNumbers());
        MemorySegment vs = floats(in.v(), plan.keyNumbers());
        MemorySegment os = floats(o, plan.queryNumbers());
        MemorySegment ls = floats(logSumExp, plan.queryHeads());
        forEachQuery(plan, query -> {
            double[] score = new double[query.keys];
            double max = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < query.keys; j++) {
                long key = (long) (query.firstKey + j) * kvHeads + query.kvHead;
                score[j] = plan.scale() * dot(qs, query.q * d, ks, key * d, d);
                max = Math.max(max, score[j]);
            }
            double sum = 0;
            for (int j = 0; j < query.keys; j++) {
                sum += Math.exp(score[j] - max);
            }
            double lse = max + Math.log(sum);
            set(ls, query.q, (float) lse);
            for (int i = 0; i < d; i++) {
                double out = 0;
                for (int j = 0; j < query.keys; j++) {
                    long key = (long) (query.firstKey + j) * kvHeads + query.kvHead;
                    out += Math.exp(score[j] - lse) * get(vs, key * d + i);
                }
                set(os, query.q * d + i, (float) out);
            }
        });
    }

    /**
     * {@code dv_j = sum_i p_ij do_i}, {@code ds_ij = p_ij (<do_i, v_j> - <do_i, o_i>)}, {@code dq_i = scale sum_j ds_ij k_j}, {@code dk_j = scale
     * sum_i ds_ij q_i}.
     */
    @Override
    public void backward(Plan plan, Inputs in, Memory o, Memory logSumExp, Memory dO, Gradients gradients) {
        int d = plan.headDim();
        int kvHeads = plan.kvHeads();
        Ragged rows = plan.rows();
        MemorySegment qs = floats(in.q(), plan.queryNumbers());
        MemorySegment ks = floats(in.k(), plan.keyNumbers());
        MemorySegment vs = floats(in.v(), plan.keyNumbers());
        MemorySegment os = floats(o, plan.queryNumbers());
        MemorySegment ls = floats(logSumExp, plan.queryHeads());
        MemorySegment dos = floats(dO, plan.queryNumbers());
        MemorySegment dqs = floats(gradients.dq(), plan.queryNumbers());
        MemorySegment dks = floats(gradients.dk(), plan.keyNumbers());
        MemorySegment dvs = floats(gradients.dv(), plan.keyNumbers());
        double[] sumK = new double[Math.toIntExact(plan.keyNumbers())];
        double[] sumV = new double[Math.toIntExact(plan.keyNumbers())];
        forEachQuery(plan, query -> {
            double delta = dot(dos, query.q * d, os, query.q * d, d);
            double[] dqRow = new double[d];
            for (int j = 0; j < query.keys; j++) {
                long key = (long) (query.firstKey + j) * kvHeads + query.kvHead;
                double p = Math.exp(plan.scale() * dot(qs, query.q * d, ks, key * d, d) - get(ls, query.q));
                double ds = p * (dot(dos, query.q * d, vs, key * d, d) - delta);
                for (int i = 0; i < d; i++) {
                    int at = (int) (key * d + i);
                    dqRow[i] += plan.scale() * ds * get(ks, at);
                    sumK[at] += plan.scale() * ds * get(qs, query.q * d + i);
                    sumV[at] += p * get(dos, query.q * d + i);
                }
            }
            for (int i = 0; i < d && !gradients.dq().isAbsent(); i++) {
                set(dqs, query.q * d + i, (float) dqRow[i]);
            }
        });
        for (int s = 0; s < rows.sequences(); s++) {
            int from = rows.keyStart()[s] * kvHeads * d;
            for (int i = from; i < from + rows.keyLength()[s] * kvHeads * d; i++) {
                if (!gradients.dk().isAbsent()) {
                    set(dks, i, (float) sumK[i]);
                }
                if (!gradients.dv().isAbsent()) {
                    set(dvs, i, (float) sumV[i]);
                }
            }
        }
    }

    private static double dot(MemorySegment a, long fromA, MemorySegment b, long fromB, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += (double) get(a, fromA + i) * get(b, fromB + i);
        }
        return sum;
    }
}
