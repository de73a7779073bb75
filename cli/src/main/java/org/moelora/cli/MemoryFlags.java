package org.moelora.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.model.MemoryPlan;
import org.moelora.settings.Part;
import picocli.CommandLine.Option;

/** The flag that limits memory. */
@Under(Section.MACHINE)
final class MemoryFlags {
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)([kmgt])b?");

    @About(Part.SURROUNDINGS)
    @Option(
            names = "--max-memory",
            paramLabel = "SIZE",
            description =
                    "Refuse to begin if weights and tensors would take more, e.g. 800m or 2g; by default, more than is free.")
    private @Nullable String maxMemory;

    /** In bytes; 0 if not given. */
    long limit() {
        if (maxMemory == null) {
            return 0;
        }
        Matcher size = SIZE.matcher(maxMemory.strip().toLowerCase(Locale.ROOT));
        double bytes = size.matches()
                ? Double.parseDouble(size.group(1)) * unit(size.group(2).charAt(0))
                : 0;
        if (!(bytes >= 1)) {
            throw new InputException("--max-memory is \"" + maxMemory
                    + "\"; expected a number above 0 and k, m, g or t, as in 800m or 2g");
        }
        return (long) bytes;
    }

    private static double unit(char letter) {
        return switch (letter) {
            case 'k' -> 1e3;
            case 'm' -> 1e6;
            case 'g' -> 1e9;
            default -> 1e12;
        };
    }

    /** As it was given, or null. */
    @Nullable String given() {
        return maxMemory;
    }

    /** What a plan asks for, and what there is. */
    String describe(MemoryPlan plan) {
        long limit = limit();
        String room = limit > 0
                ? "; --max-memory allows " + MemoryPlan.megabytes(limit)
                : plan.own().isPresent()
                        ? "; the device has " + MemoryPlan.megabytes(plan.own().getAsLong())
                        : MemoryPlan.free().isPresent()
                                ? "; " + MemoryPlan.megabytes(MemoryPlan.free().getAsLong()) + " free"
                                : "";
        return plan + room;
    }
}
