package org.moelora.engine.ops;

import static org.moelora.engine.testing.Numbers.normal;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.optim.AdamW;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.engine.testing.Scarce;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;

/** Wherever a device runs out of memory, what was leased until then is freed, and the device works on. */
class NoRoomTest {
    @TestFactory
    Stream<DynamicTest> inAnOp() {
        return SameTensorTest.cases()
                .map(one -> DynamicTest.dynamicTest(one.name(), () -> {
                    try (var device = Devices.open("cpu-plain", new DeviceOptions(1, true))) {
                        for (SameTensorTest.How how : SameTensorTest.How.values()) {
                            Scarce.everyLease(device, scarce -> SameTensorTest.once(scarce, one, how));
                        }
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> inTraining() {
        return DeviceSweep.each(
                "parameters and optimizer",
                device -> Scarce.everyLease(device, scarce -> {
                    try (ParameterBlock block = ParameterBlock.builder(scarce)
                            .add("a", 3, 5)
                            .add("b", 7)
                            .build()) {
                        block.startTraining();
                        try (AdamW adamW = new AdamW(block, AdamW.Config.DEFAULT)) {
                            adamW.clip(1);
                            adamW.step(0.1);
                        }
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> inACache() {
        Heads heads = new Heads(2, 1, 4, 0.5f, Heads.UNLIMITED);
        return DeviceSweep.each(
                "keys and values",
                device -> Scarce.everyLease(device, scarce -> {
                    try (KeyValueCache cache = new KeyValueCache(scarce, 3, 2, 2, 5, 4);
                            Tape tape = Tape.inference(scarce)) {
                        cache.advance(new int[] {2, 1});
                        Tensor q = tape.constant(normal(1, 24), 3, 8);
                        Tensor k = tape.constant(normal(2, 12), 3, 4);
                        cache.attend(tape, 1, heads, q, k, k);
                        cache.advance(new int[] {1, 0}); // grows
                    }
                }));
    }
}
