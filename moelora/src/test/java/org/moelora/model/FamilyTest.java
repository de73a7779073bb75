package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.Lora;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;

/** Families of models that have no published checkpoint small enough, made of random numbers. */
class FamilyTest {
    private static final int[] IDS = {1, 7, 19, 3, 3, 28, 30, 11, 2, 25};

    @TempDir
    private Path temp;

    private Path random(String family) throws IOException {
        return RandomCheckpoint.write(temp.resolve(family), family);
    }

    /** {@code -log p} of each next token, and with a tape its gradient. */
    private static double loss(LanguageModel model, boolean backward) {
        int[] positions = new int[IDS.length - 1];
        int[] targets = new int[IDS.length - 1];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = i;
            targets[i] = IDS[i + 1];
        }
        Device device = model.decoder().device();
        try (Tape tape = backward ? Tape.recording(device) : Tape.inference(device)) {
            AdapterPass pass = backward ? AdapterPass.training(LossSettings.NONE, 0, 0) : AdapterPass.inference();
            Tensor hidden = model.hidden(tape, pass, IDS, new int[] {0, IDS.length});
            if (!backward) {
                double sum = 0;
                for (float logP : model.logProbabilities(tape, hidden, positions, targets)) {
                    sum -= logP;
                }
                return sum;
            }
            Tensor loss = model.loss(tape, hidden, positions, targets, 1);
            tape.backward(loss);
            return loss.toArray()[0];
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"phi3", "gemma3_text", "gpt2", "qwen3"})
    void theGradientOfAnAdapterIsTheSlopeOfTheLoss(String family) throws IOException {
        Path folder = random(family);
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, true));
                Decoder decoder = Decoder.load(folder, device)) {
            List<String> targets = decoder.linears().stream()
                    .map(site -> site.projection())
                    .distinct()
                    .toList();
            // Without a router, whose choice of experts is a step that has no slope.
            LoraConfig config = LoraConfig.builder().rank(2).targets(targets).build();
            try (Adapter adapter = Lora.create(decoder, config)) {
                Random random = new Random(3);
                List<float[]> values = new ArrayList<>();
                List<float[]> direction = new ArrayList<>();
                for (Parameter parameter : adapter.parameters().parameters()) {
                    values.add(gaussian(random, parameter, 0.2f));
                    direction.add(gaussian(random, parameter, 1));
                }
                LanguageModel model = decoder.with(adapter);
                step(adapter, values, direction, 0);
                adapter.parameters().startTraining();
                loss(model, true);
                double slope = 0;
                int p = 0;
                for (Parameter parameter : adapter.parameters().parameters()) {
                    float[] gradient = parameter.gradientArray();
                    for (int i = 0; i < gradient.length; i++) {
                        slope += (double) gradient[i] * direction.get(p)[i];
                    }
                    p++;
                }
                double h = 1e-4; // the loss bends: at ten times this the quotient is off by a quarter
                step(adapter, values, direction, h);
                double above = loss(model, false);
                step(adapter, values, direction, -h);
                double below = loss(model, false);
                assertThat(slope)
                        .isNotZero()
                        .isCloseTo((above - below) / (2 * h), within(Math.abs(slope) * 0.01 + 0.02));
            }
        }
    }

    private static float[] gaussian(Random random, Parameter parameter, float scale) {
        float[] values = new float[(int) parameter.shape().size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() * scale;
        }
        return values;
    }

    private static void step(Adapter adapter, List<float[]> values, List<float[]> direction, double h) {
        int p = 0;
        for (Parameter parameter : adapter.parameters().parameters()) {
            float[] moved = values.get(p).clone();
            for (int i = 0; i < moved.length; i++) {
                moved[i] += (float) (h * direction.get(p)[i]);
            }
            parameter.set(moved);
            p++;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"phi3", "gemma3_text", "gpt2", "qwen3"})
    void aCacheChangesNoLogits(String family) throws IOException {
        try (Decoder decoder = Decoder.load(random(family))) {
            float[][] whole = Logits.ofWhole(decoder.plain(), IDS);
            float[][] cached = Logits.oneByOne(decoder.plain(), IDS);
            for (int t = 0; t < IDS.length; t++) {
                assertThat(cached[t]).as("token %d", t).containsExactly(whole[t], within(2e-5f));
            }
        }
    }

    /** Phi-3 is Llama with its linears side by side. */
    @Test
    void phi3IsLlamaWithFusedLinears() throws IOException {
        Path folder = random("phi3");
        Path llama = Files.createDirectories(temp.resolve("llama"));
        Files.writeString(
                llama.resolve("config.json"),
                Files.readString(folder.resolve("config.json"))
                        .replace("\"phi3\"", "\"mistral\", \"rms_norm_eps\": 1e-5"));
        Map<String, float[]> fused = new TreeMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            file.names().forEach(name -> fused.put(name, file.readFloats(name)));
        }
        SafetensorsWriter apart = new SafetensorsWriter();
        Weights.stored(DecoderConfig.read(llama.resolve("config.json"))).forEach((name, stored) -> {
            String whole = name.replaceFirst("[qkv]_proj", "qkv_proj").replaceFirst("(gate|up)_proj", "gate_up_proj");
            int from = name.contains("k_proj") ? 16 : name.contains("v_proj") ? 24 : name.contains("up_proj") ? 20 : 0;
            float[] all = fused.get(whole);
            float[] part = new float[(int) RandomCheckpoint.size(stored.storedShape())];
            System.arraycopy(all, whole.equals(name) ? 0 : from * 16, part, 0, part.length);
            apart.f32(name, stored.storedShape(), part);
        });
        apart.write(llama.resolve("model.safetensors"));
        try (Decoder one = Decoder.load(folder);
                Decoder other = Decoder.load(llama)) {
            float[][] expected = Logits.ofWhole(other.plain(), IDS);
            float[][] logits = Logits.ofWhole(one.plain(), IDS);
            for (int t = 0; t < IDS.length; t++) {
                assertThat(logits[t]).containsExactly(expected[t], within(1e-5f));
            }
        }
    }

    @Test
    void gpt2IsReadWithoutTheFirstPartOfItsNames() throws IOException {
        Path folder = random("gpt2");
        float[][] expected;
        try (Decoder decoder = Decoder.load(folder)) {
            expected = Logits.ofWhole(decoder.plain(), IDS);
        }
        Path file = folder.resolve("model.safetensors");
        SafetensorsWriter shorter = new SafetensorsWriter();
        try (SafetensorsFile whole = SafetensorsFile.open(file)) {
            for (String name : whole.names()) {
                shorter.f32(
                        name.replaceFirst("transformer\\.", ""),
                        whole.info(name).shape(),
                        whole.readFloats(name));
            }
        }
        Files.delete(file);
        shorter.write(file);
        try (Decoder decoder = Decoder.load(folder)) {
            assertThat(Logits.ofWhole(decoder.plain(), IDS)).isDeepEqualTo(expected);
        }
    }

    /** The last token is never given a position of its own. */
    @Test
    void aTextEndsWhereLearnedPositionsDo() throws IOException {
        try (Decoder decoder = Decoder.load(random("gpt2"))) {
            int[] more = Generation.of(decoder.plain(), GenerationOptions.GREEDY.withMaxTokens(40))
                    .ids(List.of(new int[] {1, 7, 19}), (sequence, id) -> true)
                    .getFirst();
            assertThat(more).hasSize(10);
        }
    }

    @Test
    void aTextLongerThanLearnedPositionsIsRefused() throws IOException {
        try (Decoder decoder = Decoder.load(random("gpt2"))) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> Logits.ofWhole(decoder.plain(), new int[13]))
                    .withMessage(
                            "a text has more than 12 tokens; expected at most as many, which is all that this model"
                                    + " has positions for");
        }
    }
}
