package org.moelora.kernels.opencl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Nested;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.conformance.AttentionConformance;
import org.moelora.kernels.conformance.ContrastConformance;
import org.moelora.kernels.conformance.DeviceConformance;
import org.moelora.kernels.conformance.ElementwiseConformance;
import org.moelora.kernels.conformance.ExtremesConformance;
import org.moelora.kernels.conformance.MatMulConformance;
import org.moelora.kernels.conformance.MixtureConformance;
import org.moelora.kernels.conformance.OptimizerConformance;
import org.moelora.kernels.conformance.RowsConformance;
import org.moelora.kernels.conformance.TokensConformance;

/**
 * {@code opencl:0} keeps the contract. Every case runs on two devices, which must agree to the bit. The first has guards: NaN before and after each lease, so that what
 * is read there shows in the results, and what is written there makes closing the lease throw.
 */
class OpenClConformanceTest {
    private static final int GUARD = 64;

    /** Opens {@code opencl:0}, or skips the test and says why. */
    static OpenClDevice open(DeviceOptions options, long guard) {
        Platforms.Answer answer = Platforms.answer();
        assumeTrue(!answer.devices().isEmpty(), "skipped without OpenCL: " + answer.problem());
        return OpenClProvider.open("opencl:0", options, guard);
    }

    private static Device plainly(DeviceOptions options) {
        return open(options, 0);
    }

    /** Opened once for all cases of kernels, as that takes a card a large part of a second. */
    private static final List<Device> TWO = new ArrayList<>();

    private static List<Device> two() {
        if (TWO.isEmpty()) {
            TWO.addAll(twice());
        }
        return List.copyOf(TWO);
    }

    private static List<Device> twice() {
        DeviceOptions options = new DeviceOptions(0, true);
        return List.of(open(options, GUARD), open(options, 0));
    }

    @AfterAll
    static void closeBoth() {
        TWO.forEach(Device::close);
        TWO.clear();
    }

    @Nested
    class Attention extends AttentionConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return plainly(options);
        }

        @Override
        protected List<Device> openSubjects() {
            return two();
        }
    }

    @Nested
    class MatMul extends MatMulConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return plainly(options);
        }

        @Override
        protected List<Device> openSubjects() {
            return two();
        }
    }

    @Nested
    class Mixture extends MixtureConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return plainly(options);
        }

        @Override
        protected List<Device> openSubjects() {
            return two();
        }
    }

    @Nested
    class DeviceItself extends DeviceConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return plainly(options);
        }

        @Override
        protected List<Device> openSubjects() {
            return twice().stream().map(this::keep).toList();
        }
    }

    @Nested
    class Rows extends RowsConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return plainly(options);
        }

        @Override
        protected List<Device> openSubjects() {
            return two();
        }
    }

    @Nested
    class Elementwise extends ElementwiseConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return plainly(options);
        }

        @Override
        protected List<Device> openSubjects() {
            return two();
        }
    }

    @Nested
    class Tokens extends TokensConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return plainly(options);
        }

        @Override
        protected List<Device> openSubjects() {
            return two();
        }
    }

    @Nested
    class Optimizer extends OptimizerConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return plainly(options);
        }

        @Override
        protected List<Device> openSubjects() {
            return two();
        }
    }

    @Nested
    class Contrast extends ContrastConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return plainly(options);
        }

        @Override
        protected List<Device> openSubjects() {
            return two();
        }
    }

    @Nested
    class Extremes extends ExtremesConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return plainly(options);
        }

        @Override
        protected List<Device> openSubjects() {
            return two();
        }
    }
}
