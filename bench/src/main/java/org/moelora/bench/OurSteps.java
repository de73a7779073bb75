package org.moelora.bench;

import java.util.Map;
import org.moelora.bench.contest.Contender;
import org.moelora.bench.llama.OurTraining;
import org.moelora.bench.llama.TrainingSetup;

/** This engine's training as a contender. */
final class OurSteps {
    /** Tensors are off the heap; small, as it is resident memory too. */
    private static final int HEAP_MEGABYTES = 256;

    private OurSteps() {}

    static Contender start(Session session, String name, int threads, TrainingSetup setup) {
        String[] arguments = new String[9];
        arguments[0] = session.model().toString();
        arguments[1] = Integer.toString(threads);
        System.arraycopy(setup.arguments(), 0, arguments, 2, 7);
        Contender contender = Contender.start(
                name, Contender.java(HEAP_MEGABYTES, OurTraining.class, arguments), Map.of(), session.log(name));
        session.versions().put("ours", contender.about().get("version"));
        return contender;
    }

    /** Takes steps; seconds of one. */
    static double seconds(Contender contender, int steps) {
        return contender.ask("steps " + steps).number("nanos") * 1e-9;
    }
}
