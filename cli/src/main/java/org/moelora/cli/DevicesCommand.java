package org.moelora.cli;

import java.util.concurrent.Callable;
import org.moelora.model.DeviceChoice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moelora devices}. */
@Command(
        name = "devices",
        header = "Show what can compute here, what is chosen, and why.",
        footer = {
            "",
            "Examples:",
            "  moelora devices",
            "  moelora devices --device cpu-plain --threads 1",
            "  moelora devices --tune --device opencl:0",
        })
final class DevicesCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final DeviceFlags device = new DeviceFlags();

    @Under(Section.MACHINE)
    @Option(
            names = "--tune",
            description =
                    "Measure which tile sizes are fastest on the OpenCL device of --device, up to some minutes, and keep them for all later runs.")
    private boolean tune;

    DevicesCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        DeviceChoice choice = device.choice();
        if (tune) {
            choice.tune().lines().forEach(line -> streams.out().println(line));
            return 0;
        }
        String chosen = choice.describe();
        for (DeviceChoice.Found found : DeviceChoice.find()) {
            boolean taken = chosen.startsWith(found.name() + ":");
            streams.out()
                    .printf(
                            "%s %-10s %s%n",
                            taken ? "*" : " ",
                            found.name(),
                            found.usable() ? found.description() : "not usable: " + found.description());
        }
        String why = choice.name().equals("cpu")
                ? "the fastest that is usable; --device chooses another"
                : "by --device " + choice.name();
        String threads = choice.threads() == 0
                ? "one thread per physical core; --threads changes that, and no result depends on it"
                : "threads by --threads " + choice.threads();
        streams.out().println("* chosen: " + chosen);
        streams.out().println("  why: " + why + "; " + threads);
        return 0;
    }
}
