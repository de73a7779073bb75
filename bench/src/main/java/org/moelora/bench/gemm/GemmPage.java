package org.moelora.bench.gemm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.moelora.bench.contest.QuietMachine;

/**
 * A copy of {@code docs/gemm.md} that takes a run's numbers.
 *
 * @param file has to be there
 */
record GemmPage(Path file) {
    /**
     * Says no before anything is measured.
     *
     * @throws org.moelora.engine.InputException if the machine is not quiet
     */
    void checkQuiet(double load) {
        QuietMachine.require(file, load, Runtime.getRuntime().availableProcessors());
    }

    /**
     * Puts the numbers in the place of those that were there.
     *
     * @throws org.moelora.engine.InputException if the run began on a machine that was not quiet; the page is left as it was
     */
    void write(Report report) {
        checkQuiet(report.load());
        try {
            Files.writeString(file, report.into(Files.readString(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
