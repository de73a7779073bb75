package org.moelora.kernels.opencl;

import org.moelora.kernels.Sink;

/** What a family of kernels works with: its {@code .cl} file, and the device. */
class Family {
    /** Enough groups to fill a card, few enough that one group adds them up. */
    private static final int MOST_GROUPS = 256;

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

    /** Groups of the first step of a sum over n elements, of which a second step adds up what each group left. */
    final int groups(long n) {
        long whole = (n + programs.group() - 1) / programs.group();
        return Math.clamp(whole, 1, MOST_GROUPS);
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
