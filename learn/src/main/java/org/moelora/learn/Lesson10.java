package org.moelora.learn;

/** Which logits of a router a token can move. */
final class Lesson10 {
    private Lesson10() {}

    static void tell(Page page) {
        int k = page.whole("k", 2, 1, 4);
        double[] p = {0.4, 0.3, 0.2, 0.1};
        double[] dg = {1, -1, -3, 0};
        page.say(
                "MoELoRA puts E LoRAs, the experts, beside one weight W0. A router chooses k of them for each token x and gives each a gate g, which weighs its output:");
        page.say("  p = softmax(W_g x),  S = the k experts with the largest p");
        page.say("  g_e = p_e / (sum over S of p)  for e in S, and 0 for the others");
        page.say("  y = W0 x + s (sum over e of g_e B_e A_e x),  with a constant s");
        page.say(
                "Take one token, four experts and k = %d. The derivatives of the loss by the gates are dg = (1, -1, -3, 0): less of expert 0 would lower the loss, and so would more of expert 1. More of expert 2 would lower it most.",
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
                "        p                            gate                         dl, the derivative by the logit l = W_g x");
        Picture picture = draw(page, k);
        for (int e = 0; e < 4; e++) {
            double dl = g[e] * (dg[e] - mean);
            bars(picture, e, p[e], g[e], dl);
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
                "dl_e = g_e (dg_e - sum over S of g dg).  It is 0 outside of S, and adds up to 0 over S. So the loss can move weight from one chosen expert to another, and can never ask for an expert that was not chosen: expert 2 did not run, and its dg was never computed. docs/method.md says what can be done about that.");
        page.question("what is the derivative for expert 2 if all four are chosen?", "k=4", 10);
    }

    private static Picture draw(Page page, int k) {
        Picture picture = page.picture("One token's router: which logits the loss can move, k = " + k, 640, 196);
        picture.text(60, 52, "quiet", "p").text(230, 52, "quiet", "gate g");
        picture.text(400, 52, "quiet", "derivative by the logit, dl");
        return picture.line(500, 60, 500, 180, "grid");
    }

    private static void bars(Picture picture, int e, double p, double g, double dl) {
        double top = 64 + 30 * e;
        picture.text(20, top + 15, "", "e" + e);
        picture.rect(60, top, 110 * p, 20, "c3").text(66 + 110 * p, top + 15, "quiet", text("%.2f", p));
        picture.rect(230, top, 110 * g, 20, "c0").text(236 + 110 * g, top + 15, "quiet", text("%.3f", g));
        double length = 90 * Math.abs(dl);
        picture.rect(dl < 0 ? 500 - length : 500, top, length, 20, dl < 0 ? "c1" : "c2");
        picture.text(dl < 0 ? 506 : 506 + length, top + 15, "quiet", text("%+.3f", dl == 0 ? 0 : dl));
    }

    @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
    private static String text(String format, double value) {
        return String.format(java.util.Locale.ROOT, format, value);
    }
}
