package org.moelora.learn;

import java.util.Random;

/** The toy of MoeLora.java, with its map of tokens and experts. */
final class Lesson12 {
    private Lesson12() {}

    static void tell(Page page) {
        int seed = (int) page.number("seed", 5);
        int experts = (int) page.number("experts", 4);
        page.say(
                "All of it: MoeLora.java. A frozen base repeats its symbol. Two tasks want something else, one the next symbol, one the mirrored one.");
        page.say(
                "A LoRA is linear: what it adds for a symbol and what it adds for a task are summed, and no sum of that kind solves both tasks.");
        page.say(
                "A router is not linear. Loss of the language model over 400 steps, %d experts of rank 2 beside one LoRA of as many parameters:",
                experts);
        page.say("");
        double[][] x = MoeLora.tokens();
        int[] target = MoeLora.answers();
        MoeLora mixture = new MoeLora(MoeLora.copying(), experts, Math.min(2, experts), 2, 4, new Random(seed));
        MoeLora lora = new MoeLora(MoeLora.copying(), 1, 1, 2 * experts, 4 * experts, new Random(seed));
        for (int step = 0; step <= 400; step++) {
            mixture.forwardAndBackward(x, target);
            lora.forwardAndBackward(x, target);
            if (step % 40 == 0) {
                page.say(
                        "  step %3d  mixture %.3f %-27s LoRA %.3f %s",
                        step, mixture.lm, Page.bar(mixture.lm / 2.7, 27), lora.lm, Page.bar(lora.lm / 2.7, 27));
            }
            mixture.update(0.02);
            lora.update(0.02);
        }
        page.say("  right: %d of 16, and %d of 16", mixture.right(target), lora.right(target));
        page.say("");
        page.say("Who is routed where: the gates of each token, darker for more");
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
                "The same method on a language model:  bin/moelora demo --quick,  and  docs/way.md  for the way from that command to these loops.");
        page.question("how many answers are right with two experts, both of which every token uses?", "experts=2", 12);
    }
}
