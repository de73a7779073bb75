package org.moelora.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.TokenRow;
import org.moelora.io.Checksums;
import org.moelora.io.JsonRows;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Vectors;

/** A small model whose training is stopped in every way there is, and what has to come out in the end. */
final class Runs implements AutoCloseable {
    private static final MoeLoraConfig MIXTURE =
            MoeLoraConfig.builder().dropout(0.1).build();

    private final Device device;
    private final Decoder base;
    private final List<TokenRow> rows = Vectors.rows("llama");
    private final TrainingConfig config;
    private final CheckpointPolicy checkpoints;

    Runs(int threads, TrainingConfig config, CheckpointPolicy checkpoints) {
        this.device = Devices.open("cpu", new DeviceOptions(threads, true));
        this.base = Decoder.load(Vectors.path("llama"), device);
        this.config = config;
        this.checkpoints = checkpoints;
    }

    static TrainingConfig.Builder config(long steps) {
        return TrainingConfig.builder()
                .steps(steps)
                .batchSize(4)
                .learningRate(1e-2)
                .evalEvery(2)
                .seed(11);
    }

    /** Begins a run. */
    TrainingReport begin(Path run) {
        return train(5, tuner -> tuner.config(config).into(run), TrainingListener.SILENT);
    }

    /** Goes on with a run; the adapter has other values than the run's until it does. */
    TrainingReport resume(Path run) {
        return train(6, tuner -> tuner.resume(run), TrainingListener.SILENT);
    }

    /** Goes on with a run, or begins it if the last attempt did not get so far. */
    TrainingReport goOn(Path run) {
        return Files.exists(run.resolve("run.json")) ? resume(run) : begin(run);
    }

    TrainingReport train(long adapterSeed, UnaryOperator<FineTuner> more, TrainingListener listener) {
        try (Adapter adapter = Adapter.create(base, MIXTURE, adapterSeed)) {
            FineTuner tuner = FineTuner.of(base.with(adapter))
                    .onRows(rows.subList(0, 24))
                    .evaluateOn(rows.subList(24, 32))
                    .checkpoints(checkpoints);
            return more.apply(tuner).run(listener);
        }
    }

    TrainingConfig config() {
        return config;
    }

    /** Every file below a run's folder: its checksum; of the log, the lines without times; of what differs by its nature, nothing. */
    static Map<String, Object> content(Path run) {
        Map<String, Object> content = new TreeMap<>();
        try (Stream<Path> all = Files.walk(run)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                String name = run.relativize(file).toString().replace('\\', '/');
                content.put(
                        name,
                        switch (file.getFileName().toString()) {
                            case "run.json", "state.json", Checksums.LIST -> "";
                            case "metrics.jsonl" -> lines(file);
                            default -> Checksums.of(file);
                        });
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return content;
    }

    private static List<String> lines(Path metrics) {
        List<String> lines = new ArrayList<>();
        JsonRows.read(
                metrics,
                line -> lines.add(line.toString().replaceFirst(",\"tokens_per_second\":.*,\"seconds\":[^,}]*", "")));
        return lines;
    }

    @Override
    public void close() {
        base.close();
        device.close();
    }
}
