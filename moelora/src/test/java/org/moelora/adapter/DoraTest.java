package org.moelora.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.FrozenWeight;
import org.moelora.engine.GradientCheck;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Dropout;
import org.moelora.engine.ops.Magnitude;
import org.moelora.engine.random.RandomStream;
import org.moelora.io.SafetensorsFile;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.model.LanguageModel;
import org.moelora.model.Quantization;
import org.moelora.model.Vectors;

/** DoRA's layer against its formula with the weight formed, in double, and the magnitudes that it begins with. */
class DoraTest {
    private static final String LINEAR = "model.layers.0.mlp.up_proj";
    private static final int TOKENS = 7;
    private static final int IN = 19;
    private static final int OUT = 13;
    private static final int RANK = 3;
    private static final double ALPHA = 4;

    private Device device;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-simd", new DeviceOptions(2, true));
    }

    @AfterEach
    void everythingIsGivenBack() {
        assertThat(device.memoryUse().total()).isZero();
        device.close();
    }

    private static float[] normal(int seed, int n) {
        Random random = new Random(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** W0 as it is stored: [in, out], or [out, in]. */
    private FrozenWeight weight(float[] w, boolean transposed) {
        MemorySegment bytes = Arena.ofAuto().allocate((long) w.length * Float.BYTES);
        for (int o = 0; o < OUT; o++) {
            for (int i = 0; i < IN; i++) {
                bytes.setAtIndex(
                        ValueLayout.JAVA_FLOAT_UNALIGNED, transposed ? i * OUT + o : o * IN + i, w[o * IN + i]);
            }
        }
        return transposed
                ? FrozenWeight.transposed(device, bytes, DType.F32, IN, OUT)
                : FrozenWeight.of(device, bytes, DType.F32, OUT, IN);
    }

    /**
     * PEFT's formula: {@code y = W x + bias + (c - 1) .* W x' + c .* s B A x'}, {@code c = m / n}, where n keeps the values that it has at first: a
     * constant in the gradients (Liu et al. 2024, arXiv 2402.09353, section 4.3).
     */
    private static final class Formula implements GradientCheck.Formula {
        private final float[] w;
        private final float[] mask;
        private double[] n;

        Formula(float[] w, float[] mask) {
            this.w = w;
            this.mask = mask;
        }

        @Override
        public double[] apply(double[][] in) {
            double[] x = in[0];
            double[] a = in[1];
            double[] b = in[2];
            double[] m = in[3];
            double[] bias = in[4];
            double s = ALPHA / RANK;
            double[] update = new double[OUT * IN];
            for (int o = 0; o < OUT; o++) {
                for (int i = 0; i < IN; i++) {
                    for (int k = 0; k < RANK; k++) {
                        update[o * IN + i] += s * b[o * RANK + k] * a[k * IN + i];
                    }
                }
            }
            if (n == null) {
                n = new double[OUT];
                for (int o = 0; o < OUT; o++) {
                    for (int i = 0; i < IN; i++) {
                        double v = w[o * IN + i] + update[o * IN + i];
                        n[o] += v * v;
                    }
                    n[o] = Math.sqrt(n[o]);
                }
            }
            double[] y = new double[TOKENS * OUT];
            for (int t = 0; t < TOKENS; t++) {
                for (int o = 0; o < OUT; o++) {
                    double c = m[o] / n[o];
                    double sum = bias[o];
                    for (int i = 0; i < IN; i++) {
                        double whole = x[t * IN + i];
                        double kept = whole * mask[t * IN + i];
                        sum += w[o * IN + i] * whole + (c - 1) * w[o * IN + i] * kept + c * update[o * IN + i] * kept;
                    }
                    y[t * OUT + o] = sum;
                }
            }
            return y;
        }
    }

    @ParameterizedTest
    @CsvSource({"0, false", "0, true", "0.4, false", "0.4, true"})
    void layerAndGradientsAreThoseOfTheFormula(double dropout, boolean transposed) {
        float[] w = normal(1, OUT * IN);
        float[] mask = new float[TOKENS * IN];
        Arrays.fill(mask, 1);
        if (dropout > 0) {
            long key = RandomStream.of(5, 9, LINEAR + "/dropout").key();
            try (Tape tape = Tape.inference(device)) {
                mask = Dropout.apply(tape, tape.constant(mask, TOKENS, IN), (float) dropout, key)
                        .toArray();
            }
            assertThat(mask).contains(0f).contains((float) (1 / (1 - dropout)));
        }
        LinearSite site = new LinearSite(LINEAR, 0, IN, OUT);
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(ALPHA)
                .dropout(dropout)
                .dora(true)
                .build();
        try (FrozenWeight weight = weight(w, transposed);
                ParameterBlock constants =
                        ParameterBlock.builder(device).add("squares", OUT).build()) {
            try (Tape tape = Tape.inference(device)) {
                constants.get("squares").set(Magnitude.squares(tape, weight).toArray());
            }
            GradientCheck.of("dora")
                    .variable(TOKENS, IN)
                    .parameter(RANK, IN)
                    .parameter(OUT, RANK)
                    .parameter(OUT)
                    .parameter(OUT)
                    .on(
                            device,
                            (tape, in) -> new AdapterLayer(
                                            site,
                                            site,
                                            config,
                                            (Parameter) in[1],
                                            (Parameter) in[2],
                                            null,
                                            Map.of(),
                                            Map.of(),
                                            new Dora((Parameter) in[3], constants.get("squares")))
                                    .apply(tape, AdapterPass.training(LossSettings.NONE, 5, 9), in[0], weight, in[4]),
                            new Formula(w, mask))
                    .require(5e-6, 2e-5);
        }
    }

    /** Magnitudes in the beginning are those of the rows in the file. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2-bf16"})
    void magnitudesBeginAsThoseOfTheRows(String model) {
        LoraConfig config = LoraConfig.builder().dora(true).build();
        try (Decoder base = Decoder.load(Vectors.path(model), device);
                Adapter adapter = Adapter.create(base, config, 1);
                SafetensorsFile file = SafetensorsFile.open(Vectors.path(model).resolve("model.safetensors"))) {
            assertThat(adapter.modules()).hasSizeGreaterThan(2);
            for (LinearSite site : adapter.sites()) {
                assertThat(adapter.magnitudes(site)).hasSize(site.out());
                assertMagnitudes(adapter, site, file.readFloats(site.name() + ".weight"), 1e-6);
            }
        }
    }

    private static void assertMagnitudes(Adapter adapter, LinearSite site, float[] weight, double tolerance) {
        for (int o = 0; o < site.out(); o++) {
            double sum = 0;
            for (int i = 0; i < site.in(); i++) {
                double value = weight[o * site.in() + i];
                sum += value * value;
            }
            double length = Math.sqrt(sum);
            assertThat((double) adapter.magnitudes(site)[o]).isCloseTo(length, within(tolerance * length));
        }
    }

    /** On blocks, rows are those that kernels multiply with, which are near those of the file. */
    @ParameterizedTest
    @CsvSource({"Q8_0, 0.01", "Q4_0, 0.1"})
    void aBaseInBlocksHasTheMagnitudesOfItsBlocks(Quantization quantization, double near) {
        LoraConfig config = LoraConfig.builder().dora(true).build();
        Path model = Vectors.path("qwen2-bf16"); // rows of 32, which is one block
        try (Decoder base = Decoder.load(model, device, quantization);
                Decoder floats = Decoder.load(model, device);
                Adapter adapter = Adapter.create(base, config, 1);
                Adapter onFloats = Adapter.create(floats, config, 1);
                SafetensorsFile file = SafetensorsFile.open(model.resolve("model.safetensors"))) {
            assertThat(logits(base, adapter)).isEqualTo(logits(base, null));
            for (LinearSite site : adapter.sites()) {
                assertThat(adapter.magnitudes(site)).isNotEqualTo(onFloats.magnitudes(site));
                assertMagnitudes(adapter, site, file.readFloats(site.name() + ".weight"), near);
            }
        }
    }

    private float[] logits(Decoder base, Adapter adapter) {
        int[] ids = {1, 35, 48, 71, 66, 70, 6};
        try (Tape tape = Tape.inference(device)) {
            var view = adapter == null ? base.plain() : base.with(adapter);
            Tensor hidden = view.hidden(tape, AdapterPass.inference(), ids, new int[] {0, 4, 7});
            return view.logits(tape, hidden, 3, 6).toArray();
        }
    }

    /** Factors are kept over the tokens of one text, and made anew for the next. */
    @Test
    void textsAreThoseOfPassesWithoutMemory() {
        LoraConfig config = LoraConfig.builder().rank(3).dora(true).build();
        try (Decoder base = Decoder.load(Vectors.path("llama"), device);
                Adapter adapter = Adapter.create(base, config, 1)) {
            Generation generation = Generation.of(base.with(adapter), new GenerationOptions(8, 0, 0, 1, 0, false));
            List<int[]> texts = new ArrayList<>();
            for (int round = 1; round <= 3; round++) {
                for (Parameter parameter : adapter.parameters().parameters()) {
                    parameter.set(
                            normal(round, Math.toIntExact(parameter.shape().size())));
                }
                int[] written = generation
                        .ids(List.of(new int[] {1, 35, 48}), (sequence, id) -> true)
                        .getFirst();
                int[] all = {1, 35, 48};
                for (int id : written) {
                    assertThat(id).isEqualTo(mostProbable(base.with(adapter), all));
                    all = Arrays.copyOf(all, all.length + 1);
                    all[all.length - 1] = id;
                }
                texts.add(written);
            }
            assertThat(texts).doesNotHaveDuplicates();
            assertThat(texts.getFirst()).hasSizeGreaterThan(3);
        }
    }

    private int mostProbable(LanguageModel view, int[] ids) {
        try (Tape tape = Tape.inference(device)) {
            Tensor hidden = view.hidden(tape, AdapterPass.inference(), ids, new int[] {0, ids.length});
            float[] logits = view.logits(tape, hidden, ids.length - 1).toArray();
            return IntStream.range(0, logits.length)
                    .boxed()
                    .max(Comparator.comparingDouble(i -> logits[i]))
                    .orElseThrow();
        }
    }

    /** A row of zeros stays one until B says otherwise. */
    @Test
    void aRowOfZerosHasALengthAllTheSame() {
        float[] w = normal(1, OUT * IN);
        Arrays.fill(w, 2 * IN, 3 * IN, 0);
        try (FrozenWeight weight = weight(w, false);
                Tape tape = Tape.inference(device)) {
            float[] squares = Magnitude.squares(tape, weight).toArray();
            assertThat(squares[2]).isZero();
            squares[2] = Float.MIN_NORMAL;
            Tensor of = tape.constant(squares, OUT);
            float[] c = Magnitude.factors(
                            tape,
                            weight,
                            of,
                            tape.constant(normal(2, RANK * IN), RANK, IN),
                            tape.constant(new float[OUT * RANK], OUT, RANK),
                            Magnitude.norms(tape, of),
                            1)
                    .toArray();
            assertThat(c).containsOnly(1f);
        }
    }
}
