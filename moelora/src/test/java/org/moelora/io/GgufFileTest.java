package org.moelora.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.engine.InputException;
import org.moelora.testing.Published;

class GgufFileTest {
    private static final int U32 = 4;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    @TempDir
    private Path temp;

    /** A file as the format's specification has it, byte after byte. */
    private static final class Bytes {
        private final ByteBuffer buffer = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

        Bytes begin(int version, long tensors, long keys) {
            buffer.put("GGUF".getBytes(StandardCharsets.UTF_8)).putInt(version);
            buffer.putLong(tensors).putLong(keys);
            return this;
        }

        Bytes text(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            buffer.putLong(bytes.length).put(bytes);
            return this;
        }

        Bytes ints(int... values) {
            for (int value : values) {
                buffer.putInt(value);
            }
            return this;
        }

        Bytes longs(long... values) {
            for (long value : values) {
                buffer.putLong(value);
            }
            return this;
        }

        Bytes aligned(int to) {
            while (buffer.position() % to != 0) {
                buffer.put((byte) 0);
            }
            return this;
        }

        Path in(Path file) throws IOException {
            byte[] bytes = new byte[buffer.position()];
            buffer.flip().get(bytes);
            return Files.write(file, bytes);
        }
    }

    private void refused(Bytes bytes, String... words) throws IOException {
        Path file = bytes.in(temp.resolve("bad.gguf"));
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> GgufFile.open(file))
                .satisfies(e -> assertThat(e.getMessage())
                        .startsWith(file + ": ")
                        .contains(words)
                        .contains("; expected ")
                        .hasLineCount(1));
    }

    @Test
    void readsKeysAndTensors() throws IOException {
        Path file = new Bytes()
                .begin(3, 1, 3)
                .text("name")
                .ints(STRING)
                .text("größer")
                .text("sizes")
                .ints(ARRAY, U32)
                .longs(2)
                .ints(7, -1)
                .text("words")
                .ints(ARRAY, STRING)
                .longs(2)
                .text("a")
                .text("")
                .text("w")
                .ints(2)
                .longs(3, 2)
                .ints(0)
                .longs(0)
                .aligned(32)
                .ints(1, 2, 3, 4, 5, 6)
                .in(temp.resolve("good.gguf"));
        try (GgufFile gguf = GgufFile.open(file)) {
            assertThat(gguf.metadata().string("name")).isEqualTo("größer");
            assertThat(gguf.metadata().strings("words")).containsExactly("a", "");
            assertThat(gguf.metadata().floats("sizes")).containsExactly(7, 0x1p32f);
            assertThat(gguf.info("w")).isEqualTo(new GgufTensor("w", GgmlType.F32, List.of(2L, 3L), 0, 24));
            assertThat(gguf.segment("w").get(ValueLayout.JAVA_INT_UNALIGNED, 20))
                    .isEqualTo(6);
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> gguf.metadata().integers("sizes"))
                    .withMessageContaining("sizes")
                    .withMessageContaining("32 bits");
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> gguf.metadata().integer("name"))
                    .withMessage(file + ": key \"name\" is \"größer\"; expected an integer");
        }
    }

    @Test
    void refusesWhatIsNotWhole() throws IOException {
        refused(new Bytes().begin(3, 0, 1).text("k").ints(STRING).longs(Long.MAX_VALUE), "ends inside", "\"k\"");
        refused(
                new Bytes()
                        .begin(3, 0, 1)
                        .text("k")
                        .ints(ARRAY, U32)
                        .longs(1L << 60)
                        .ints(1),
                "claims",
                "\"k\"");
        refused(new Bytes().begin(3, 0, 1).text("k").ints(ARRAY, ARRAY).longs(1), "array of arrays");
        refused(new Bytes().begin(0x03000000, 0, 0), "big-endian");
        refused(new Bytes().begin(3, 0, 1).text("general.alignment").ints(U32, 24), "general.alignment", "24");
    }

    @Test
    void refusesTensorsOutOfPlace() throws IOException {
        refused(tensor(1, 32, 0, 0).aligned(32), "ends after the file");
        refused(tensor(1, 8, 0, 3).aligned(32).longs(0, 0, 0, 0), "begins at 3");
        refused(tensor(1, 33, 8, 0).aligned(32), "rows of 33", "blocks of 32");
        refused(tensor(1, 1L << 62, 0, 0), "more elements");
        refused(tensor(1, 8, 99, 0), "type 99");
        refused(tensor(5, 8, 0, 0), "5 dimensions");
        refused(
                new Bytes()
                        .begin(3, 2, 0)
                        .text("a")
                        .ints(1)
                        .longs(8)
                        .ints(0)
                        .longs(0)
                        .text("b")
                        .ints(1)
                        .longs(8)
                        .ints(0)
                        .longs(0)
                        .aligned(32)
                        .longs(0, 0, 0, 0),
                "\"b\"",
                "lies on another");
    }

    private static Bytes tensor(int dims, long size, int type, long offset) {
        return new Bytes()
                .begin(3, 1, 0)
                .text("w")
                .ints(dims)
                .longs(size)
                .ints(type)
                .longs(offset);
    }

    @Test
    void opensAndRefusesWhatOthersHaveMade() {
        Path folder = Published.file("files/gguf");
        List<JsonObject> cases = new ArrayList<>();
        JsonRows.read(folder.resolve("cases.json"), cases::add);
        for (JsonObject one : cases) {
            Path file = folder.resolve(one.string("file"));
            if (one.string("expect").equals("accept")) {
                GgufFile.open(file).close();
            } else {
                assertThatExceptionOfType(InputException.class)
                        .as(one.string("name"))
                        .isThrownBy(() -> GgufFile.open(file))
                        .withMessageContaining(file.toString())
                        .withMessageContaining("; expected ");
            }
        }
        assertThat(cases).hasSize(11);
    }

    @Test
    void readsAPublishedModel() {
        Path file = Published.file("models/stories260K/stories260K.gguf");
        try (GgufFile gguf = GgufFile.open(file)) {
            assertThat(gguf.names()).hasSize(48);
            assertThat(gguf.metadata().string("general.architecture")).isEqualTo("llama");
            assertThat(gguf.metadata().integer("llama.block_count")).isEqualTo(5);
            assertThat(gguf.metadata().strings("tokenizer.ggml.tokens"))
                    .hasSize(512)
                    .startsWith("<unk>", "<s>");
            assertThat(gguf.info("blk.0.attn_k.weight").shape()).containsExactly(32L, 64L);
        }
        try (GgufFile gguf = GgufFile.open(Published.file("models/gguf-llama2-tiny-random/llama-2-tiny-random.gguf"))) {
            assertThat(gguf.names()).hasSize(12);
            assertThat(gguf.info("output.weight").type()).isEqualTo(GgmlType.F16);
        }
    }
}
