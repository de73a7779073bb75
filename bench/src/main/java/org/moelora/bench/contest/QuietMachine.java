package org.moelora.bench.contest;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Locale;
import org.moelora.engine.InputException;

/** Numbers that go into a page are measured while nothing else runs. */
public final class QuietMachine {
    /** The largest load average, for each core, at which the measuring may begin. */
    public static final double MOST_PER_CORE = 0.3;

    private QuietMachine() {}

    /** Processes that wanted a core in the last minute; negative where the system does not tell. */
    public static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }

    /**
     * Refuses a page whose measuring began at such a load.
     *
     * @param load as {@link #load} gave it before the first measurement, which itself raises it
     * @param cores of the machine
     * @throws InputException if the load is above {@link #MOST_PER_CORE} times the cores, or unknown
     */
    public static void require(Path page, double load, int cores) {
        double most = MOST_PER_CORE * cores;
        if (!(load >= 0)) {
            throw new InputException(
                    page + " is not written: this system does not tell its load average, so the numbers may be"
                            + " of a busy machine. Measure on Linux or macOS");
        }
        if (load > most) {
            throw new InputException(String.format(
                    Locale.ROOT,
                    "%s is not written: the load average is %.2f on %d cores; expected at most %.2f, %.1f a core. Wait until nothing"
                            + " else runs, or print the table without writing the page",
                    page,
                    load,
                    cores,
                    most,
                    MOST_PER_CORE));
        }
    }
}
