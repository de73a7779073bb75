package org.moelora.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.bench.contest.Answer;
import org.moelora.bench.contest.Bar;
import org.moelora.bench.contest.Contender;
import org.moelora.bench.contest.ContenderException;
import org.moelora.bench.contest.Figure;
import org.moelora.bench.contest.Rounds;
import org.moelora.bench.contest.Spread;
import org.moelora.bench.contest.Table;
import org.moelora.bench.llama.LlamaShape;
import org.moelora.bench.llama.OurContrast;
import org.moelora.bench.llama.TorchProgram;
import org.moelora.bench.llama.TrainingSetup;

/** Whole training steps: forward, backward, AdamW. */
final class StepSection implements Section {
    private static final String MOELORA = "ours, MoELoRA";
    private static final String LORA = "ours, LoRA";
    private static final String NO_CONTRAST = "ours, MoELoRA without contrast";
    private static final String RECOMPUTE = "ours, MoELoRA recomputing";
    private static final String CONTRAST = "ours, contrast alone";
    private static final String PYTORCH = "PyTorch, MoELoRA";
    private static final String PYTORCH_LORA = "PyTorch, LoRA";
    private static final String LIBTORCH = "libtorch, LoRA";
    private static final int THREADS = 2;
    private static final double WARM_SECONDS = 40;
    private static final int COUNTED_STEPS = 50;
    private static final int STEPS_A_BATCH = 5;
    private static final double GIB = 1L << 30;

    @Override
    public String name() {
        return "step";
    }

    @Override
    public void run(Session session) {
        session.report().section("Training step: " + TrainingSetup.MOELORA + "; float32, " + THREADS + " threads");
        Map<String, Contender> ours = new LinkedHashMap<>();
        try (Contender contrast = contrast(session)) {
            for (TrainingSetup setup :
                    List.of(TrainingSetup.MOELORA, TrainingSetup.LORA, TrainingSetup.MOELORA.withContrast(false))) {
                String name = setup.experts() == 1 ? LORA : setup.contrast() ? MOELORA : NO_CONTRAST;
                ours.put(name, OurSteps.start(session, name, THREADS, setup));
            }
            measure(session, ours, contrast);
        } finally {
            ours.values().forEach(Contender::close);
        }
    }

    private static Contender contrast(Session session) {
        LlamaShape shape = session.shape();
        TrainingSetup setup = TrainingSetup.MOELORA;
        int[] numbers = {
            THREADS,
            shape.layers(),
            setup.tokens(),
            setup.experts(),
            setup.topK(),
            setup.rank(),
            shape.heads() * shape.headDim(),
            shape.kvHeads() * shape.headDim()
        };
        String[] arguments = Arrays.stream(numbers).mapToObj(Integer::toString).toArray(String[]::new);
        return Contender.start(
                CONTRAST, Contender.java(512, OurContrast.class, arguments), Map.of(), session.log(CONTRAST));
    }

    private static double warmUp(Contender ours) {
        return Rounds.warmUp(ours, c -> OurSteps.seconds(c, 1), 10, WARM_SECONDS);
    }

