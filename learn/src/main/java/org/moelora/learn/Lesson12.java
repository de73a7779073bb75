package org.moelora.learn;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The toy of MoeLora.java, with its map of tokens and experts. */
final class Lesson12 {
    private Lesson12() {}

    static void tell(Page page) {
        int seed = page.whole("seed", 5, 0, 1_000_000);
        int experts = page.whole("experts", 4, 1, 16);
        page.say(
                "Everything together is MoeLora.java. Its frozen base, the W0 that does not learn, repeats the symbol that it reads, one of a to h. Two tasks ask for something else: the next symbol, or the mirrored one.");
        page.say(
                "One LoRA cannot learn both. It is linear, so it adds one thing for the symbol and one for the task, and no such sum answers both tasks. A router is not linear: it can give each task experts of its own.");
        page.say(
                "This is the loss of the answers over 400 steps, for %d experts of rank 2, and for one LoRA with as many parameters:",
                experts);
        page.say("");
        double[][] x = MoeLora.tokens();
        int[] target = MoeLora.answers();
        MoeLora mixture = new MoeLora(MoeLora.copying(), experts, Math.min(2, experts), 2, 4, new Random(seed));
        MoeLora lora = new MoeLora(MoeLora.copying(), 1, 1, 2 * experts, 4 * experts, new Random(seed));
        List<double[]> losses = new ArrayList<>();
        for (int step = 0; step <= 400; step++) {
            mixture.forwardAndBackward(x, target);
            lora.forwardAndBackward(x, target);
            losses.add(new double[] {mixture.lm, lora.lm});
            if (step % 40 == 0) {
                page.say(
                        "  step %3d  mixture %.3f %-27s LoRA %.3f %s",
                        step, mixture.lm, Page.bar(mixture.lm / 2.7, 27), lora.lm, Page.bar(lora.lm / 2.7, 27));
            }
            mixture.update(0.02);
            lora.update(0.02);
        }
        page.say("  right answers: mixture %d of 16, LoRA %d of 16", mixture.right(target), lora.right(target));
        page.say("");
        page.say("The gates of each token; a fuller square means more:");
        page.say("            a  b  c  d  e  f  g  h");
        for (int task = 0; task < 2; task++) {
            for (int e = 0; e < experts; e++) {
                StringBuilder row = new StringBuilder();
                for (int t = 8 * task; t < 8 * task + 8; t++) {
                    row.append(' ').append(Page.shade(mixture.g[t][e]));
                }
                page.say(
                        "  %-6s e%d %s",
                        e == 0 ? task == 0 ? "next" : "mirror" : "",
                        e,
                        row.toString().stripTrailing());
            }
        }
        page.say("");
        page.say(
                "bin/moelora demo --quick  does the same with a language model, and docs/way.md follows one weight from that command down to these loops.");
        draw(page, losses, mixture, experts);
        page.question(
                "how many answers of the mixture are right with two experts, which every token then uses both?",
                "experts=2",
                12);
    }

    private static void draw(Page page, List<double[]> losses, MoeLora mixture, int experts) {
        int height = 318 + 44 * Math.max(0, experts - 4);
        Picture picture = page.picture(
                "A mixture beside one LoRA of as many parameters, and which expert has which token", 700, height);
        Picture.Axes axes = new Picture.Axes(50, 60, 280, 210, 0, 400, false, 0, 3, false);
        picture.frame(axes, "step", new double[] {0, 100, 200, 300, 400}, "loss", new double[] {0, 1, 2, 3});
        for (int model = 0; model < 2; model++) {
            List<double[]> points = new ArrayList<>();
            for (int step = 0; step < losses.size(); step++) {
                points.add(new double[] {axes.x(step), axes.y(losses.get(step)[model])});
            }
            picture.curve(points, model == 0 ? "s0" : "s2");
        }
        picture.line(150, 44, 170, 44, "s0").text(176, 48, "quiet", "mixture");
        picture.line(250, 44, 270, 44, "s2").text(276, 48, "quiet", "LoRA");
        for (int task = 0; task < 2; task++) {
            double top = 72 + task * (22 * experts + 40);
            picture.text(400, top - 8, "", task == 0 ? "next symbol" : "mirrored symbol");
            for (int symbol = 0; symbol < 8; symbol++) {
                picture.text(512 + 22 * symbol, top - 8, "quiet middle", "abcdefgh".substring(symbol, symbol + 1));
                for (int e = 0; e < experts; e++) {
                    picture.rect(
                            501 + 22 * symbol,
                            top + 22 * e,
                            21,
                            21,
                            "c0",
                            0.04 + 0.96 * mixture.g[8 * task + symbol][e]);
                }
            }
            for (int e = 0; e < experts; e++) {
                picture.text(490, top + 22 * e + 15, "quiet end", "e" + e);
            }
        }
    }
}
