package org.moelora.together;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.TokenRow;
import org.moelora.engine.Parameter;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.model.LanguageModel;
import org.moelora.model.Vectors;
import org.moelora.train.FineTuner;
import org.moelora.train.TrainingConfig;

/** Trainings and generations on one decoder and one device, at the same time and one after the other: not a bit may differ. */
class SideBySideTest {
    private static final int TRAININGS = 2;
    private static final int GENERATIONS = 10;
    private static final int ROUNDS = 4;

    /** Everything that runs, each with its own adapter, seed and data, on what all share. */
    private static List<Callable<List<float[]>>> jobs(Decoder base, List<Adapter> adapters) {
        List<Callable<List<float[]>>> jobs = new ArrayList<>();
        List<TokenRow> rows = Vectors.rows("llama");
        for (int t = 0; t < TRAININGS; t++) {
            Adapter adapter = adapters.get(t);
            TrainingConfig config = TrainingConfig.builder()
                    .steps(12L)
                    .batchSize(4)
                    .learningRate(1e-2)
                    .recompute(t == 1)
                    .seed(t)
                    .build();
            jobs.add(() -> {
                FineTuner.of(base.with(adapter)).onRows(rows).config(config).run();
                return adapter.parameters().parameters().stream()
                        .map(Parameter::toArray)
                        .toList();
            });
        }
        for (int g = 0; g < GENERATIONS; g++) {
            LanguageModel view = g < 2 ? base.plain() : base.with(adapters.get(g));
            GenerationOptions options = new GenerationOptions(12, g % 2, 0, 1, g, false);
            int[] prompt = new Random(g).ints(3 + g, 3, 90).toArray();
            jobs.add(() -> {
                List<float[]> all = new ArrayList<>();
                for (int round = 0; round < ROUNDS; round++) {
                    int[] ids = Generation.of(view, options)
                            .ids(List.of(prompt, new int[] {1, 5}), (sequence, id) -> true)
                            .getFirst();
                    float[] numbers = new float[ids.length];
                    for (int i = 0; i < ids.length; i++) {
                        numbers[i] = ids[i];
                    }
                    all.add(numbers);
                }
                return all;
            });
        }
        return jobs;
    }

    private static List<List<float[]>> run(boolean together) throws Exception {
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, true));
                Decoder base = Decoder.load(Vectors.path("llama"), device)) {
            long before = device.memoryUse().total();
            List<Adapter> adapters = new ArrayList<>();
            for (int i = 0; i < Math.max(TRAININGS, GENERATIONS); i++) {
                MoeLoraConfig config =
                        MoeLoraConfig.builder().experts(2 + i % 3).dropout(0.1).build();
                Adapter adapter = Adapter.create(base, config, i);
                Numbers.randomise(adapter, i);
                adapters.add(adapter);
            }
            List<List<float[]>> results = new ArrayList<>();
            List<Callable<List<float[]>>> jobs = jobs(base, adapters);
            if (together) {
                CyclicBarrier start = new CyclicBarrier(jobs.size());
                try (ExecutorService threads = Executors.newFixedThreadPool(jobs.size())) {
                    List<Future<List<float[]>>> futures = new ArrayList<>();
                    for (Callable<List<float[]>> job : jobs) {
                        futures.add(threads.submit(() -> {
                            start.await();
                            return job.call();
                        }));
                    }
                    for (Future<List<float[]>> future : futures) {
                        results.add(future.get());
                    }
                }
            } else {
                for (Callable<List<float[]>> job : jobs) {
                    results.add(job.call());
                }
            }
            adapters.forEach(Adapter::close);
            assertThat(device.memoryUse().total()).isEqualTo(before);
            return results;
        }
    }

    @Test
    void twoTrainingsAndTenGenerationsDoNotDisturbOneAnother() throws Exception {
        List<List<float[]>> alone = run(false);
        List<List<float[]>> together = run(true);
        for (int job = 0; job < alone.size(); job++) {
            for (int part = 0; part < alone.get(job).size(); part++) {
                assertThat(together.get(job).get(part))
                        .as("job %d, part %d", job, part)
                        .isEqualTo(alone.get(job).get(part));
            }
        }
        assertThat(alone.get(0).getFirst()).isNotEqualTo(alone.get(1).getFirst());
    }

    /** A training that nothing else shares a device with gives the same as one among many. */
    @Test
    void adaptersOfFilesAreApart() {
        Path trained = Vectors.path("llama-moelora/adapter-trained");
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, true));
                Decoder base = Decoder.load(Vectors.path("llama"), device);
                Adapter one = Adapter.load(trained, base);
                Adapter other = Adapter.load(trained, base)) {
            float[] before = other.parameters().parameters().getFirst().toArray();
            FineTuner.of(base.with(one))
                    .onRows(Vectors.rows("llama"))
                    .config(TrainingConfig.builder().steps(2L).build())
                    .run();
            assertThat(one.parameters().parameters().getFirst().toArray()).isNotEqualTo(before);
            assertThat(other.parameters().parameters().getFirst().toArray()).isEqualTo(before);
        }
    }
}