    private static void measure(Session session, Map<String, Contender> ours, Contender contrast) {
        int rounds = session.settings().rounds();
        double slowest = 0;
        for (Contender one : ours.values()) {
            slowest = Math.max(slowest, warmUp(one));
        }
        int atOnce = Math.clamp((long) (2.5 / slowest), 1, 4);
        session.report().progress(String.format(Locale.ROOT, "warm: a step takes %.2f s or less", slowest));

        List<Measured> all = new ArrayList<>();
        ours.forEach((name, one) -> {
            if (!name.equals(NO_CONTRAST)) {
                all.add(new Measured(name, () -> OurSteps.seconds(one, atOnce)));
            }
        });
        double[] torchPeak = {Double.NaN};
        addTorch(session, all, torchPeak);
        Map<String, double[]> seconds;
        Spread libtorchPeak = null;
        try (Contender libtorch = libtorch(session)) {
            if (libtorch != null) {
                libtorch.ask("steps 2");
                all.add(new Measured(LIBTORCH, () -> libtorch.ask("steps 1").number("nanos") * 1e-9));
            }
            seconds = session.rounds(all, session.settings().stepRounds());
            if (libtorch != null) {
                libtorchPeak = Spread.of(libtorch.peakBytes() / GIB);
            }
        }
        Table table = new Table("contender", "tokens/s", "seconds a step");
        seconds.forEach((name, values) ->
                table.row(name, rate(values).toString(), Spread.ofKnown(values).toString()));
        session.report().table(table);
        List<Figure> figures = new ArrayList<>();
        figures.add(faster("MoELoRA step, tokens/s: ours / PyTorch", seconds, MOELORA, PYTORCH, Bar.atLeast(3.5)));
        figures.add(faster("LoRA r=36 step, tokens/s: ours / libtorch", seconds, LORA, LIBTORCH, Bar.atLeast(1.3)));
        figures.add(faster("LoRA r=36 step, tokens/s: ours / PyTorch", seconds, LORA, PYTORCH_LORA, null));

        List<Measured> own = new ArrayList<>();
        ours.forEach((name, one) -> own.add(new Measured(name, () -> OurSteps.seconds(one, atOnce))));
        contrast.ask("time 10");
        own.add(new Measured(CONTRAST, () -> contrast.ask("time " + 2 * atOnce).number("nanos") * 1e-9));
        Map<String, double[]> mine = session.rounds(own, rounds);
        figures.add(time("MoELoRA step, time: / our LoRA r=36 step", mine, MOELORA, LORA, Bar.atMost(1.08)));
        figures.add(share(mine));
        figures.add(time(
                "contrast's share of the step, its op alone, sampling included",
                mine,
                CONTRAST,
                MOELORA,
                Bar.atMost(0.03)));

        Contender moelora = Objects.requireNonNull(ours.get(MOELORA));
        figures.addAll(heap(moelora, session.settings().quick()));
        figures.addAll(memory(session, moelora, torchPeak[0], libtorchPeak));
        session.report().figures(figures);
    }

    private static void addTorch(Session session, List<Measured> all, double[] peak) {
        Path file = session.settings().torchProgram();
        if (file == null) {
            session.failed("PyTorch", new ContenderException("its program was not named; --torch-program names it"));
            return;
        }
        TorchProgram program = new TorchProgram(file, session.model(), THREADS, session.log("pytorch"));
        try {
            session.versions().put("PyTorch", program.version());
            all.add(new Measured(PYTORCH, () -> {
                TorchProgram.Outcome outcome = program.steps(TrainingSetup.MOELORA, 1);
                peak[0] = Double.isNaN(peak[0]) ? outcome.peakBytes() : Math.max(peak[0], outcome.peakBytes());
                return outcome.stepSeconds();
            }));
            all.add(new Measured(
                    PYTORCH_LORA, 2, () -> program.steps(TrainingSetup.LORA, 1).stepSeconds()));
        } catch (ContenderException e) {
            session.failed("PyTorch", e);
        }
    }

    private static @Nullable Contender libtorch(Session session) {
        List<String> command = Peers.java(
                2000,
                "TorchTraining",
                session.model().toString(),
                Integer.toString(THREADS),
                Integer.toString(TrainingSetup.LORA.rank()),
                Integer.toString(TrainingSetup.LORA.rows()),
                Integer.toString(TrainingSetup.LORA.length()));
        if (command.isEmpty()) {
            session.absent().put("libtorch", Peers.HOW);
            return null;
        }
        try {
            Contender contender = Contender.start(LIBTORCH, command, Peers.environment(session), session.log(LIBTORCH));
            session.versions().put("libtorch", contender.about().get("version"));
            return contender;
        } catch (ContenderException e) {
            session.failed("libtorch", e);
            return null;
        }
    }

    private static Spread rate(double[] seconds) {
        return Spread.of(seconds, s -> TrainingSetup.MOELORA.tokens() / s);
    }

