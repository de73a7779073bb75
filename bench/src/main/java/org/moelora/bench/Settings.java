package org.moelora.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * What to measure and how long.
 *
 * @param sections names, in the order of the table
 * @param out Markdown file, or null
 * @param rounds of every comparison
 * @param quick whether only to see that everything works: a small model, few rounds, figures that mean nothing
 * @param torchProgram the PyTorch program that training is compared with, if there is one
 * @param seed of the order of the rounds
 */
record Settings(
        List<String> sections,
        @Nullable Path out,
        int rounds,
        boolean quick,
        @Nullable Path torchProgram,
        long seed) {
    static final String USAGE = """
            bin/bench [SECTION...] [flags]   measures this engine and its peers side by side and prints one table of ratios
            bin/bench jmh [JMH's arguments]  the JMH benchmarks of the kernels
            bin/bench steps [arguments]      one GEMM from three loops to the final tile
            bin/bench attention [arguments]  one head of attention from three loops to the kernel, forward and backward
            bin/bench serve [flags]          throughput, time to the first token and tokens/s of a client at 1, 4 and 16 clients, beside llama.cpp's server (--help)
            bin/bench --device NAME [--quick] the kernels of one device alone, such as opencl:0: rates, and shares of what the device can do at most

            Sections: %s. All of them if none is named.
              --out FILE            writes the tables as Markdown too; text after the line "%s" is kept
              --rounds N            rounds of each comparison (9; training steps take about half of it)
              --quick               a small model and few rounds, to see that everything works; the figures mean nothing
              --torch-program FILE  the PyTorch program that training steps are compared with
              --seed N              order of the rounds (1)
            """;

    static Settings parse(List<String> known, String... args) {
        List<String> sections = new ArrayList<>();
        Path out = null;
        Integer rounds = null;
        boolean quick = false;
        Path program = null;
        long seed = 1;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--quick" -> quick = true;
                case "--out" -> out = Path.of(value(args, i++));
                case "--rounds" -> rounds = Math.toIntExact(number(args, i++, 1, 1000));
                case "--seed" -> seed = number(args, i++, Long.MIN_VALUE, Long.MAX_VALUE);
                case "--torch-program" -> program = Path.of(value(args, i++));
                default -> {
                    if (!known.contains(args[i])) {
                        throw new InputException("there is no section or flag " + args[i] + "; expected "
                                + String.join(", ", known) + ", or a flag of bin/bench --help");
                    }
                    sections.add(args[i]);
                }
            }
        }
        List<String> chosen = known.stream()
                .filter(s -> sections.isEmpty() || sections.contains(s))
                .toList();
        return new Settings(chosen, out, rounds != null ? rounds : quick ? 2 : 9, quick, program, seed);
    }

    private static String value(String[] args, int flag) {
        if (flag + 1 == args.length) {
            throw new InputException(args[flag] + " has no value; expected one");
        }
        return args[flag + 1];
    }

    private static long number(String[] args, int flag, long min, long max) {
        String text = value(args, flag);
        try {
            long number = Long.parseLong(text);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new InputException(args[flag] + " is " + text + "; expected a whole number from " + min + " to " + max);
    }

    /** Rounds of a comparison of whole training steps, which take long. */
    int stepRounds() {
        return Math.max(1, (rounds + 1) / 2);
    }
}
