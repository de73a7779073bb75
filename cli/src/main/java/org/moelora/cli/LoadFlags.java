package org.moelora.cli;

import java.nio.file.Path;
import org.moelora.model.Decoder;
import org.moelora.model.DeviceChoice;
import org.moelora.model.Quantization;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The flags that say how a model is loaded. */
@Under(Section.MODEL)
final class LoadFlags {
    @Mixin
    private final DeviceFlags device = new DeviceFlags();

    @Option(
            names = "--quantize",
            paramLabel = "NAME",
            defaultValue = "none",
            description = "Make matrices in float formats blocks when loading: none (default), q8_0 (about 1 byte an"
                    + " element) or q4_0 (half a byte). What is in blocks already stays as it is.")
    private String quantize = "none";

    DeviceChoice device() {
        return device.choice();
    }

    Quantization quantization() {
        return Quantization.of(quantize);
    }

    Decoder load(Path model) {
        return Decoder.load(model, device.choice(), quantization());
    }

    /** As {@link #load}, with every matrix as it is stored. */
    Decoder loadAsStored(Path model) {
        return Decoder.load(model, device.choice());
    }
}
