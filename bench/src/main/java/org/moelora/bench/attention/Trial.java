package org.moelora.bench.attention;

import java.io.IOException;
import org.moelora.bench.lab.Repeated;

/** A JVM that measures one step on one head. Arguments: step, tokens, width of the head. */
final class Trial {
    private Trial() {}

    public static void main(String[] args) throws IOException {
        Step step = Step.of(args[0]);
        Head head = Head.random(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        try (Pass pass = step.on(head, 1)) {
            Repeated.answer(new Repeated(pass::run, step.flops(head)), head.tokens());
        }
    }
}
