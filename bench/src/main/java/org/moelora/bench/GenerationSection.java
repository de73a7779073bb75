package org.moelora.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.moelora.bench.contest.Bar;
import org.moelora.bench.contest.Contender;
import org.moelora.bench.contest.ContenderException;
import org.moelora.bench.contest.Figure;
import org.moelora.bench.contest.Rounds;
import org.moelora.bench.contest.Spread;
import org.moelora.bench.contest.Table;
import org.moelora.bench.llama.OurGeneration;
import org.moelora.bench.llama.ReadBandwidth;
import org.moelora.bench.llama.StepFlops;
import org.moelora.bench.products.OurProduct;

/** Generation of one text: decoding against the memory's read bandwidth, the prompt against the rate of products. */
final class GenerationSection implements Section {
    private static final int THREADS = 2;
    private static final int PROMPT = 512;
    private static final int SHORT_PROMPT = 16;
    private static final int TOKENS = 32;
    private static final String DECODE = "decoding";
    private static final String READ = "reading memory";
    private static final String PREFILL = "prompt of " + PROMPT;
    private static final String OURS = "our product";
    private static final String OPENBLAS = "OpenBLAS' product";
    /** The model's most frequent large product with a prompt of that length. */
    private static final int[] PRODUCT = {PROMPT, 1536, 576};

    @Override
    public String name() {
        return "generation";
    }

    @Override
    public void run(Session session) {
        session.report().section("Generation of one text, greedy, weights in bf16; " + THREADS + " threads");
        String threads = Integer.toString(THREADS);
        long bytes = 2 * session.shape().parameters();
        Map<String, Contender> contenders = new LinkedHashMap<>();
        try {
            add(session, contenders, DECODE, ours(session), Map.of());
            add(session, contenders, PREFILL, ours(session), Map.of());
            String[] reading = {Long.toString(bytes), threads};
            add(session, contenders, READ, Contender.java(256, ReadBandwidth.class, reading), Map.of());
            add(session, contenders, OURS, Contender.java(512, OurProduct.class, threads, "packing"), Map.of());
            List<String> openBlas = Peers.java(512, "NetlibProduct", "openblas", threads);
            add(session, contenders, OPENBLAS, openBlas, Map.of("OPENBLAS_NUM_THREADS", threads));
            List<Measured> turns = new ArrayList<>();
            contenders.forEach((name, contender) -> {
                ToDoubleFunction<Contender> turn = turn(name);
                double warm = Rounds.warmUp(contender, turn, 10, 20);
                session.report().progress("warm: " + name + " at " + Spread.digits(1e3 * warm) + " ms");
                turns.add(new Measured(name, () -> turn.applyAsDouble(contender)));
            });
            Map<String, double[]> seconds =
                    session.rounds(turns, session.settings().rounds());
            report(session, seconds, bytes);
        } finally {
            contenders.values().forEach(Contender::close);
        }
    }

    private static List<String> ours(Session session) {
        return Contender.java(512, OurGeneration.class, session.model().toString(), Integer.toString(THREADS));
    }

    private static void add(
            Session session,
            Map<String, Contender> contenders,
            String name,
            List<String> command,
            Map<String, String> environment) {
        if (command.isEmpty()) {
            session.absent().put(name, Peers.HOW);
            return;
        }
        try {
            Contender contender = Contender.start(name, command, environment, session.log(name));
            contenders.put(name, contender);
            if (name.equals(OURS) || name.equals(OPENBLAS)) {
                contender.ask("prepare " + PRODUCT[0] + " " + PRODUCT[1] + " " + PRODUCT[2]);
            }
            String who = name.equals(OPENBLAS) || name.equals(READ) ? name : "ours";
            session.versions().put(who, contender.about().get("version"));
        } catch (ContenderException e) {
            session.failed(name, e);
        }
    }

    /** Seconds per token, prompt, pass or product. */
    private static ToDoubleFunction<Contender> turn(String name) {
        String request = switch (name) {
            case DECODE -> "decode " + SHORT_PROMPT + " " + TOKENS;
            case PREFILL -> "prompt " + PROMPT;
            case READ -> "time 20";
            default -> "time 60";
        };
        return contender -> contender.ask(request).number("nanos") * 1e-9;
    }

    private static void report(Session session, Map<String, double[]> seconds, long bytes) {
        double promptFlops = StepFlops.prompt(session.shape(), PROMPT);
        double productFlops = 2.0 * PRODUCT[0] * PRODUCT[1] * PRODUCT[2];
        Table table = new Table("what", "seconds", "rate");
        seconds.forEach((name, values) -> table.row(
                name,
                Spread.ofKnown(values).toString(),
                switch (name) {
                    case DECODE -> Spread.of(values, s -> 1 / s) + " tokens/s";
                    case READ -> Spread.of(values, s -> bytes * 1e-9 / s) + " GB/s";
                    case PREFILL ->
                        Spread.of(values, s -> PROMPT / s) + " tokens/s, "
                                + Spread.of(values, s -> promptFlops * 1e-9 / s) + " GFLOP/s";
                    default -> Spread.of(values, s -> productFlops * 1e-9 / s) + " GFLOP/s";
                }));
        session.report().table(table);
        List<Figure> figures = new ArrayList<>();
        double[] none = {};
        double[] decode = seconds.getOrDefault(DECODE, none);
        double[] read = seconds.getOrDefault(READ, none);
        figures.add(new Figure(
                "decoding: tokens/s / (read bandwidth / " + bytes / 1_000_000 + " MB of weights)",
                Spread.of(decode, s -> 1 / s) + " tokens/s",
                Spread.of(read, s -> 1 / s) + " passes/s",
                Spread.ofRatios(read, decode),
                Bar.atLeast(0.7)));
        figures.add(prompt(seconds, OURS, promptFlops, productFlops));
        figures.add(prompt(seconds, OPENBLAS, promptFlops, productFlops));
        session.report().figures(figures);
    }

    /** The prompt's rate over a product's. */
    private static Figure prompt(
            Map<String, double[]> seconds, String product, double promptFlops, double productFlops) {
        Bar bar = Bar.atLeast(0.6);
        String what = "prompt of " + PROMPT + " tokens: GFLOP/s / " + product + " at " + PRODUCT[0] + "x" + PRODUCT[1]
                + "x" + PRODUCT[2];
        double[] mine = seconds.getOrDefault(PREFILL, new double[0]);
        double[] theirs = seconds.get(product);
        if (theirs == null) {
            return Figure.absent(what, bar, product + " is absent");
        }
        return new Figure(
                what,
                Spread.of(mine, s -> promptFlops * 1e-9 / s) + " GFLOP/s",
                Spread.of(theirs, s -> productFlops * 1e-9 / s) + " GFLOP/s",
                Spread.ofRatios(theirs, mine).over(productFlops / promptFlops),
                bar);
    }
}
