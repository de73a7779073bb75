package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.TokenRow;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Memory;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.Owner;
import org.moelora.model.Decoder;
import org.moelora.model.Vectors;

/** What a training step copies between the host and the device, whichever device it is. */
class TransfersTest {
    private static final int TOKENS = 24;
    private static final int ROWS = 4;

    /** A device that notes what is copied. Kernels are those of the device itself. */
    private record Noting(Device device, List<Integer> written, List<Integer> read) implements Device {
        @Override
        public String name() {
            return device.name();
        }

        @Override
        public String description() {
            return device.description();
        }

        @Override
        public Kernels kernels() {
            return device.kernels();
        }

        @Override
        public Memory allocate(DType dtype, long length, Owner owner) {
            return device.allocate(dtype, length, owner);
        }

        @Override
        public Frozen freeze(MemorySegment source, DType dtype, int rows, int cols) {
            return device.freeze(source, dtype, rows, cols);
        }

        @Override
        public void write(float[] source, Memory target, long at) {
            written.add(source.length);
            device.write(source, target, at);
        }

        @Override
        public void write(int[] source, Memory target, long at) {
            written.add(source.length);
            device.write(source, target, at);
        }

        @Override
        public void read(Memory source, long at, float[] target) {
            read.add(target.length);
            device.read(source, at, target);
        }

        @Override
        public void read(Memory source, long at, int[] target) {
            read.add(target.length);
            device.read(source, at, target);
        }

        @Override
        public MemoryUse memoryUse() {
            return device.memoryUse();
        }

        @Override
        public Device rehearsal() {
            return device.rehearsal();
        }

        @Override
        public void resetPeak() {
            device.resetPeak();
        }

        @Override
        public void close() {
            device.close();
        }
    }

    /** Of three steps, what the last two copied: the first one also makes tables that are kept. */
    private static Noting steps(String name) {
        List<TokenRow> rows = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            int[] ids = new int[TOKENS];
            for (int i = 0; i < TOKENS; i++) {
                ids[i] = (7 * i + 11 * row) % 50;
            }
            rows.add(new TokenRow(ids, ids, null, row));
        }
        Noting noting = new Noting(UsableDevice.open(name), new ArrayList<>(), new ArrayList<>());
        try (Device device = noting;
                Decoder base = Decoder.load(Vectors.path("llama"), device);
                Adapter adapter = MoeLora.create(
                        base, MoeLoraConfig.builder().experts(4).topK(2).rank(4).build())) {
            FineTuner.of(base.with(adapter))
                    .onRows(rows)
                    .config(TrainingConfig.builder()
                            .steps(3L)
                            .batchSize(ROWS)
                            .shuffle(false)
                            .build())
                    .run(new TrainingListener() {
                        @Override
                        public void step(Step step) {
                            if (step.step() == 1) {
                                noting.written.clear();
                                noting.read.clear();
                            }
                        }
                    });
        }
        return noting;
    }

    @Test
    void aStepOnACardSendsTokensAndBringsScalars() {
        Noting noting = steps("opencl:0");
        int batch = ROWS * TOKENS;
        // Ids, positions, labelled positions, targets and the contrastive pairs: each at most a number or two for each
        // token.
        assertThat(noting.written).isNotEmpty().allSatisfy(n -> assertThat(n).isLessThanOrEqualTo(2 * batch));
        assertThat(noting.written.stream().mapToInt(Integer::intValue).sum()).isLessThan(2 * 16 * batch);
        // Losses and the norm of the gradient.
        assertThat(noting.read).isNotEmpty().allSatisfy(n -> assertThat(n).isLessThanOrEqualTo(8));
    }

    @Test
    void theProcessorIsAskedForTheSame() {
        Noting card = steps("opencl:0");
        Noting processor = steps("cpu-simd");
        assertThat(card.written).isEqualTo(processor.written);
        assertThat(card.read).isEqualTo(processor.read);
    }
}
