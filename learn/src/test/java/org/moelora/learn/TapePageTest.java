package org.moelora.learn;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Owner;
import org.moelora.model.Decoder;
import org.moelora.train.TrainingStep;

/** docs/tape.md: its numbers and its picture are of a training step of the bundled model. {@code -Dmoelora.pages=write} draws the picture anew. */
class TapePageTest {
    private static final Path DOCS = Path.of("../docs");
    private static final int TOKENS = 512;

    /** Megabytes that the tape holds, at each call of a kernel. */
    private static List<Double> held(boolean recompute) {
        List<Double> held = new ArrayList<>();
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(1, true));
                Decoder base = Decoder.load(Path.of("../test-models/tiny"), watched(device, held));
                Adapter adapter = Adapter.create(base, MoeLoraConfig.builder().build(), 1)) {
            int[] ids = IntStream.range(0, TOKENS).map(t -> 3 + t % 1000).toArray();
            adapter.parameters().startTraining(parameter -> true);
            held.clear();
            Batch batch = Batch.of(List.of(new TokenRow(ids, ids, null, 0)));
            TrainingStep.backward(base.with(adapter), List.of(batch), LossSettings.NONE, 1, 0, recompute);
        }
        return held;
    }

    @SuppressWarnings("ReferenceEquality") // a proxy is equal to itself alone
    private static Device watched(Device device, List<Double> held) {
        return (Device) Proxy.newProxyInstance(
                Device.class.getClassLoader(), new Class<?>[] {Device.class}, (proxy, method, args) -> {
                    if (method.getName().equals("equals")) {
                        return proxy == args[0];
                    }
                    if (method.getName().equals("kernels")) {
                        held.add(device.memoryUse().now().getOrDefault(Owner.TAPE, 0L) / 1e6);
                    }
                    try {
                        return method.invoke(device, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static double peak(List<Double> held) {
        return held.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }

    @Test
    void numbersAndPictureAreOfARealStep() throws IOException {
        List<Double> kept = held(false);
        List<Double> recomputed = held(true);
        assertThat(recomputed).hasSizeGreaterThan(kept.size());
        String peaks = String.format(Locale.ROOT, "%.0f MB and %.0f MB", peak(kept), peak(recomputed));
        Path file = DOCS.resolve("images/tape.svg");
        if ("write".equals(System.getProperty("moelora.pages"))) {
            Files.writeString(file, drawn(kept, recomputed, peaks));
        }
        assertThat(Files.readString(DOCS.resolve("tape.md")).replaceAll("\\s+", " "))
                .contains(peaks, "a row of " + TOKENS + " tokens");
        assertThat(Files.readString(file)).contains(peaks);
    }

    private static String drawn(List<Double> kept, List<Double> recomputed, String peaks) {
        Picture picture = new Picture("What a tape holds during one training step; at most " + peaks, 700, 330);
        double most = 10 * Math.ceil(peak(kept) / 10);
        Picture.Axes axes = new Picture.Axes(64, 64, 610, 210, 0, recomputed.size(), false, 0, most, false);
        picture.frame(
                axes, "calls of kernels, forward and back", new double[] {0}, "MB", new double[] {0, most / 2, most});
        picture.curve(points(axes, kept), "s0").curve(points(axes, recomputed), "s1");
        picture.line(400, 44, 420, 44, "s0").text(426, 48, "quiet", "recording");
        picture.line(520, 44, 540, 44, "s1").text(546, 48, "quiet", "--recompute");
        return picture.svg();
    }

    private static List<double[]> points(Picture.Axes axes, List<Double> held) {
        return IntStream.range(0, held.size())
                .mapToObj(i -> new double[] {axes.x(i), axes.y(held.get(i))})
                .toList();
    }
}
