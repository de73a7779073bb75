package org.moelora.together;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.engine.Tape;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.model.LanguageModel;
import org.moelora.model.Vectors;

/**
 * A service with one base and an adapter per customer: eight threads, each with its own adapter, give over and over what that adapter gives alone, to
 * the bit. For two seconds, or {@code -Dmoelora.threads.seconds=60}.
 */
class EightThreadsTest {
    private static final int THREADS = 8;
    private static final long SECONDS = Long.getLong("moelora.threads.seconds", 2);

    /** What an adapter says: logits of a batch of two rows, and a text. */
    private record Answer(List<Float> logits, List<Integer> ids) {
        static Answer of(LanguageModel view, Device device, int customer) {
            int[] ids = {1, 35, 48, 91, 86, 70, 6 + customer};
            List<Float> logits = new ArrayList<>();
            try (Tape tape = Tape.inference(device)) {
                float[] all = view.logits(
                                tape,
                                view.hidden(tape, AdapterPass.inference(), ids, new int[] {0, 4, ids.length}),
                                3,
                                ids.length - 1)
                        .toArray();
                for (float logit : all) {
                    logits.add(logit);
                }
            }
            List<Integer> chosen = new ArrayList<>();
            for (int id : Generation.of(view, new GenerationOptions(6, 0.8, 0, 1, customer, false))
                    .ids(List.of(ids), (sequence, id) -> true)
                    .getFirst()) {
                chosen.add(id);
            }
            return new Answer(logits, chosen);
        }
    }

    private static AdapterConfig config(int customer) {
        return customer % 2 == 0
                ? MoeLoraConfig.builder().experts(2 + customer).build()
                : LoraConfig.builder().rank(customer).dora(customer > 4).build();
    }

    @Test
    void eachGivesWhatItGivesAlone() throws Exception {
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, true));
                Decoder base = Decoder.load(Vectors.path("llama"), device)) {
            List<Adapter> adapters = new ArrayList<>();
            List<Answer> alone = new ArrayList<>();
            for (int c = 0; c < THREADS; c++) {
                Adapter adapter = Adapter.create(base, config(c), c);
                Numbers.randomise(adapter, c);
                adapters.add(adapter);
                alone.add(Answer.of(base.with(adapter), device, c));
            }
            assertThat(alone).doesNotHaveDuplicates();
            List<Integer> rounds = new ArrayList<>();
            try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
                List<Future<Integer>> futures = new ArrayList<>();
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
                for (int c = 0; c < THREADS; c++) {
                    int customer = c;
                    LanguageModel view = base.with(adapters.get(c));
                    futures.add(threads.submit(() -> {
                        int round = 0;
                        do {
                            assertThat(Answer.of(view, device, customer))
                                    .as("customer %d, round %d", customer, round)
                                    .isEqualTo(alone.get(customer));
                            round++;
                        } while (System.nanoTime() < end);
                        return round;
                    }));
                }
                for (Future<Integer> future : futures) {
                    rounds.add(future.get());
                }
            }
            System.getLogger(EightThreadsTest.class.getName())
                    .log(System.Logger.Level.INFO, "answers of each thread in {0} s: {1}", SECONDS, rounds);
            assertThat(rounds).hasSize(THREADS).allMatch(n -> n > 0);
            adapters.forEach(Adapter::close);
        }
    }
}
