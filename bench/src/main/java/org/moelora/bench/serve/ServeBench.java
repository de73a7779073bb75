package org.moelora.bench.serve;

import java.nio.file.Path;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.bench.contest.Table;
import org.moelora.bench.lab.WorkFolder;
import org.moelora.bench.llama.LlamaShape;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.DeviceChoice;

/** {@code bin/bench serve}: throughput, time to the first token and tokens a second of each client, with 1, 4 and 16 of them. */
public final class ServeBench {
    private static final String USAGE = """
            bin/bench serve [flags]   throughput, time to the first token and tokens/s of a client at 1, 4 and 16 clients, and 8 texts at a time against one after another
              --model DIR|FILE.gguf   the model; without it one of SmolLM-135M's shape, of random numbers in bf16
              --threads N             of the CPU (as many as it has cores)
              --quick                 two layers and few tokens, to see that everything works; the figures mean nothing
            Where LLAMA_SERVER is the path of llama.cpp's llama-server and --model is a GGUF file, both are measured on that file, one after the other.
            """;

    private static final int PROMPT = 64;
    private static final int CONTEXT = 256;

    private @Nullable Path model;
    private int threads = Runtime.getRuntime().availableProcessors();
    private boolean quick;

    private ServeBench() {}

    public static void main(String[] args) {
        if (Stream.of(args).anyMatch("--help"::equals)) {
            System.out.print(USAGE);
            return;
        }
        ServeBench bench = new ServeBench();
        try {
            bench.parse(args);
            bench.run();
        } catch (InputException e) {
            System.err.println("bench: " + e.getMessage());
            System.exit(2);
        }
    }

    private void parse(String[] args) {
        for (int i = 1; i < args.length; i++) { // after the word serve
            switch (args[i]) {
                case "--quick" -> quick = true;
                case "--model" -> model = Path.of(value(args, i++));
                case "--threads" -> {
                    String given = value(args, i++);
                    if (!given.matches("[1-9][0-9]{0,3}")) {
                        throw new InputException("--threads is " + given + "; expected 1 to 9999");
                    }
                    threads = Integer.parseInt(given);
                }
                default ->
                    throw new InputException(
                            "there is no flag " + args[i] + "; expected one of bin/bench serve --help");
            }
        }
    }

    private static String value(String[] args, int flag) {
        if (flag + 1 == args.length) {
            throw new InputException(args[flag] + " has no value; expected one");
        }
        return args[flag + 1];
    }

    private void run() {
        Path given = model;
        if (given != null) {
            measure(given);
            return;
        }
        try (WorkFolder work = WorkFolder.make()) {
            (quick ? LlamaShape.QUICK : LlamaShape.SMOLLM_135M).write(work.path(), 1);
            measure(work.path());
        }
    }

    private void measure(Path at) {
        int vocabulary;
        try (Decoder base = Decoder.load(at, new DeviceChoice("cpu", threads))) {
            vocabulary = base.config().vocabularySize();
            System.out.println(base.device().description() + "; prompts of " + PROMPT + " random tokens, " + tokens()
                    + " written, greedy");
            try (Service service = Service.ours(base, 8)) { // compiles what all of them run
                new Clients(8, quick ? 1 : 4, PROMPT, tokens(), vocabulary).ask(service);
            }
            print(table("moelora", vocabulary, batch -> Service.ours(base, batch)));
            together(base, vocabulary);
        }
        String server = System.getenv("LLAMA_SERVER");
        if (server == null) {
            System.out.println("llama.cpp is absent: LLAMA_SERVER is not set");
        } else if (!at.toString().endsWith(".gguf")) {
            System.out.println("llama.cpp is absent: the model is no GGUF file; expected --model FILE.gguf");
        } else {
            Path log = Path.of(System.getProperty("bench.kept", "target/bench"), "llama-server.log");
            print(table(
                    "llama.cpp",
                    vocabulary,
                    batch -> new LlamaServer(Path.of(server), at, threads, batch, CONTEXT, log)));
        }
    }

    private static void print(Table table) {
        table.text().forEach(System.out::println);
        System.out.println();
    }

    private int tokens() {
        return quick ? 8 : 64;
    }

    private Table table(String name, int vocabulary, IntFunction<Service> ofBatch) {
        Table table = new Table(
                name, "tokens/s", "first token, median (s)", "first token, 9 of 10 (s)", "tokens/s a client, median");
        for (int clients : new int[] {1, 4, 16}) {
            try (Service service = ofBatch.apply(clients)) {
                new Clients(clients, quick ? 1 : 2, PROMPT, tokens(), vocabulary).ask(service); // warm-up
                Clients.Seen seen = new Clients(clients, quick ? 1 : 4, PROMPT, tokens(), vocabulary).ask(service);
                table.row(
                        clients + (clients == 1 ? " client" : " clients"),
                        digits(seen.throughput()),
                        digits(seen.first()),
                        digits(seen.late()),
                        digits(seen.each()));
            }
        }
        return table;
    }

    /** Eight texts side by side, and the same one after another: what the batch is worth. */
    private void together(Decoder base, int vocabulary) {
        double[] rates = new double[2];
        Clients eight = new Clients(8, 1, 8, tokens(), vocabulary);
        for (int round = 0; round < (quick ? 1 : 3); round++) {
            for (int way = 0; way < 2; way++) {
                try (Service service = Service.ours(base, way == 0 ? 1 : 8)) {
                    rates[way] = Math.max(rates[way], eight.ask(service).throughput());
                }
            }
        }
        System.out.printf(
                Locale.ROOT,
                "8 texts after prompts of 8 tokens: %.1f tokens/s side by side, %.1f one after another: %.2f times%n",
                rates[1],
                rates[0],
                rates[1] / rates[0]);
    }

    private static String digits(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.3f" : "%.1f", value);
    }
}
