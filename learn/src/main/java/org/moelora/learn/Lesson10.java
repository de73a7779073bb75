package org.moelora.learn;

/** Which logits of a router a token can move. */
final class Lesson10 {
    private Lesson10() {}

    static void tell(Page page) {
        int k = (int) Math.clamp(page.number("k", 2), 1, 4);
        double[] p = {0.4, 0.3, 0.2, 0.1};
        double[] dg = {1, -1, -3, 0};
        page.say(
                "Several LoRAs, the experts, and a router that picks k of them for a token:  p = softmax(W_g x), S the k largest,");
        page.say(
                "  g_e = p_e / (sum over S of p)  for e in S, and 0 for the others;   y = W0 x + s (sum over e of g_e B_e A_e x)");
        page.say(
                "One token, four experts, k = %d. dg is what the loss says of each gate: expert 0 hurts, 1 helps, and 2 would help most.",
                k);
        page.say("");
        int[] chosen = MoeLora.topK(p, k);
        double z = 0;
        double mean = 0;
        for (int e : chosen) {
            z += p[e];
        }
        double[] g = new double[4];
        for (int e : chosen) {
            g[e] = p[e] / z;
            mean += g[e] * dg[e];
        }
        page.say(
                "        p                            gate                            dl, the slope of the router's logit");
        for (int e = 0; e < 4; e++) {
            double dl = g[e] * (dg[e] - mean);
            page.say(
                    "  e%d  %.2f %-20s   %.3f %-20s   %+.3f %s",
                    e,
                    p[e],
                    Page.bar(p[e], 20),
                    g[e],
                    Page.bar(g[e], 20),
                    dl == 0 ? 0 : dl,
                    Page.bar(Math.abs(dl), 20));
        }
        page.say("");
        page.say(
                "dl = g (dg - sum over S of g dg): it adds up to 0 over S, and is 0 outside. The loss can say \"less of this, more of that\", and never");
        page.say(
                "\"another one\": expert 2 did not run, so its gradient was never computed. docs/method.md says what can be done about that.");
        page.question("all four take part. How does the slope of expert 2 change?", "k=4", 10);
    }
}
