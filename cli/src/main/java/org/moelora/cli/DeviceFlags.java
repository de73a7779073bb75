package org.moelora.cli;

import org.moelora.model.DeviceChoice;
import org.moelora.settings.Part;
import picocli.CommandLine.Option;

/** The flags that say where to compute. */
@Under(Section.MACHINE)
final class DeviceFlags {
    @About(Part.SURROUNDINGS)
    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Worker threads; 0, the default, is one per physical core. Results do not depend on it.")
    private int threads;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            defaultValue = "cpu",
            description =
                    "cpu (the fastest of the processor's, the default), cpu-simd, cpu-plain, opencl:0 and so on, or"
                            + " opencl:NAME for the first whose description has NAME in it.")
    private String name = "cpu";

    DeviceChoice choice() {
        return new DeviceChoice(name, threads);
    }
}
