package org.moelora.bench.llama;

/**
 * Floating-point operations of a training step with a frozen base, counted from the formulas; a multiply-add is two. Only products count: norms,
 * softmax and the like pass over memory and are left out, which is what the comparison with a measured time then shows.
 *
 * <p>Per token of a row of L tokens, with h = hidden, q and k the widths of queries and of keys, i = inter, r = E times rank:
 * <pre>
 *   linears of a block    2 (h q + 2 h k + q h + 3 h i)               forward, and as many for dx; W is frozen, so there is no dW
 *   attention of a block  2 q (L + 1) / 2 for S = Q K^T, and as much for O = P V; backward S again, dV, dP, dQ, dK: 5 such products
 *   adapter on h x out    2 r (h + out) forward, twice that backward; a router 2 h E forward, twice that backward
 *   head                  2 h V forward and as many backward, for L - 1 label positions of a row
 *   contrast, per module  n = pairs, r as above:  M = B^T B and dB: 4 out r^2;  U~ M, twice: 4 n r^2;  S, D U~: 4 n^2 r;  core: 2 n r^2
 * </pre>
 * Nothing goes below the lowest adapted linear, so block 0 has no dx of q, k and v, nor of their adapters and routers.
 */
public record StepFlops(double linears, double attention, double adapters, double head, double contrast) {
    public static StepFlops of(LlamaShape s, TrainingSetup t) {
        double tokens = t.tokens();
        double h = s.hidden();
        double q = s.queryWidth();
        double k = s.keyWidth();
        double r = (double) t.experts() * t.rank();
        double labels = t.rows() * (t.length() - 1.0);
        double entrance = 2 * tokens * h * (q + 2 * k);
        double block = entrance + 2 * tokens * (q * h + 3 * h * s.inter());
        double linears = 2 * s.layers() * block - entrance;
        double attention = s.layers() * 7 * tokens * q * (t.length() + 1.0);
        double routers = t.experts() == 1 ? 0 : 2 * 2 * tokens * h * t.experts();
        double downward = 2 * 2 * tokens * r * h + routers;
        double adapters = 3 * s.layers() * (downward + 2 * tokens * r * (q + k)) - downward;
        double n = Math.min(TrainingSetup.PAIRS, tokens * t.topK());
        double contrast = t.contrast() ? s.layers() * (4 * (q + k) * r * r + 2 * (6 * n * r * r + 4 * n * n * r)) : 0;
        return new StepFlops(linears, attention, adapters, 4 * h * s.vocabulary() * labels, contrast);
    }

    public double total() {
        return linears + attention + adapters + head + contrast;
    }

    /** Of the forward pass over a prompt, of which only the last token gets logits; one block's output is needed in full. */
    public static double prompt(LlamaShape s, int tokens) {
        double h = s.hidden();
        double q = s.queryWidth();
        double linears = 2.0 * tokens * (2 * h * q + 2 * h * s.keyWidth() + 3 * h * s.inter());
        double attention = 2 * tokens * q * (tokens + 1.0);
        return s.layers() * (linears + attention) + 2 * h * s.vocabulary();
    }
}
