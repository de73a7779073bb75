package org.moelora.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.engine.InputException;
import org.moelora.testing.Published;

class SafetensorsFileTest {
    private static final String FLOATS = "{'a':{'dtype':'F32','shape':[2,3],'data_offsets':[0,24]}}";

    @TempDir
    Path folder;

    private Path file(String header, int dataBytes) throws IOException {
        byte[] json = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        return file(json.length, json, new byte[dataBytes]);
    }

    private Path file(long length, byte[] header, byte[] data) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(length).put(header).put(data);
        return Files.write(folder.resolve("m.safetensors"), bytes.array());
    }

    private String refusal(Path file) {
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            throw new AssertionError("read " + opened.names());
        } catch (InputException e) {
            assertThat(e.getMessage())
                    .startsWith(file.toString())
                    .contains("; expected ")
                    .doesNotContain("\n");
            return e.getMessage().substring(file.toString().length());
        }
    }

    @Test
    void readsEveryFloatFormat() throws IOException {
        String header = "{'d':{'dtype':'F64','shape':[2],'data_offsets':[0,16]},"
                + "'f':{'dtype':'F32','shape':[1,2],'data_offsets':[16,24]},"
                + "'h':{'dtype':'F16','shape':[2,1],'data_offsets':[24,28]},"
                + "'b':{'dtype':'BF16','shape':[2],'data_offsets':[28,32]},"
                + "'s':{'dtype':'F32','shape':[],'data_offsets':[32,36]},"
                + "'z':{'dtype':'F32','shape':[5,0],'data_offsets':[36,36]},"
                + "'i':{'dtype':'I32','shape':[1],'data_offsets':[36,40]},'__metadata__':{'format':'pt'}}";
        ByteBuffer data = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
        data.putDouble(0.1).putDouble(-1e300).putFloat(0.1f).putFloat(-0.0f);
        data.putShort((short) 0x3C01)
                .putShort((short) 0xFC00)
                .putShort((short) 0x3DCD)
                .putShort((short) 0xFF80);
        data.putFloat(7).putInt(9);
        byte[] json = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);

        try (SafetensorsFile file = SafetensorsFile.open(file(json.length, json, data.array()))) {
            assertThat(file.names()).containsExactly("d", "f", "h", "b", "s", "z", "i");
            assertThat(file.metadata()).containsOnly(java.util.Map.entry("format", "pt"));
            assertThat(file.readFloats("d")).containsExactly(0.1f, Float.NEGATIVE_INFINITY);
            assertThat(file.readFloats("f")).containsExactly(0.1f, -0.0f);
            assertThat(file.readFloats("h")).containsExactly(1.0009766f, Float.NEGATIVE_INFINITY);
            assertThat(file.readFloats("b")).containsExactly(0.100097656f, Float.NEGATIVE_INFINITY);
            assertThat(file.readFloats("s")).containsExactly(7);
            assertThat(file.readFloats("z")).isEmpty();
            assertThat(file.info("h")).hasToString("h F16 [2, 1]");
            assertThat(file.info("z").hasShape(5, 0)).isTrue();
            assertThat(file.segment("i").get(ValueLayout.JAVA_INT_UNALIGNED, 0)).isEqualTo(9);
            assertThat(file.segment("i").isReadOnly()).isTrue();
            assertThatThrownBy(() -> file.readFloats("i"))
                    .hasMessageEndingWith("tensor \"i\" is I32; expected F32, BF16, F16 or F64");
            assertThatThrownBy(() -> file.info("none")).hasMessageContaining("tensor \"none\" is missing");
        }
    }

    @Test
    void readsAllHalves() throws IOException {
        ByteBuffer data = ByteBuffer.allocate(2 << 16).order(ByteOrder.LITTLE_ENDIAN);
        for (int bits = 0; bits < 1 << 16; bits++) {
            data.putShort((short) bits);
        }
        byte[] json = "{\"h\":{\"dtype\":\"F16\",\"shape\":[65536],\"data_offsets\":[0,131072]}}"
                .getBytes(StandardCharsets.UTF_8);

        try (SafetensorsFile file = SafetensorsFile.open(file(json.length, json, data.array()))) {
            float[] values = file.readFloats("h");
            for (int bits = 0; bits < 1 << 16; bits++) {
                assertThat(Float.floatToRawIntBits(values[bits])).isEqualTo(Float.floatToRawIntBits(half(bits)));
            }
        }
    }

    /** Binary16 from its definition: (-1)^s 2^(e - 15) (1 + f / 1024), without the leading 1 where e is 0. */
    private static float half(int bits) {
        int exponent = bits >> 10 & 31;
        int fraction = bits & 1023;
        float sign = (bits & 0x8000) == 0 ? 1 : -1;
        if (exponent == 31) {
            return fraction == 0 ? sign * Float.POSITIVE_INFINITY : Float.float16ToFloat((short) bits);
        }
        double scale = Math.pow(2, (exponent == 0 ? 1 : exponent) - 15);
        return (float) (sign * scale * ((exponent == 0 ? 0 : 1) + fraction / 1024.0));
    }

    @Test
    void keepsNoSegmentAfterClose() throws IOException {
        SafetensorsFile file = SafetensorsFile.open(file(FLOATS, 24));
        var segment = file.segment("a");
        file.close();
        file.close();

        assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'a':{'dtype':'F32','shape':[2,3],'data_offsets':[0,24]}} | 23 | tensor \"a\" ends at byte 24",
                "{'a':{'dtype':'F32','shape':[2,3],'data_offsets':[0,24]}} | 25 | 1 bytes follow the last tensor",
                "{'a':{'dtype':'F32','shape':[2,3],'data_offsets':[0,20]}} | 24 | tensor \"a\" takes 20 bytes; expected 24",
                "{'a':{'dtype':'F32','shape':[6],'data_offsets':[4,28]}} | 28 | tensor \"a\" leaves a hole",
                "{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},'b':{'dtype':'U8','shape':[4],'data_offsets':[3,7]}} | 7 | tensor \"b\" overlaps",
                "{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},'b':{'dtype':'U8','shape':[4],'data_offsets':[0,4]}} | 4 | tensor \"b\" overlaps",
                "{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},'b':{'dtype':'U8','shape':[4],'data_offsets':[5,9]}} | 9 | tensor \"b\" leaves a hole",
                "{'a':{'dtype':'Q4','shape':[2],'data_offsets':[0,1]}} | 1 | tensor \"a\" has dtype \"Q4\"",
                "{'a':{'dtype':'f32','shape':[1],'data_offsets':[0,4]}} | 4 | tensor \"a\" has dtype \"f32\"",
                "{'a':{'dtype':'F4','shape':[3],'data_offsets':[0,2]}} | 2 | tensor \"a\" is F4 [3]; expected a whole number of bytes",
                "{'a':{'dtype':'U8','shape':[-4],'data_offsets':[0,4]}} | 4 | tensor \"a\" has shape [-4]",
                "{'a':{'dtype':'U8','shape':[-1,-4],'data_offsets':[0,4]}} | 4 | tensor \"a\" has shape [-1, -4]",
                "{'a':{'dtype':'U8','shape':[4294967296,4294967296],'data_offsets':[0,0]}} | 0 | tensor \"a\" has shape",
                "{'a':{'dtype':'F32','shape':[2305843009213693952],'data_offsets':[0,0]}} | 0 | tensor \"a\" has shape",
                "{'a':{'dtype':'U8','shape':[9223372036854775808],'data_offsets':[0,4]}} | 4 | field \"a.shape[0]\" is 9223372036854775808",
                "{'a':{'dtype':'U8','shape':[1.5],'data_offsets':[0,4]}} | 4 | field \"a.shape[0]\" is 1.5",
                "{'a':{'dtype':'U8','shape':4,'data_offsets':[0,4]}} | 4 | field \"a.shape\" is 4",
                "{'a':{'dtype':'U8','shape':[4],'data_offsets':[4,0]}} | 4 | tensor \"a\" has data_offsets [4, 0]",
                "{'a':{'dtype':'U8','shape':[4],'data_offsets':[-4,0]}} | 4 | tensor \"a\" has data_offsets [-4, 0]",
                "{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4,8]}} | 4 | tensor \"a\" has data_offsets [0, 4, 8]",
                "{'a':{'dtype':'U8','shape':[4]}} | 4 | field \"a.data_offsets\" is missing",
                "{'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4],'x':1}} | 4 | tensor \"a\" has a field \"x\"",
                "{'a':[]} | 0 | field \"a\" is an array",
                "{'__metadata__':{'n':3}} | 0 | field \"__metadata__.n\" is 3",
                "{'a':{'dtype':'U8','shape':[],'data_offsets':[0,1]},'a':{'dtype':'U8','shape':[],'data_offsets':[1,2]}} | 2 | field \"a\" is there twice",
                "{} | 1 | 1 bytes follow",
                "[] | 0 | found an array",
                "{ | 0 | not valid JSON",
                "{}x | 0 | not valid JSON",
            })
    void refusesAHeaderThatLies(String header, int dataBytes, String expected) throws IOException {
        assertThat(refusal(file(header, dataBytes))).contains(expected);
    }

    @Test
    void refusesWhatIsNoWholeFile() throws IOException {
        assertThat(refusal(folder.resolve("none"))).contains("there is no such file");
        assertThat(refusal(folder)).contains("expected a safetensors file");
        assertThat(refusal(Files.write(folder.resolve("empty"), new byte[0]))).contains("only 0 bytes long");
        assertThat(refusal(Files.write(folder.resolve("seven"), new byte[7]))).contains("only 7 bytes long");
        assertThat(refusal(file(100_000_001, new byte[0], new byte[0]))).contains("claims a header of 100000001 bytes");
        assertThat(refusal(file(-1, new byte[0], new byte[0]))).contains("claims a header of 18446744073709551615");
        assertThat(refusal(file(3, new byte[2], new byte[0]))).contains("where only 2 follow");
        assertThat(refusal(file(1, new byte[] {(byte) 0xFF}, new byte[0]))).contains("not UTF-8");
        assertThat(refusal(file(0, new byte[0], new byte[0]))).contains("found nothing");
    }

    @Test
    void readsBeyondTwoGigabytes() throws IOException {
        Path path = folder.resolve("large.safetensors");
        long bytes = (3L << 30) + 4;
        byte[] json = ("{\"a\":{\"dtype\":\"U8\",\"shape\":[" + (3L << 30) + "],\"data_offsets\":[0," + (3L << 30)
                        + "]}," + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" + (3L << 30) + "," + bytes
                        + "]}}")
                .getBytes(StandardCharsets.UTF_8);
        try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
            ByteBuffer head = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
            sparse.write(head.putLong(json.length).put(json).array());
            sparse.seek(8 + json.length + (3L << 30));
            sparse.writeInt(Integer.reverseBytes(Float.floatToIntBits(2.5f)));
        }

        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.segment("a").byteSize()).isEqualTo(3L << 30);
            assertThat(file.readFloats("b")).containsExactly(2.5f);
        }
    }

    @TestFactory
    Stream<DynamicTest> agreesWithTheReferenceImplementationsCases() {
        Path cases = Published.file("files/safetensors");
        JsonArray all = Json.parse("{\"cases\":" + text(cases.resolve("cases.json")) + "}", "cases.json")
                .array("cases");
        return all.objects().stream()
                .map(c -> DynamicTest.dynamicTest(c.string("name"), () -> {
                    Path file = cases.resolve(c.string("file"));
                    if (c.string("expect").equals("reject")) {
                        refusal(file);
                    } else {
                        SafetensorsFile.open(file).close();
                    }
                }));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
