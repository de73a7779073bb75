package org.moelora.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.testing.Published;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/** Block formats: the bytes that GGML makes, and the numbers that they stand for. */
class QuantizerTest {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** What a device reads from blocks, row by row. */
    private static float[] read(String device, MemorySegment blocks, DType dtype, int rows, int cols) {
        try (Device open = Devices.open(device, new DeviceOptions(1, true));
                FrozenWeight weight = FrozenWeight.of(open, blocks, dtype, rows, cols);
                Memory ids = open.allocate(DType.I32, rows, Owner.TAPE);
                Memory out = open.allocate(DType.F32, (long) rows * cols, Owner.TAPE)) {
            int[] all = new int[rows];
            Arrays.setAll(all, i -> i);
            open.write(all, ids, 0);
            open.kernels().tokens().embed(rows, ids, weight.frozen(), out);
            float[] values = new float[rows * cols];
            open.read(out, 0, values);
            return values;
        }
    }

    private static float[] floats(byte[] bytes) {
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    /** Numbers from -1 to 1 and what GGML makes of them; an element is off by half of its step at most, and 4 bits have one more step below than above 0. */
    @ParameterizedTest
    @CsvSource({
        "Q8_0, 64, 0.0045",
        "Q4_0, 64, 0.1251",
        "Q4_1, 64, 0.0668",
        "Q5_0, 64, 0.0626",
        "Q5_1, 64, 0.0324",
        "Q4_K, 512, 0.09",
        "Q5_K, 512, 0.045",
        "Q6_K, 512, 0.036"
    })
    void publishedBlocksAreTheNumbersTheyWereMadeOf(DType dtype, int cols, double off) throws IOException {
        Path folder = Published.file("files/ggml-quants");
        String name = dtype.toString().toLowerCase(Locale.ROOT) + "_" + cols + "_noim_";
        float[] input = floats(Files.readAllBytes(folder.resolve(name + "input.bin")));
        byte[] blocks = Files.readAllBytes(folder.resolve(name + "expected.bin"));
        assertThat((long) blocks.length).isEqualTo(dtype.bytes(input.length));
        float[] plain = read("cpu-plain", MemorySegment.ofArray(blocks), dtype, input.length / cols, cols);
        assertThat(plain).containsExactly(input, within((float) off));
        float[] simd = read("cpu-simd", MemorySegment.ofArray(blocks), dtype, input.length / cols, cols);
        assertThat(simd).isEqualTo(plain);
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"Q8_0", "Q4_0"})
    void blocksAreTheBytesThatGgmlMakes(DType dtype) throws IOException {
        Path folder = Published.file("files/ggml-quants");
        String name = dtype.toString().toLowerCase(Locale.ROOT) + "_64_noim_";
        byte[] input = Files.readAllBytes(folder.resolve(name + "input.bin"));
        byte[] expected = Files.readAllBytes(folder.resolve(name + "expected.bin"));
        byte[] blocks = new byte[expected.length];
        Quantizer.quantize(
                MemorySegment.ofArray(input),
                DType.F32,
                input.length / Float.BYTES,
                dtype,
                MemorySegment.ofArray(blocks));
        assertThat(blocks).isEqualTo(expected);
    }

    /** Blocks of very different size, zeros among them. */
    @ParameterizedTest
    @ValueSource(strings = {"F32", "BF16", "F16"})
    void anElementIsOffByLittleOfItsBlocksLargest(DType from) {
        int n = 32 * 40;
        Random random = new Random(5);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = arena.allocate(from.bytes(n) + 1).asSlice(1);
            float[] values = new float[n];
            for (int i = 0; i < n; i++) {
                float value = i < 32 ? 0 : (float) (random.nextGaussian() * Math.pow(2, i / 32 % 20 - 10));
                int bits = Float.floatToRawIntBits(value);
                switch (from) {
                    case F32 -> source.set(FLOAT, 4L * i, value);
                    case BF16 -> source.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) (bits >>> 16));
                    default -> source.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, Float.floatToFloat16(value));
                }
                values[i] = switch (from) {
                    case F32 -> value;
                    case BF16 -> Float.intBitsToFloat(bits & 0xFFFF0000);
                    default -> Float.float16ToFloat(Float.floatToFloat16(value));
                };
            }
            for (DType to : new DType[] {DType.Q8_0, DType.Q4_0}) {
                MemorySegment blocks = arena.allocate(to.bytes(n));
                Quantizer.quantize(source, from, n, to, blocks);
                float[] read = read("cpu-plain", blocks, to, n / 32, 32);
                double share = to == DType.Q8_0 ? 0.5 / 127 : 1.0 / 8;
                for (int block = 0; block < n / 32; block++) {
                    float most = 0;
                    for (int i = 0; i < 32; i++) {
                        most = Math.max(most, Math.abs(values[block * 32 + i]));
                    }
                    for (int i = block * 32; i < block * 32 + 32; i++) {
                        // Binary16 keeps a scale to 1 in 2048, or to 2^-25 where it is tiny.
                        assertThat(read[i]).isCloseTo(values[i], within((float) (most * (share + 0.0005) + 127e-7)));
                    }
                }
            }
        }
    }

    @Test
    void whatIsNoNumberIsRefused() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 3e38f}) {
            MemorySegment source = MemorySegment.ofArray(new byte[128]);
            source.set(FLOAT, 28, bad);
            assertThatExceptionOfType(ArithmeticException.class)
                    .isThrownBy(() ->
                            Quantizer.quantize(source, DType.F32, 32, DType.Q8_0, MemorySegment.ofArray(new byte[34])));
        }
    }
}