    private static Figure faster(
            String what, Map<String, double[]> seconds, String ours, String theirs, @Nullable Bar bar) {
        double[] mine = seconds.get(ours);
        double[] others = seconds.get(theirs);
        if (mine == null || others == null) {
            return Figure.absent(what, bar, (mine == null ? ours : theirs) + " is absent");
        }
        return new Figure(
                what, rate(mine) + " tokens/s", rate(others) + " tokens/s", Spread.ofRatios(others, mine), bar);
    }

    private static Figure time(String what, Map<String, double[]> seconds, String ours, String theirs, Bar bar) {
        double[] mine = seconds.getOrDefault(ours, new double[0]);
        double[] others = seconds.getOrDefault(theirs, new double[0]);
        return new Figure(
                what, Spread.ofKnown(mine) + " s", Spread.ofKnown(others) + " s", Spread.ofRatios(mine, others), bar);
    }

    private static Figure share(Map<String, double[]> seconds) {
        double[] with = seconds.getOrDefault(MOELORA, new double[0]);
        double[] without = seconds.getOrDefault(NO_CONTRAST, new double[0]);
        double[] shares = new double[with.length];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = 1 - without[i] / with[i];
        }
        return new Figure(
                "contrast's share of the step, 1 - step without / step with",
                Spread.ofKnown(with) + " s",
                Spread.ofKnown(without) + " s",
                Spread.ofKnown(shares),
                Bar.atMost(0.03));
    }

    /** By now the compiler is done with everything that a step runs; before, it made garbage of vectors. */
    private static List<Figure> heap(Contender ours, boolean quick) {
        int batches = quick ? 2 : COUNTED_STEPS / STEPS_A_BATCH;
        double[] megabytes = new double[batches];
        double collections = 0;
        for (int i = 0; i < batches; i++) {
            Answer answer = ours.ask("steps " + STEPS_A_BATCH);
            megabytes[i] = answer.number("heap") / 1e6;
            collections += answer.number("collections");
        }
        String said = "over " + batches * STEPS_A_BATCH + " steps";
        return List.of(
                new Figure("Java heap allocated per step, MB", said, "", Spread.of(megabytes), Bar.atMost(1)),
                new Figure("garbage collections", said, "", Spread.of(collections), Bar.atMost(0)));
    }

    private static List<Figure> memory(
            Session session, Contender ours, double torchPeak, @Nullable Spread libtorchPeak) {
        List<Figure> figures = new ArrayList<>();
        double mine = ours.peakBytes() / GIB;
        String what = "peak resident memory, MoELoRA step: ours / PyTorch";
        Bar bar = Bar.atMost(0.25);
        if (Double.isNaN(torchPeak)) {
            figures.add(Figure.absent(what, bar, "PyTorch is absent"));
        } else {
            double theirs = torchPeak / GIB;
            figures.add(new Figure(what, gib(mine), gib(theirs), Spread.of(mine / theirs), bar));
        }
        if (libtorchPeak != null) {
            double theirs = libtorchPeak.median();
            what = "peak resident memory: our MoELoRA step / libtorch's LoRA step";
            figures.add(new Figure(what, gib(mine), gib(theirs), Spread.of(mine / theirs), null));
        }
        TrainingSetup setup = TrainingSetup.MOELORA.withRecompute(true);
        try (Contender recomputing = OurSteps.start(session, RECOMPUTE, THREADS, setup)) {
            warmUp(recomputing);
            double ratio = OurSteps.seconds(recomputing, 2) / OurSteps.seconds(ours, 2);
            figures.add(new Figure(
                    "peak resident memory of our MoELoRA step with recomputation, GB",
                    "in " + Spread.digits(ratio) + " of the time",
                    "",
                    Spread.of(recomputing.peakBytes() / 1e9),
                    Bar.atMost(1)));
        }
        return figures;
    }

    private static String gib(double value) {
        return Spread.digits(value) + " GiB";
    }
}
