package org.moelora.learn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Add;
import org.moelora.engine.ops.CrossEntropy;
import org.moelora.engine.ops.Multiply;
import org.moelora.engine.ops.Softmax;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.learn.TinyTape.Value;

class TinyTapeTest {
    private static final Random RANDOM = new Random(4);
    private static final double[][] WEIGHTS = MoeLora.normal(3, 5, 1, RANDOM);

    @Test
    void gradientsAreThoseOfFiniteDifferences() {
        check(3, 5, 3, 5, (tape, a, b) -> tape.add(a, b));
        check(3, 5, 3, 5, (tape, a, b) -> tape.multiply(a, b));
        check(3, 4, 4, 5, (tape, a, b) -> tape.matmul(a, b));
        check(3, 5, 3, 5, (tape, a, b) -> tape.multiply(tape.softmax(a), b));
        // A value that is used more than once gets a gradient from each use.
        check(3, 5, 3, 5, (tape, a, b) -> tape.multiply(tape.add(a, tape.multiply(a, b)), tape.softmax(a)));
        check(3, 5, 3, 5, (tape, a, b) -> tape.add(tape.multiply(a, a), b));
    }

    private interface Formula {
        Value apply(TinyTape tape, Value a, Value b);
    }

    private static void check(int rowsA, int colsA, int rowsB, int colsB, Formula formula) {
        double[][] a = MoeLora.normal(rowsA, colsA, 1, RANDOM);
        double[][] b = MoeLora.normal(rowsB, colsB, 1, RANDOM);
        Value valueA = TinyTape.value(a);
        Value valueB = TinyTape.value(b);
        TinyTape tape = new TinyTape();
        Value y = formula.apply(tape, valueA, valueB);
        tape.backward(y, WEIGHTS);
        for (Value value : new Value[] {valueA, valueB}) {
            double[][] expected = FiniteDifferences.of(value.x, () -> {
                double[][] again = formula.apply(new TinyTape(), TinyTape.value(a), TinyTape.value(b)).x;
                double loss = 0;
                for (int t = 0; t < again.length; t++) {
                    loss += MoeLora.dot(again[t], WEIGHTS[t]);
                }
                return loss;
            });
            assertThat(FiniteDifferences.distance(value.dx, expected)).isLessThan(1e-8);
        }
    }

    @Test
    void everythingIsLetGoOnTheWayBack() {
        TinyTape tape = new TinyTape();
        Value x = TinyTape.value(WEIGHTS);
        tape.backward(tape.multiply(tape.softmax(x), tape.add(x, x)), WEIGHTS);
        assertThat(tape.held).containsExactly(0, 15, 30, 45, 30, 15, 0);
    }

    @Test
    void engineGivesTheSame() {
        double[][] a = MoeLora.normal(3, 5, 1, RANDOM);
        double[][] b = MoeLora.normal(3, 5, 1, RANDOM);
        Value valueA = TinyTape.value(a);
        Value valueB = TinyTape.value(b);
        TinyTape tiny = new TinyTape();
        Value y = tiny.multiply(tiny.softmax(tiny.add(valueA, valueB)), valueB);
        double[][] values = y.x;
        int[] targets = {4, 0, 2};
        tiny.backward(y, Floats.crossEntropyGrad(y.x, targets));
        try (Device device = Devices.open("cpu-plain", new DeviceOptions(1, true));
                Tape tape = Tape.recording(device)) {
            Tensor tensorA = tape.variable(Floats.of(a), 3, 5);
            Tensor tensorB = tape.variable(Floats.of(b), 3, 5);
            Tensor z = Multiply.apply(tape, Softmax.apply(tape, Add.apply(tape, tensorA, tensorB)), tensorB);
            Floats.same("y", z.toArray(), values, 1e-6);
            tape.backward(CrossEntropy.apply(tape, z, tape.ints(targets), 1f / 3));
            Floats.same("da", tape.gradient(tensorA), valueA.dx, 1e-5);
            Floats.same("db", tape.gradient(tensorB), valueB.dx, 1e-5);
        }
    }
}
