package org.moelora.kernels.opencl;

import org.moelora.kernels.Sink;

/** What a family of kernels works with: its {@code .cl} file, and the device. */
class Family {
    private final String file;
    final Commands commands;
    final Programs programs;

    /**
     * @param file name of its {@code .cl} file without the ending
     */
    Family(String file, Commands commands, Programs programs) {
        this.file = file;
        this.commands = commands;
        this.programs = programs;
    }

    /** A start of one of its kernels. */
    final Launch launch(String kernel) {
        return launch(kernel, "");
    }

    /**
     * @param constants {@code -D} options, separated by spaces
     */
    final Launch launch(String kernel, String constants) {
        return new Launch(commands, programs.kernel(file, kernel, constants));
    }

    /** The memory of a sink for a kernel that adds: zeros where it overwrites. */
    final DeviceMemory sums(Sink sink) {
        DeviceMemory memory = DeviceMemory.floats(sink.memory(), 0);
        if (!sink.adds()) {
            commands.fill(memory.buffer(), memory.offset() * Float.BYTES, memory.length() * Float.BYTES, 0);
        }
        return memory;
    }
}
