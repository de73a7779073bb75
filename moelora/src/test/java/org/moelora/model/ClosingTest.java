package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.engine.Lifetime;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Heads;
import org.moelora.engine.ops.KeyValueCache;
import org.moelora.engine.optim.AdamW;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.train.FineTuner;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingListener;

/** What is closed throws an exception that says so, on every thread, and frees its memory when nothing reads it any more. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ClosingTest {
    private static final int[] IDS = {1, 35, 48, 91};
    private static final GenerationOptions LONG = GenerationOptions.GREEDY.withMaxTokens(100_000);

    private Device device;
    private Decoder base;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-simd", new DeviceOptions(2, true));
        base = Decoder.load(Vectors.path("llama"), device);
    }

    @AfterEach
    void close() {
        base.close();
        device.close();
    }

    private Adapter adapter() {
        return MoeLora.create(base, MoeLoraConfig.builder().build());
    }

    private static Tensor logits(LanguageModel model, Tape tape) {
        return model.logits(tape, model.hidden(tape, AdapterPass.inference(), IDS, new int[] {0, IDS.length}), 3);
    }

    @Test
    void aClosedDecoderEndsItsViews() {
        LanguageModel view = base.plain();
        base.close();
        base.close();
        try (Tape tape = Tape.inference(device)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> logits(view, tape))
                    .withMessageContaining("the decoder of")
                    .withMessageContaining("is closed");
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> Generation.of(view, GenerationOptions.GREEDY).ids(List.of(IDS), (s, id) -> true))
                .withMessageContaining("is closed");
        assertThatIllegalStateException().isThrownBy(base::fingerprint).withMessageContaining("is closed");
        assertThat(device.memoryUse().total()).isZero();
    }

    @Test
    void aDecoderThatOpenedItsDeviceClosesItToo() {
        Decoder own = Decoder.load(Vectors.path("llama"), new DeviceChoice("cpu-simd", 2));
        LanguageModel view = own.plain();
        own.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> Generation.of(view, GenerationOptions.GREEDY).ids(List.of(IDS), (s, id) -> true))
                .withMessageContaining("the decoder of");
        assertThatIllegalStateException()
                .isThrownBy(() -> MoeLora.create(own, MoeLoraConfig.builder().build()));
    }

    @Test
    void aClosedAdapterEndsItsViewsAndNoOthers(@TempDir Path temp) {
        Adapter adapter = adapter();
        LanguageModel view = base.with(adapter);
        adapter.close();
        adapter.close();
        try (Tape tape = Tape.inference(device)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> logits(view, tape))
                    .withMessage("the adapter is closed");
            assertThat(logits(base.plain(), tape).toArray()).doesNotContain(Float.NaN);
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> adapter.save(temp.resolve("a")))
                .withMessage("the adapter is closed");
        assertThatIllegalStateException()
                .isThrownBy(
                        () -> FineTuner.of(view).onRows(Vectors.rows("llama")).run())
                .withMessageContaining("closed");
        assertThat(temp).isEmptyDirectory();
    }

    @Test
    void partsOfAStepThatAreClosedSaySo() {
        Adapter adapter = adapter();
        adapter.parameters().startTraining();
        AdamW optimizer = new AdamW(adapter.parameters(), AdamW.Config.DEFAULT);
        optimizer.close();
        assertThatIllegalStateException().isThrownBy(() -> optimizer.clip(1)).withMessageContaining("has been freed");
        adapter.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> adapter.parameters().clearGradients())
                .withMessage("these parameters are closed");
        assertThatIllegalStateException()
                .isThrownBy(() -> adapter.parameters().startTraining())
                .withMessage("these parameters are closed");
        KeyValueCache cache = new KeyValueCache(device, 1, 1, 4, 4, 8);
        cache.close();
        try (Tape tape = Tape.inference(device)) {
            Tensor row = tape.constant(new float[8], 1, 8);
            cache.advance(new int[] {1});
            assertThatIllegalStateException()
                    .isThrownBy(() -> cache.attend(tape, 0, new Heads(1, 1, 8, 1, Heads.UNLIMITED), row, row, row))
                    .withMessage("the cache is closed");
        }
    }

    @Test
    void aClosedTapeTakesNothingMore() {
        Tape tape = Tape.inference(device);
        Tensor x = tape.constant(new float[] {1, 2}, 2);
        tape.close();
        tape.close();
        assertThatIllegalStateException().isThrownBy(x::toArray).withMessageContaining("was freed");
        assertThatIllegalStateException().isThrownBy(() -> tape.ints(1)).withMessage("this tape is closed");
        assertThatIllegalStateException().isThrownBy(() -> tape.scratch(1)).withMessage("this tape is closed");
        assertThatIllegalStateException()
                .isThrownBy(() -> logits(base.plain(), tape))
                .withMessage("this tape is closed");
    }

    @Test
    void memoryStaysAsLongAsAPassUsesIt() {
        Adapter adapter = adapter();
        try (Tape tape = Tape.inference(device)) {
            float[] before = logits(base.with(adapter), tape).toArray();
            long all = device.memoryUse().total();
            adapter.close();
            base.close();
            assertThat(device.memoryUse().total()).isEqualTo(all);
            assertThat(before).doesNotContain(Float.NaN);
        }
        assertThat(device.memoryUse().total()).isZero();
    }

    @Test
    void aLifetimeFreesOnceAfterTheLastUse() {
        AtomicInteger freed = new AtomicInteger();
        Lifetime lifetime = new Lifetime("it", freed::incrementAndGet);
        Lifetime.Use first = lifetime.enter();
        Lifetime.Use second = lifetime.enter();
        first.close();
        first.close();
        lifetime.close();
        assertThat(freed).hasValue(0);
        assertThatIllegalStateException().isThrownBy(lifetime::enter).withMessage("it is closed");
        second.close();
        second.close();
        lifetime.close();
        assertThat(freed).hasValue(1);
    }

    /** A generation on one thread, and something closed by another one in the middle of it. */
    private void closedMeanwhile(LanguageModel model, Runnable close, String said) throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(3);
        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            Future<?> generation =
                    thread.submit(() -> Generation.of(model, LONG).ids(List.of(IDS), (sequence, id) -> {
                        begun.countDown();
                        return true;
                    }));
            begun.await();
            close.run();
            assertThatThrownBy(generation::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(said);
        }
    }

    @Test
    void aGenerationEndsWhenItsDecoderIsClosedByAnotherThread() throws InterruptedException {
        closedMeanwhile(base.plain(), base::close, "the decoder of");
        assertThat(device.memoryUse().total()).isZero();
    }

    @Test
    void aGenerationEndsWhenItsAdapterIsClosedByAnotherThread() throws InterruptedException {
        long before = device.memoryUse().total();
        Adapter adapter = adapter();
        closedMeanwhile(base.with(adapter), adapter::close, "the adapter is closed");
        assertThat(device.memoryUse().total()).isEqualTo(before);
    }

    @Test
    void aGenerationEndsWhenADecoderWithItsOwnDeviceIsClosed() throws InterruptedException {
        Decoder own = Decoder.load(Vectors.path("llama"), new DeviceChoice("cpu-simd", 2));
        closedMeanwhile(own.plain(), own::close, "the decoder of");
    }

    @Test
    void aTrainingEndsWhenItsAdapterIsClosedByAnotherThread() throws InterruptedException {
        long before = device.memoryUse().total();
        Adapter adapter = adapter();
        CountDownLatch begun = new CountDownLatch(2);
        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            Future<?> training = thread.submit(() -> FineTuner.of(base.with(adapter))
                    .onRows(Vectors.rows("llama"))
                    .config(TrainingConfig.builder().steps(1_000_000L).build())
                    .run(new TrainingListener() {
                        @Override
                        public void step(Step step) {
                            begun.countDown();
                        }
                    }));
            begun.await();
            adapter.close();
            assertThatThrownBy(training::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the adapter is closed");
        }
        assertThat(device.memoryUse().total()).isEqualTo(before);
    }

    /** The memory goes at once here, under the kernels' feet: an exception, and no crash. */
    @Test
    void aGenerationEndsWhenItsDeviceIsClosed() throws InterruptedException {
        for (int round = 0; round < 5; round++) {
            Device doomed = Devices.open("cpu-simd", new DeviceOptions(2, true));
            Decoder decoder = Decoder.load(Vectors.path("llama"), doomed);
            closedMeanwhile(
                    decoder.plain(),
                    () -> assertThatIllegalStateException()
                            .isThrownBy(doomed::close)
                            .withMessageContaining("bytes of MODEL")
                            .withMessageContaining("bytes of CACHE"),
                    "closed");
            decoder.close();
        }
    }
}
