package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.Rates.number;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a run measured.
 *
 * @param bits of a vector
 * @param threads of the steps for all cores
 * @param load processes that wanted a core in the minute before
 * @param peak GFLOP/s of one core's registers
 * @param peakAll the same of {@code threads} threads at once
 * @param all by size and step in the order measured
 * @param ofTraining products of a training step, in the order of the page
 */
record Report(
        int bits,
        int threads,
        int rounds,
        double load,
        double peak,
        double peakAll,
        List<Size> sizes,
        List<Rates> all,
        List<TrainingProduct.Measured> ofTraining) {
    /** Two lines between which measured numbers stand. */
    private static final Pattern PLACE =
            Pattern.compile("<!-- measured (\\w+) -->\\n.*?<!-- end -->\\n", Pattern.DOTALL);

    /** Machine, peaks and table, in Markdown. */
    String table() {
        StringBuilder s = new StringBuilder();
        s.append(machine())
                .append(", JDK ")
                .append(System.getProperty("java.version"))
                .append(", ")
                .append(LocalDate.now(ZoneOffset.UTC))
                .append(", ")
                .append(rounds)
                .append(" rounds, begun at a load average of ")
                .append(number(load))
                .append(". Peak: ")
                .append(number(peak))
                .append(" GFLOP/s on one core, ")
                .append(number(peakAll))
                .append(" on ")
                .append(threads)
                .append(" threads.\n\n");
        s.append("| step | what | accesses per multiply-add |");
        for (Size size : sizes) {
            s.append(" GFLOP/s at ").append(size).append(" |");
        }
        s.append(" of peak | allocated |\n|---|---|---|")
                .append("---|".repeat(sizes.size()))
                .append("---|---|\n");
        for (Rates rates : all) {
            if (rates.size().equals(sizes.getFirst())) {
                row(s, rates.step());
            }
        }
        return s.toString();
    }

    private void row(StringBuilder s, Step step) {
        s.append("| ").append(step.id()).append(" | ").append(step.title());
        s.append(" | ").append(step.accesses()).append(" |");
        for (Size size : sizes) {
            Rates rates = find(step, size).orElseThrow();
            s.append(' ')
                    .append(number(rates.median()))
                    .append(" (")
                    .append(number(rates.least()))
                    .append("..")
                    .append(number(rates.most()))
                    .append(") |");
        }
        Rates first = find(step, sizes.getFirst()).orElseThrow();
        s.append(' ').append(share(first)).append(" | ").append(bytes(first)).append(" |\n");
    }

    /** The products of a training step, in Markdown. */
    String products() {
        StringBuilder s = new StringBuilder("| product | form | rows x columns x depth | operations per byte |")
                .append(" GFLOP/s, one thread | of peak | GFLOP/s, ")
                .append(threads)
                .append(" threads | of peak |\n|---|---|---|---|---|---|---|---|\n");
        for (TrainingProduct.Measured measured : ofTraining) {
            TrainingProduct product = measured.product();
            s.append("| `").append(product.formula()).append("` | ").append(product.form());
            s.append(" | ").append(product.size()).append(" | ").append(number(product.intensity()));
            rate(s, measured.alone(), peak);
            rate(s, measured.together(), peakAll);
            s.append(" |\n");
        }
        return s.toString();
    }

    private static void rate(StringBuilder s, double[] gigaflops, double of) {
        double median = Rates.median(gigaflops);
        s.append(" | ").append(number(median));
        s.append(" (").append(number(gigaflops[0])).append("..");
        s.append(number(gigaflops[gigaflops.length - 1])).append(") | ");
        s.append(number(100 * median / of)).append(" %");
    }

    /** Of a product's allocation, in words. */
    static String bytes(Rates rates) {
        double b = rates.bytes();
        return b < 10e3 ? (long) b + " B" : b < 10e6 ? Math.round(b / 1e3) + " kB" : Math.round(b / 1e6) + " MB";
    }

    private String share(Rates rates) {
        double of = rates.step().allCores() ? peakAll : peak;
        return number(100 * rates.median() / of) + " %";
    }

    Optional<Rates> find(Step step, Size size) {
        return all.stream()
                .filter(r -> r.step() == step && r.size().equals(size))
                .findFirst();
    }

    /** The page with this run's numbers in place of those it had. */
    String into(String page) {
        return PLACE.matcher(page)
                .replaceAll(place -> Matcher.quoteReplacement(
                        "<!-- measured " + place.group(1) + " -->\n" + measured(place.group(1)) + "<!-- end -->\n"));
    }

    private String measured(String what) {
        if (what.equals("table")) {
            return table();
        }
        if (what.equals("products")) {
            return products();
        }
        Step step = Step.of(what);
        Rates whole = find(step, sizes.getFirst()).orElseThrow();
        StringBuilder s = new StringBuilder("**Measured: ")
                .append(number(whole.median()))
                .append(" GFLOP/s, ")
                .append(share(whole))
                .append(" of the peak");
        before(step)
                .flatMap(before -> find(before, sizes.getFirst()))
                .ifPresent(before -> s.append(", ")
                        .append(number(whole.median() / before.median()))
                        .append(" times step ")
                        .append(before.step().id()));
        for (Size size : sizes.subList(1, sizes.size())) {
            Rates other = find(step, size).orElseThrow();
            s.append("; ").append(number(other.median())).append(" at ").append(size);
        }
        if (!step.numbered()) {
            s.append("; ").append(bytes(whole)).append(" allocated per product");
        }
        return s.append(".**\n").toString();
    }

    /** What a step is compared with. */
    private static Optional<Step> before(Step step) {
        return switch (step) {
            case THREE_LOOPS -> Optional.empty();
            case BOXED, MASKED -> Optional.of(Step.TALL_TILE);
            case ENGINE_ALONE -> Optional.of(Step.PACKED_ONCE);
            default -> Optional.of(Step.of(String.valueOf(Integer.parseInt(step.id()) - 1)));
        };
    }

    private String machine() {
        String model = System.getProperty("os.arch");
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            model = lines.filter(line -> line.startsWith("model name"))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse(model);
        } catch (IOException e) {
            return model; // no such file outside Linux
        }
        return model + ", " + Runtime.getRuntime().availableProcessors() + " cores, " + bits + "-bit vectors";
    }
}
