package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.io.JsonWriter;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.testing.Heap;

/** What loading takes, and that shards are the file they were cut from. */
class LoadingTest {
    private static final int[] IDS = {1, 7, 19, 3, 3, 28, 30, 11, 2, 25};

    @TempDir
    private Path temp;

    /** A checkpoint of 146 MB, all zeros, of which the disk keeps none. */
    private static long large(Path folder) throws IOException {
        Files.createDirectories(folder);
        Path config = folder.resolve("config.json");
        Files.writeString(config, """
                {"model_type": "llama", "hidden_size": 1024, "intermediate_size": 1024, "num_hidden_layers": 1,
                 "vocab_size": 65536, "num_attention_heads": 8, "num_key_value_heads": 2, "rms_norm_eps": 1e-6,
                 "max_position_embeddings": 64, "tie_word_embeddings": true}""");
        Map<String, Object> header = new LinkedHashMap<>();
        long end = 0;
        for (Weights.Stored stored : Weights.stored(DecoderConfig.read(config)).values()) {
            long[] shape = stored.storedShape();
            long bytes = 2 * RandomCheckpoint.size(shape);
            header.put(
                    stored.name(),
                    Map.of("dtype", "BF16", "shape", shape, "data_offsets", new long[] {end, end + bytes}));
            end += bytes;
        }
        byte[] json = JsonWriter.line(header).getBytes(StandardCharsets.UTF_8);
        try (RandomAccessFile file =
                new RandomAccessFile(folder.resolve("model.safetensors").toFile(), "rw")) {
            file.write(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(json.length)
                    .array());
            file.write(json);
            file.setLength(Long.BYTES + json.length + end);
            return file.length();
        }
    }

    /** Beside the mapping there are leases of the device, the heap, and with blocks these. */
    @Test
    void loadingTakesLessThanATwentiethOfTheFileBesideItsMapping() throws Exception {
        Path folder = temp.resolve("large");
        long file = large(folder);
        assertThat(file).isGreaterThan(130_000_000);
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(1, false))) {
            Decoder.load(RandomCheckpoint.write(temp.resolve("warm"), "qwen3"), device)
                    .close(); // what classes take
            long heap = Heap.allocatedBytes();
            long reserved = device.memoryUse().reserved();
            try (Decoder decoder = Decoder.load(folder, device)) {
                long taken = Heap.allocatedBytes() - heap + device.memoryUse().reserved() - reserved;
                assertThat(decoder.mappedBytes()).isGreaterThan(file * 99 / 100);
                assertThat(taken).isPositive().isLessThan(file / 20);
            }
            heap = Heap.allocatedBytes();
            try (Decoder decoder = Decoder.load(folder, device, Quantization.Q4_0)) {
                assertThat(decoder.mappedBytes()).as("bytes of blocks").isLessThan(file * 55 / 100);
                assertThat(Heap.allocatedBytes() - heap).isPositive().isLessThan(file / 20);
            }
        }
    }

    @Test
    void shardsAreTheFileTheyWereCutFrom() throws IOException {
        Path whole = RandomCheckpoint.write(temp.resolve("whole"), "qwen3");
        Path cut = Files.createDirectories(temp.resolve("cut"));
        Files.copy(whole.resolve("config.json"), cut.resolve("config.json"));
        Map<String, String> map = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(whole.resolve("model.safetensors"))) {
            for (int shard = 0; shard < 3; shard++) {
                String name = "model-0000" + (shard + 1) + "-of-00003.safetensors";
                SafetensorsWriter part = new SafetensorsWriter();
                int i = 0;
                for (String tensor : file.names()) {
                    if (i++ % 3 == shard) {
                        part.f32(tensor, file.info(tensor).shape(), file.readFloats(tensor));
                        map.put(tensor, name);
                    }
                }
                part.write(cut.resolve(name));
            }
        }
        Files.writeString(cut.resolve("model.safetensors.index.json"), JsonWriter.line(Map.of("weight_map", map)));
        try (Decoder one = Decoder.load(whole);
                Decoder other = Decoder.load(cut)) {
            assertThat(Logits.ofWhole(other.plain(), IDS)).isDeepEqualTo(Logits.ofWhole(one.plain(), IDS));
            assertThat(other.fingerprint()).isEqualTo(one.fingerprint());
        }
    }
}
