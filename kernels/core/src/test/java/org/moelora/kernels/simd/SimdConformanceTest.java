package org.moelora.kernels.simd;

import org.junit.jupiter.api.Nested;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
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

/** {@code cpu-simd} keeps the contract. */
class SimdConformanceTest {
    private static Device simd(DeviceOptions options) {
        return Devices.open("cpu-simd", options);
    }

    @Nested
    class Attention extends AttentionConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return simd(options);
        }
    }

    @Nested
    class MatMul extends MatMulConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return simd(options);
        }
    }

    @Nested
    class Mixture extends MixtureConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return simd(options);
        }
    }

    @Nested
    class DeviceItself extends DeviceConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return simd(options);
        }
    }

    @Nested
    class Rows extends RowsConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return simd(options);
        }
    }

    @Nested
    class Elementwise extends ElementwiseConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return simd(options);
        }
    }

    @Nested
    class Tokens extends TokensConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return simd(options);
        }
    }

    @Nested
    class Optimizer extends OptimizerConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return simd(options);
        }
    }

    @Nested
    class Contrast extends ContrastConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return simd(options);
        }
    }

    @Nested
    class Extremes extends ExtremesConformance {
        @Override
        protected Device open(DeviceOptions options) {
            return simd(options);
        }
    }
}
