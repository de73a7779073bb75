package org.moelora.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.bench.contest.Bar;
import org.moelora.bench.contest.Contender;
import org.moelora.bench.contest.Figure;
import org.moelora.bench.contest.Rounds;
import org.moelora.bench.contest.Spread;
import org.moelora.bench.contest.Table;
import org.moelora.bench.llama.StepFlops;
import org.moelora.bench.llama.TrainingSetup;

/** How the time of a step grows with the length of rows and with the number of experts, against what {@link StepFlops} predicts. */
final class ScalingSection implements Section {
    private static final int THREADS = 2;
    private static final TrainingSetup BASE = TrainingSetup.MOELORA;
    private static final List<TrainingSetup> SETUPS = List.of(
            BASE, BASE.withRows(2, 512), BASE.withRows(8, 128), BASE.withExperts(1, 32), BASE.withExperts(32, 1));

    @Override
    public String name() {
        return "scaling";
    }

    @Override
    public void run(Session session) {
        session.report().section("A step's time against its FLOPs: rows, length and experts; " + THREADS + " threads");
        Map<TrainingSetup, Contender> contenders = new LinkedHashMap<>();
        try {
            List<Measured> turns = new ArrayList<>();
            for (TrainingSetup setup : SETUPS) {
                Contender contender = OurSteps.start(session, setup.label(), THREADS, setup);
                contenders.put(setup, contender);
                double seconds = Rounds.warmUp(contender, c -> OurSteps.seconds(c, 1), 8, 30);
                int atOnce = Math.clamp((long) (2.5 / seconds), 1, 4);
                session.report().progress("warm: " + setup.label() + " at " + Spread.digits(seconds) + " s a step");
                turns.add(new Measured(setup.label(), () -> OurSteps.seconds(contender, atOnce)));
            }
            Map<String, double[]> seconds =
                    session.rounds(turns, session.settings().rounds());
            report(session, seconds);
        } finally {
            contenders.values().forEach(Contender::close);
        }
    }

    private static void report(Session session, Map<String, double[]> seconds) {
        Table table = new Table(
                "step", "GFLOP", "of them linears", "attention", "adapters", "head", "contrast", "seconds", "GFLOP/s");
        List<Figure> figures = new ArrayList<>();
        double[] base = seconds.getOrDefault(BASE.label(), new double[0]);
        double baseFlops = StepFlops.of(session.shape(), BASE).total();
        for (TrainingSetup setup : SETUPS) {
            StepFlops flops = StepFlops.of(session.shape(), setup);
            double[] mine = seconds.getOrDefault(setup.label(), new double[0]);
            table.row(
                    setup.label(),
                    giga(flops.total()),
                    giga(flops.linears()),
                    giga(flops.attention()),
                    giga(flops.adapters()),
                    giga(flops.head()),
                    giga(flops.contrast()),
                    Spread.ofKnown(mine).toString(),
                    Spread.of(mine, s -> flops.total() * 1e-9 / s).toString());
            if (!setup.equals(BASE)) {
                double predicted = flops.total() / baseFlops;
                Spread ratio = Spread.ofRatios(mine, base);
                figures.add(new Figure(
                        setup.label() + " / " + BASE.label() + ": time over prediction",
                        ratio + " of its time",
                        "predicted " + Spread.digits(predicted),
                        ratio.over(predicted),
                        Bar.between(0.9, 1.1)));
            }
        }
        session.report().table(table);
        session.report().figures(figures);
    }

    private static String giga(double flops) {
        return Spread.digits(flops * 1e-9);
    }
}
