package org.moelora.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.engine.InputException;
import org.moelora.testing.Published;

class SafetensorsWriterTest {
    @TempDir
    Path folder;

    @Test
    void writesTheBytesOfTheFormat() throws IOException {
        Path file = folder.resolve("a.safetensors");
        new SafetensorsWriter().f32("a", new long[] {2}, new float[] {1, -2}).write(file);

        byte[] expected = ("8\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}" + "  "
                        + "\0\0\u0080?\0\0\0\u00C0")
                .getBytes(StandardCharsets.ISO_8859_1);
        assertThat(Files.readAllBytes(file)).isEqualTo(expected);
    }

    @Test
    void writesTheReferenceImplementationsBytes() throws IOException {
        Path reference = Published.file("files/safetensors/ok_f32_forced_alignment.safetensors");
        Path file = folder.resolve("a.safetensors");
        try (SafetensorsFile read = SafetensorsFile.open(reference)) {
            SafetensorsWriter writer = new SafetensorsWriter();
            read.names().forEach(n -> writer.f32(n, read.info(n).shape(), read.readFloats(n)));
            writer.write(file);
        }

        assertThat(file).hasSameBinaryContentAs(reference);
    }

    @Test
    void readsBackWhatItWrote() {
        Path file = folder.resolve("a.safetensors");
        int count = 200_003;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bits = arena.allocate(4L * count, 4);
            for (int i = 0; i < count; i++) {
                bits.setAtIndex(ValueLayout.JAVA_INT, i, i * 0x9E3779B9);
            }
            bits.setAtIndex(ValueLayout.JAVA_INT, 0, 0x7F800001);
            new SafetensorsWriter()
                    .bf16("narrow \"ü\"", new long[] {1, count}, bits)
                    .f32("wide", new long[] {count}, bits)
                    .f32("scalar", new long[0], new float[] {3})
                    .f32("none", new long[] {3, 0}, new float[0])
                    .metadata("format", "pt")
                    .write(file);

            try (SafetensorsFile read = SafetensorsFile.open(file)) {
                assertThat(read.names()).containsExactly("narrow \"ü\"", "wide", "scalar", "none");
                assertThat(read.metadata()).containsEntry("format", "pt");
                assertThat(read.info("narrow \"ü\"").type()).isEqualTo(StoredType.BF16);
                assertThat(read.segment("wide").mismatch(bits)).isEqualTo(-1);
                assertThat(read.readFloats("scalar")).containsExactly(3);
                assertThat(read.info("none").hasShape(3, 0)).isTrue();
                assertThat(read.segment("wide").address() % 4).isZero();
                MemorySegment narrow = read.segment("narrow \"ü\"");
                for (int i = 0; i < count; i++) {
                    float value = Float.intBitsToFloat(bits.getAtIndex(ValueLayout.JAVA_INT, i));
                    assertThat(narrow.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i))
                            .isEqualTo(Bfloat16.fromFloat(value));
                }
            }
        }
    }

    /** Piece by piece, across the pieces that go to the disk, rounded as the standard says; and bytes of other types as they are. */
    @Test
    void asksForValuesPieceByPiece() {
        Path file = folder.resolve("a.safetensors");
        int count = 150_001;
        byte[] packed = {1, -2, 3};
        SafetensorsWriter.Values thirds = (from, into) -> {
            for (int i = 0; i < into.length; i++) {
                into[i] = (from + i) / 3f;
            }
        };
        long[] shape = {count};
        new SafetensorsWriter()
                .bytes("bytes", StoredType.I8, new long[] {3}, MemorySegment.ofArray(packed))
                .bytes("long", StoredType.I8, new long[] {count * 4L}, MemorySegment.ofArray(new byte[count * 4]))
                .values("f16", StoredType.F16, shape, 1000, thirds)
                .values("bf16", StoredType.BF16, shape, 1, thirds)
                .values("f32", StoredType.F32, shape, count * 2, thirds)
                .values("none", StoredType.F32, new long[] {0}, 7, (from, into) -> {
                    throw new AssertionError("there is nothing to ask for");
                })
                .write(file);

        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(read.segment("bytes").toArray(ValueLayout.JAVA_BYTE)).isEqualTo(packed);
            float[] f32 = read.readFloats("f32");
            float[] f16 = read.readFloats("f16");
            float[] bf16 = read.readFloats("bf16");
            for (int i = 0; i < count; i++) {
                assertThat(f32[i]).isEqualTo(i / 3f);
                assertThat(f16[i]).isEqualTo(Float.float16ToFloat(Float.floatToFloat16(i / 3f)));
                assertThat(bf16[i]).isEqualTo(Bfloat16.toFloat(Bfloat16.fromFloat(i / 3f)));
            }
        }
    }

    @Test
    void replacesAFileOnlyWhenAllIsWritten() throws IOException {
        Path file = Files.writeString(folder.resolve("a.safetensors"), "old");
        MemorySegment gone;
        try (Arena arena = Arena.ofConfined()) {
            gone = arena.allocate(16);
        }
        SafetensorsWriter failing =
                new SafetensorsWriter().f32("a", new long[] {1}, new float[1]).f32("b", new long[] {4}, gone);

        assertThatThrownBy(() -> failing.write(file)).isInstanceOf(IllegalStateException.class);
        assertThat(file).hasContent("old");
        assertThat(folder).isDirectoryContaining(p -> p.equals(file)).isDirectoryNotContaining("glob:**.part");

        new SafetensorsWriter().write(file);
        assertThat(Files.size(file)).isEqualTo(16);
    }

    @Test
    void namesAPlaceThatCannotBeWritten() throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter();
        Path nowhere = folder.resolve("none").resolve("a.safetensors");
        assertThatThrownBy(() -> writer.write(nowhere))
                .isInstanceOf(InputException.class)
                .hasMessage(nowhere + ": there is no such file or folder; expected a place that can be written");
        assertThatThrownBy(() -> writer.write(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("this is a folder");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void refusesTensorsThatDoNotFitTheirShape() {
        SafetensorsWriter writer = new SafetensorsWriter().f32("a", new long[] {1}, new float[1]);

        assertThatThrownBy(() -> writer.f32("b", new long[] {2}, new float[3]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.f32("b", new long[] {-1, -3}, new float[3]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.f32("a", new long[] {1}, new float[1]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.bytes("b", StoredType.I8, new long[] {2}, MemorySegment.ofArray(new byte[3])))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.values("b", StoredType.I8, new long[] {2}, 1, (from, into) -> {}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.values("b", StoredType.F32, new long[] {2}, 0, (from, into) -> {}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.f32("__metadata__", new long[] {1}, new float[1]))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
