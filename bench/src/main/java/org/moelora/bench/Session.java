package org.moelora.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.bench.contest.ContenderException;
import org.moelora.bench.contest.Report;
import org.moelora.bench.contest.Rounds;
import org.moelora.bench.llama.LlamaShape;

/**
 * One run of the comparison.
 *
 * @param work a folder for the model, removed at the end
 * @param kept a folder for logs, and for what libraries unpack
 * @param absent contenders that are not here, and why
 * @param versions of contenders, as they said them
 */
record Session(
        Settings settings,
        Report report,
        Path work,
        Path kept,
        Map<String, String> absent,
        Map<String, String> versions) {
    Session(Settings settings, Report report, Path work, Path kept) {
        this(settings, report, work, kept, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    /** Takes what a contender prints beside its answers. */
    Path log(String name) {
        return kept.resolve("logs").resolve(name.replaceAll("[^A-Za-z0-9.]+", "-") + ".log");
    }

    /** Interleaved rounds; who fails is absent from then on. */
    Map<String, double[]> rounds(List<? extends Rounds.Turn> turns, int count) {
        return Rounds.run(turns, count, settings.seed(), this::failed);
    }

    /** Notes that a contender is absent, and why. */
    void failed(String name, ContenderException why) {
        report.progress(name + " failed: " + why.getMessage());
        absent.put(name, why.getMessage());
    }

    /** The shape of the model that is trained and generates. */
    LlamaShape shape() {
        return settings.quick() ? LlamaShape.QUICK : LlamaShape.SMOLLM_135M;
    }

    /** The folder of that model, written when first asked for. */
    Path model() {
        Path folder = work.resolve("model");
        if (!Files.exists(folder)) {
            report.progress("writing a random Llama of " + shape().parameters() / 1_000_000 + " million parameters");
            shape().write(folder, 1);
        }
        return folder;
    }
}
