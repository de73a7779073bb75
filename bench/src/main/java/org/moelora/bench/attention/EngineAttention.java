package org.moelora.bench.attention;

import java.util.ArrayList;
import java.util.List;
import org.moelora.kernels.Attention;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.Ragged;

/** Steps 4 and 8: the engine's kernel. */
final class EngineAttention implements Pass {
    private final Head head;
    private final boolean backward;
    private final Device device;
    private final List<Memory> held = new ArrayList<>();
    private final Attention.Plan plan;
    private final Attention.Inputs inputs;
    private final Memory o;
    private final Memory logSumExp;
    private final Memory dO;
    private final Attention.Gradients gradients;

    /**
     * @param name of the device, {@code cpu-plain} for the definition
     * @param backward whether {@link #run} is the backward pass, for which the forward pass is run here
     */
    EngineAttention(Head head, String name, int threads, boolean backward) {
        this.head = head;
        this.backward = backward;
        device = Devices.open(name, new DeviceOptions(threads, false));
        plan = new Attention.Plan(1, 1, head.dim(), head.scale(), Ragged.self(0, head.tokens()));
        inputs = new Attention.Inputs(of(head.q()), of(head.k()), of(head.v()));
        o = of(head.o());
        logSumExp = of(head.logSumExp());
        dO = of(head.dO());
        gradients = new Attention.Gradients(of(head.dq()), of(head.dk()), of(head.dv()));
        if (backward) {
            device.kernels().attention().forward(plan, inputs, o, logSumExp);
        }
    }

    private Memory of(float[] values) {
        Memory memory = device.allocate(DType.F32, values.length, Owner.TAPE);
        device.write(values, memory, 0);
        held.add(memory);
        return memory;
    }

    @Override
    public void run() {
        Attention attention = device.kernels().attention();
        if (backward) {
            attention.backward(plan, inputs, o, logSumExp, dO, gradients);
        } else {
            attention.forward(plan, inputs, o, logSumExp);
        }
    }

    @Override
    public void close() {
        device.read(o, 0, head.o());
        device.read(logSumExp, 0, head.logSumExp());
        device.read(gradients.dq().memory(), 0, head.dq());
        device.read(gradients.dk().memory(), 0, head.dk());
        device.read(gradients.dv().memory(), 0, head.dv());
        held.forEach(Memory::close);
        device.close();
    }
}
