package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.TokenRow;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.OutOfDeviceMemoryException;
import org.moelora.kernels.Owner;
import org.moelora.model.Decoder;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.model.Vectors;

/** Wherever a device runs out of memory, what was leased until then is freed, and the same work can be done afterwards. */
class NoRoomTest {
    private static final AdapterConfig MIXTURE =
            MoeLoraConfig.builder().experts(4).topK(2).rank(2).build();
    private static final AdapterConfig DORA =
            LoraConfig.builder().rank(2).dora(true).build();

    private final AtomicInteger left = new AtomicInteger();
    private Device device;
    private Device scarce;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-simd", new DeviceOptions(1, false));
        scarce = (Device) Proxy.newProxyInstance(
                Device.class.getClassLoader(), new Class<?>[] {Device.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("equals")) {
                        return System.identityHashCode(proxy) == System.identityHashCode(arguments[0]);
                    }
                    boolean lease = method.getName().equals("allocate")
                            || method.getName().equals("freeze");
                    if (lease && left.getAndDecrement() == 0) {
                        throw new OutOfDeviceMemoryException("scarce", Owner.TAPE, 1, 0, "there is no room", null);
                    }
                    try {
                        return method.invoke(device, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        left.set(Integer.MAX_VALUE);
    }

    @AfterEach
    void close() {
        device.close();
    }

    /** Has leases of the work fail, the first ones each, later ones fewer and fewer. */
    private void failing(Consumer<Device> work) {
        long before = device.memoryUse().total();
        for (int n = 0; ; n += 1 + n / 2) {
            left.set(n);
            Throwable thrown = null;
            try {
                work.accept(scarce);
            } catch (OutOfDeviceMemoryException e) {
                thrown = e;
            }
            boolean enough = left.get() >= 0;
            left.set(Integer.MAX_VALUE);
            assertThat(device.memoryUse().total())
                    .as("left after lease " + n + " failed: "
                            + device.memoryUse().leased())
                    .isEqualTo(before);
            if (enough) {
                return;
            }
            assertThat(thrown).as("lease " + n).isNotNull();
        }
    }

    @Test
    void loading() {
        failing(each -> Decoder.load(Vectors.path("llama"), each).close());
    }

    @Test
    void adapters(@TempDir Path folder) {
        try (Decoder base = Decoder.load(Vectors.path("llama"), scarce)) {
            for (AdapterConfig config : List.of(MIXTURE, DORA)) {
                failing(each -> Adapter.create(base, config, 1).close());
                Path saved = folder.resolve(config.getClass().getSimpleName());
                try (Adapter adapter = Adapter.create(base, config, 1)) {
                    adapter.save(saved);
                }
                failing(each -> Adapter.load(saved, base).close());
            }
        }
    }

    @Test
    void training() {
        List<TokenRow> rows = Vectors.rows("llama").subList(0, 2);
        try (Decoder base = Decoder.load(Vectors.path("llama"), scarce);
                Adapter adapter = Adapter.create(base, MIXTURE, 1)) {
            for (boolean recompute : new boolean[] {false, true}) {
                FineTuner tuner = FineTuner.of(base.with(adapter))
                        .onRows(rows)
                        .evaluateOn(rows)
                        .config(TrainingConfig.builder()
                                .steps(1L)
                                .batchSize(2)
                                .recompute(recompute)
                                .build());
                failing(each -> tuner.run());
                assertThat(adapter.parameters().trains()).isFalse();
            }
        }
    }

    @Test
    void generating() {
        try (Decoder base = Decoder.load(Vectors.path("llama"), scarce);
                Adapter adapter = Adapter.create(base, DORA, 1)) {
            Generation generation = Generation.of(base.with(adapter), GenerationOptions.GREEDY.withMaxTokens(2));
            failing(each -> generation.ids(List.of(new int[] {1, 2, 3}), (sequence, id) -> true));
        }
    }
}
