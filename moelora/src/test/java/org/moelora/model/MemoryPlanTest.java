package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.eval.Scorer;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;

class MemoryPlanTest {
    private static MemoryPlan plan(long mb) {
        return new MemoryPlan(
                69 * mb, mb, 17 * mb, 34 * mb, 1301 * mb, 400_000, 0, 12 * mb, 20 * mb, OptionalLong.empty());
    }

    @Test
    void theLargestPartIsNamedFirst() {
        assertThat(plan(1_000_000))
                .hasToString("1,434 MB (activations 1,301, weights 70, optimizer 34, adapter 17, spare 12)");
        assertThat(plan(100)).hasToString("1 MB");
    }

    @Test
    void whatIsHeldAlreadyNeedsNoRoomInTheSystem() {
        long free = MemoryPlan.free().orElse(1L << 40);
        assertThat(new MemoryPlan(0, 0, 0, 0, 100 * free, 0, 0, 0, 100 * free, OptionalLong.empty()).fits(0))
                .isTrue();
        if (MemoryPlan.free().isPresent()) {
            assertThat(new MemoryPlan(0, 0, 0, 0, 100 * free, 0, 0, 0, 0, OptionalLong.empty()).fits(0))
                    .isFalse();
        }
    }

    @Test
    void aLimitIsKept() {
        MemoryPlan plan = plan(1_000_000);
        assertThat(plan.fits(plan.total())).isTrue();
        assertThat(plan.fits(plan.total() - 1)).isFalse();
        plan.require(plan.total(), "writing", "less");
        assertThatThrownBy(() -> plan.require(1_000_000_000, "writing", "a shorter prompt"))
                .isInstanceOf(InputException.class)
                .hasMessage("not enough memory: writing takes " + plan
                        + ", and --max-memory allows 1,000 MB; try a shorter prompt");
    }

    @Test
    void writingAndScoringTakeWhatWasRehearsed() {
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, false));
                Decoder base = Decoder.load(Vectors.path("llama"), device);
                Adapter adapter = Adapter.create(base, MoeLoraConfig.builder().build(), 5)) {
            LanguageModel view = base.with(adapter);
            Generation generation = Generation.of(view, GenerationOptions.GREEDY.withMaxTokens(40));
            List<int[]> prompts = List.of(new int[] {1, 5, 9, 7, 3, 8, 4, 20, 21, 22, 23}, new int[] {1, 6});
            MemoryPlan writing = MemoryPlan.of(
                    view,
                    v -> Generation.of(v, GenerationOptions.GREEDY.withMaxTokens(40))
                            .rehearse(prompts));
            device.resetPeak();
            generation.ids(prompts, (sequence, id) -> true);
            assertThat(device.memoryUse().peak()).isEqualTo(writing.tensors());
            assertThat(writing.cache())
                    .isEqualTo(
                            base.config().layers() * 2L * 2 * 51 * base.config().keyWidth() * 4);

            List<TokenRow> rows = Vectors.rows("llama").stream()
                    .sorted(Comparator.comparingInt(TokenRow::labelCount))
                    .toList();
            MemoryPlan scoring = MemoryPlan.of(view, v -> Scorer.rehearse(v, rows));
            device.resetPeak();
            Scorer.score(view, rows);
            assertThat(device.memoryUse().peak()).isEqualTo(scoring.tensors());
            assertThat(scoring.cache()).isZero();
        }
    }

    @Test
    void freeMemoryIsKnownOnLinux() {
        OptionalLong free = MemoryPlan.free();
        if (System.getProperty("os.name").equals("Linux")) {
            assertThat(free).isPresent();
        }
        free.ifPresent(bytes -> assertThat(bytes).isPositive());
    }
}
