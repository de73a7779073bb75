package org.moelora.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.MoeLora;
import org.moelora.model.Decoder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code moelora mix}. */
@Command(
        name = "mix",
        customSynopsis = "moelora mix ADAPTER... --model=DIR --data=FILE... --out=DIR [OPTIONS]",
        header = "Make LoRA adapters the experts of one mixture, and train its router.",
        description =
                "%nThe adapters, ours or PEFT's, of any ranks and targets, become experts as they are; only the router learns,"
                        + " from rows of all their jobs, which need not say whose they are. The mixture is DIR/last. Flags are those of"
                        + " train; --gate is dense unless given.",
        footer = {
            "",
            "Examples:",
            "  moelora mix sums/last facts/last --model llama --data both.jsonl --out mixture",
            "  moelora train --resume mixture",
        })
final class MixCommand implements Callable<Integer>, SettingFlags.Owner {
    /** Of the learning rate: a router alone has far fewer values than experts, and nothing else moves with it. */
    private static final double ROUTER_RATE = 10;

    private final Streams streams;

    @Under(Section.ARGUMENTS)
    @Parameters(paramLabel = "ADAPTER", arity = "2..*", description = "Folders of LoRA adapters.")
    private @Nullable List<Path> adapters;

    @Mixin
    private final TrainFlags flags = new TrainFlags();

    @Mixin
    private final MemoryFlags memory = new MemoryFlags();

    @Mixin
    private final LoadFlags load = new LoadFlags();

    MixCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public SettingFlags settings() {
        return flags.settings();
    }

    @Override
    public Integer call() {
        List<Path> parts = Flags.given("ADAPTER", adapters);
        flags.refuseResume("mix");
        flags.adapter().refuseShape("mix", true);
        flags.adapter().routerOnly(ROUTER_RATE);
        GatePolicy gate = flags.adapter().gateOfMixture();
        return new TrainCommand(streams, flags, memory, load).run(base -> mix(base, parts, gate));
    }

    private Adapter mix(Decoder base, List<Path> folders, GatePolicy gate) {
        List<Adapter> parts = new ArrayList<>();
        try {
            folders.forEach(folder -> parts.add(Adapter.load(folder, base)));
            return MoeLora.mix(base, parts, folders.stream().map(Path::toString).toList(), gate, flags.seed());
        } finally {
            parts.forEach(Adapter::close);
        }
    }
}
