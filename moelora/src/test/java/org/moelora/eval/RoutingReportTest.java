package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.adapter.RouterStatistics;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Vectors;
import org.moelora.train.FineTuner;
import org.moelora.train.TrainingConfig;

class RoutingReportTest {
    private static final List<String> TASKS = List.of("add", "sort", "sub");
    private static final int RANK = 2;

    private Device device;
    private Decoder base;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-simd", new DeviceOptions(2, true));
        base = Decoder.load(Vectors.path("llama"), device);
    }

    @AfterEach
    void everythingIsGivenBack() {
        base.close();
        assertThat(device.memoryUse().total()).isZero();
        device.close();
    }

    private static MoeLoraConfig.Builder mixture() {
        return MoeLoraConfig.builder().experts(4).rank(RANK);
    }

    static Stream<Arguments> gates() {
        return Stream.of(
                Arguments.of("top-k", mixture().build()),
                Arguments.of("top-k-raw", mixture().renormalise(false).build()),
                Arguments.of("top-1", mixture().topK(1).renormalise(false).build()),
                Arguments.of("dense", mixture().gate(new GatePolicy.Dense()).build()),
                Arguments.of(
                        "shared A",
                        mixture().gate(new GatePolicy.Dense()).sharedA(true).build()),
                Arguments.of(
                        "threshold",
                        mixture().gate(new GatePolicy.Threshold(0.7)).build()),
                Arguments.of(
                        "task",
                        mixture().gate(new GatePolicy.TaskGate(TASKS, 5)).build()),
                Arguments.of("prompt", mixture().router(new Router.Prompt()).build()),
                Arguments.of(
                        "dense prompt",
                        mixture()
                                .router(new Router.Prompt())
                                .gate(new GatePolicy.Dense())
                                .build()),
                Arguments.of(
                        "by layer", mixture().expertsPerLayer(List.of(2, 4)).build()));
    }

    /** What one linear's pass looked like, laid out in full. */
    private record Seen(double[][] g, double[][] p, double[][][] v, String[] task) {}

    /** Outputs are formed, and every pair of tokens is looked at. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("gates")
    void numbersAreThoseOfTheDefinitions(String name, MoeLoraConfig config) {
        List<TokenRow> rows = rows();
        try (Adapter adapter = random(config)) {
            Map<String, Seen> seen = new LinkedHashMap<>();
            Batch batch = Batch.of(rows);
            AdapterPass pass = AdapterPass.observed((module, u, b, routing) -> {
                        double[][] ofB = matrix(b.toArray(), u.shape().cols());
                        double[][] ofU = matrix(u.toArray(), u.shape().cols());
                        int experts = routing.gate().shape().cols();
                        seen.put(
                                module,
                                new Seen(
                                        matrix(routing.gate().toArray(), experts),
                                        matrix(routing.p().toArray(), experts),
                                        outputs(ofU, ofB, experts),
                                        tasks(batch)));
                    })
                    .withRows(batch.layout());
            try (Tape tape = Tape.inference(device)) {
                base.with(adapter).hidden(tape, pass, batch.ids(), batch.starts());
            }
            RoutingReport report = RoutingReport.measure(base.with(adapter), rows, 3);
            assertThat(report.tasks()).isEqualTo(TASKS);
            assertThat(report.linears().stream().map(linear -> linear.site().name()))
                    .containsExactlyElementsOf(adapter.modules());
            report.linears()
                    .forEach(linear -> hold(linear, seen.get(linear.site().name())));
        }
    }

    private static void hold(LinearRouting linear, Seen seen) {
        int tokens = seen.g.length;
        int experts = linear.experts();
        double[][] w = new double[tokens][experts];
        double entropy = 0;
        double all = 0;
        for (int t = 0; t < tokens; t++) {
            double sum = 0;
            for (int e = 0; e < experts; e++) {
                sum += seen.g[t][e];
                entropy -= seen.p[t][e] * Math.log(seen.p[t][e]) / Math.log(2) / tokens;
            }
            for (int e = 0; e < experts; e++) {
                w[t][e] = sum == 0 ? 0 : seen.g[t][e] / sum;
                all += w[t][e];
            }
        }
        assertThat(linear.entropy()).isCloseTo(entropy, within(1e-9));
        assertThat(linear.information()).isCloseTo(information(w, seen.task, experts), within(1e-9));
        double between = 0;
        double betweenWeights = 0;
        for (int e = 0; e < experts; e++) {
            double load = 0;
            double within = 0;
            double withinWeights = 0;
            for (int t = 0; t < tokens; t++) {
                load += w[t][e] / all;
                for (int s = 0; s < tokens && w[t][e] > 0; s++) {
                    if (s != t && w[s][e] > 0) {
                        within += w[t][e] * w[s][e] * cosine(seen.v[t][e], seen.v[s][e]);
                        withinWeights += w[t][e] * w[s][e];
                    }
                }
                for (int f = 0; f < e; f++) {
                    if (w[t][e] * w[t][f] > 0) {
                        between += w[t][e] * w[t][f] * cosine(seen.v[t][e], seen.v[t][f]);
                        betweenWeights += w[t][e] * w[t][f];
                    }
                }
            }
            assertThat(linear.load()[e]).isCloseTo(load, within(1e-9));
            same(linear.within()[e], within / withinWeights);
            same(linear.effectiveRanks()[e], effectiveRank(w, seen.v, e));
        }
        same(linear.between(), between / betweenWeights);
    }

    private static void same(double measured, double expected) {
        if (Double.isNaN(expected)) {
            assertThat(measured).isNaN();
        } else {
            assertThat(measured).isCloseTo(expected, within(1e-6));
        }
    }

    private static double information(double[][] w, String[] task, int experts) {
        double[][] q = new double[TASKS.size()][experts];
        for (int a = 0; a < TASKS.size(); a++) {
            double sum = 0;
            for (int t = 0; t < w.length; t++) {
                for (int e = 0; e < experts && TASKS.get(a).equals(task[t]); e++) {
                    q[a][e] += w[t][e];
                    sum += w[t][e];
                }
            }
            for (int e = 0; e < experts; e++) {
                q[a][e] /= sum * TASKS.size();
            }
        }
        double information = 0;
        for (int e = 0; e < experts; e++) {
            double ofExpert = 0;
            for (double[] each : q) {
                ofExpert += each[e];
            }
            for (double[] each : q) {
                if (each[e] > 0) {
                    information += each[e] * Math.log(each[e] / ofExpert * TASKS.size()) / Math.log(2);
                }
            }
        }
        return information;
    }

    /** Two singular values from the trace and the square of V^T V. */
    private static double effectiveRank(double[][] w, double[][][] v, int e) {
        double trace = 0;
        double square = 0;
        for (int t = 0; t < w.length; t++) {
            trace += w[t][e] * dot(v[t][e], v[t][e]);
            for (int s = 0; s < w.length; s++) {
                square += w[t][e] * w[s][e] * Math.pow(dot(v[t][e], v[s][e]), 2);
            }
        }
        double root = Math.sqrt(Math.max(0, 2 * square - trace * trace));
        double large = Math.sqrt((trace + root) / 2);
        double small = Math.sqrt(Math.max(0, (trace - root) / 2));
        double p = large / (large + small);
        return Math.exp(-p * Math.log(p) - (small == 0 ? 0 : (1 - p) * Math.log(1 - p)));
    }

    /** Three experts of one linear change places; nothing else can tell. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("gates")
    void theOrderOfExpertsIsTheLinearsOwnAffair(String name, MoeLoraConfig config) {
        List<TokenRow> rows = rows();
        try (Adapter adapter = random(config);
                Adapter permuted = random(config)) {
            String module = adapter.modules().getLast();
            int[] from = {2, 0, 1, 3};
            Permutation.of(permuted, module, RANK, from);
            RoutingReport before = RoutingReport.measure(base.with(adapter), rows, 3);
            RoutingReport after = RoutingReport.measure(base.with(permuted), rows, 3);
            for (int i = 0; i < before.linears().size(); i++) {
                LinearRouting a = before.linears().get(i);
                LinearRouting b = after.linears().get(i);
                int[] place = a.site().name().equals(module) ? from : new int[] {0, 1, 2, 3};
                same(b.information(), a.information());
                same(b.untrained(), a.untrained());
                same(b.entropy(), a.entropy());
                same(b.between(), a.between());
                same(b.meanWithin(), a.meanWithin());
                same(b.meanEffectiveRank(), a.meanEffectiveRank());
                for (int e = 0; e < a.experts(); e++) {
                    same(b.load()[e], a.load()[place[e]]);
                    same(b.within()[e], a.within()[place[e]]);
                    same(b.effectiveRanks()[e], a.effectiveRanks()[place[e]]);
                    for (int task = 0; task < TASKS.size(); task++) {
                        same(b.shares()[task][e], a.shares()[task][place[e]]);
                    }
                }
            }
            assertThat(after.mostInformed(1).getFirst().site())
                    .isEqualTo(before.mostInformed(1).getFirst().site());
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("gates")
    void besideItIsTheSameOfAnAdapterThatLearnedNothing(String name, MoeLoraConfig config) {
        List<TokenRow> rows = rows();
        try (Adapter trained = random(config);
                Adapter fresh = created(config)) {
            RoutingReport ofTrained = RoutingReport.measure(base.with(trained), rows, 3);
            RoutingReport ofFresh = RoutingReport.measure(base.with(fresh), rows, 3);
            for (int i = 0; i < ofTrained.linears().size(); i++) {
                LinearRouting linear = ofFresh.linears().get(i);
                assertThat(linear.untrained()).isEqualTo(linear.information());
                assertThat(ofTrained.linears().get(i).untrained()).isEqualTo(linear.information());
                // B is zero, and so is what experts put out.
                assertThat(linear.between()).isNaN();
                assertThat(linear.meanWithin()).isNaN();
                assertThat(linear.meanEffectiveRank()).isNaN();
            }
        }
    }

    @Test
    void withoutTwoTasksThereIsNothingToKnow() {
        try (Adapter adapter = random(mixture().build())) {
            for (String task : new String[] {null, "add"}) {
                List<TokenRow> rows = rows().stream()
                        .map(row -> new TokenRow(row.inputIds(), row.labels(), task, row.row()))
                        .toList();
                RoutingReport report = RoutingReport.measure(base.with(adapter), rows);
                assertThat(report.comparesTasks()).isFalse();
                for (LinearRouting linear : report.linears()) {
                    assertThat(linear.information()).isNaN();
                    assertThat(linear.untrained()).isNaN();
                    assertThat(linear.bias()).isNaN();
                    assertThat(linear.entropy()).isBetween(0.0, 2.0);
                    assertThat(linear.meanEffectiveRank()).isBetween(1.0, 2.0);
                }
            }
        }
    }

    /** Gates by task, when the view is for one of them: the rows' tasks then decide nothing. */
    @Test
    void aViewForOneTaskRoutesAllRowsAlike() {
        try (Adapter adapter =
                random(mixture().gate(new GatePolicy.TaskGate(TASKS, 5)).build())) {
            RoutingReport report = RoutingReport.measure(base.with(adapter).forTask("sub"), rows(), 3);
            for (LinearRouting linear : report.linears()) {
                assertThat(linear.information()).isCloseTo(0, within(1e-12));
                assertThat(linear.untrained()).isCloseTo(0, within(1e-12));
            }
        }
    }

    /** The rows that an adapter answers on which this one grew say nothing about this one's experts. */
    @Test
    void rowsOfAnOlderAdapterAreLeftOut() {
        MoeLoraConfig config = mixture().router(new Router.Prompt()).build();
        List<TokenRow> old = job(4, "old", "older");
        List<TokenRow> own = job(40, "new", "newer");
        List<TokenRow> all = new ArrayList<>(old);
        all.addAll(own);
        Adapter older = learned(config, old);
        try (Adapter grown = MoeLora.grow(older, learned(config, own))) {
            RoutingReport ofAll = RoutingReport.measure(base.with(grown), all, 3);
            RoutingReport ofOwn = RoutingReport.measure(base.with(grown), own, 3);
            assertThat(ofAll.olderRows()).isEqualTo(old.size());
            assertThat(ofAll.tasks()).containsExactly("new", "newer");
            for (int i = 0; i < ofAll.linears().size(); i++) {
                same(
                        ofAll.linears().get(i).information(),
                        ofOwn.linears().get(i).information());
                same(ofAll.linears().get(i).meanWithin(), ofOwn.linears().get(i).meanWithin());
            }
            assertThatThrownBy(() -> RoutingReport.measure(base.with(grown), old, 3))
                    .isInstanceOf(InputException.class)
                    .hasMessage(
                            "the adapter grew on an older one, which answers all 8 rows; expected some of its own job");
        }
    }

    /** Rows of two tasks in turn, of words of their own. */
    private static List<TokenRow> job(int firstWord, String... tasks) {
        Random random = new Random(firstWord);
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < 8; r++) {
            int[] ids = random.ints(6, firstWord, firstWord + 8).toArray();
            int[] labels = ids.clone();
            Arrays.fill(labels, 0, 4, TokenRow.IGNORED);
            rows.add(new TokenRow(ids, labels, tasks[r % 2], r));
        }
        return rows;
    }

    private Adapter learned(MoeLoraConfig config, List<TokenRow> rows) {
        Adapter adapter = Adapter.create(base, config, 3);
        TrainingConfig training = TrainingConfig.builder()
                .losses(LossSettings.NONE)
                .steps(3L)
                .batchSize(4)
                .learningRate(1e-2)
                .build();
        FineTuner.of(base.with(adapter)).onRows(rows).config(training).run();
        return adapter;
    }

    @Test
    void onlyAMixtureRoutes() {
        try (Adapter lora = Adapter.create(base, LoraConfig.builder().build(), 0)) {
            assertThatThrownBy(() -> RoutingReport.measure(base.with(lora), rows()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("only a mixture of experts routes");
        }
    }

    private static String[] tasks(Batch batch) {
        String[] tasks = new String[batch.tokens()];
        for (int r = 0; r < batch.rows().size(); r++) {
            for (int t = batch.starts()[r]; t < batch.starts()[r + 1]; t++) {
                tasks[t] = batch.tasks().get(r);
            }
        }
        return tasks;
    }

    private static double[][] matrix(float[] values, int cols) {
        double[][] matrix = new double[values.length / cols][cols];
        for (int i = 0; i < values.length; i++) {
            matrix[i / cols][i % cols] = values[i];
        }
        return matrix;
    }

    /** v [T][E][out]. */
    private static double[][][] outputs(double[][] u, double[][] b, int experts) {
        double[][][] v = new double[u.length][experts][b.length];
        for (int t = 0; t < u.length; t++) {
            for (int e = 0; e < experts; e++) {
                for (int o = 0; o < b.length; o++) {
                    for (int i = e * RANK; i < (e + 1) * RANK; i++) {
                        v[t][e][o] += b[o][i] * u[t][i];
                    }
                }
            }
        }
        return v;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double cosine(double[] a, double[] b) {
        return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    }

    /** Rows of three tasks. */
    private static List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        for (TokenRow row : Vectors.rows("llama")) {
            rows.add(new TokenRow(row.inputIds(), row.labels(), TASKS.get(rows.size() % 3), row.row()));
        }
        return rows.subList(0, 6);
    }

    /** A new adapter that knows what its router takes away from prompts. */
    private Adapter created(MoeLoraConfig config) {
        Adapter adapter = Adapter.create(base, config, 3);
        if (RouterStatistics.areMissing(adapter)) {
            RouterStatistics statistics = RouterStatistics.of(adapter);
            Batch batch = Batch.of(rows());
            try (Tape tape = Tape.inference(device)) {
                AdapterPass pass = statistics.pass().withRows(batch.layout());
                base.with(adapter).hidden(tape, pass, batch.ids(), batch.starts());
            }
            statistics.finish();
        }
        return adapter;
    }

    private Adapter random(MoeLoraConfig config) {
        Adapter adapter = created(config);
        Random random = new Random(4);
        for (Parameter parameter : adapter.parameters().parameters()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.2 * random.nextGaussian());
            }
            parameter.set(values);
        }
        return adapter;
    }
}
