package org.moelora.bench.llama;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.moelora.bench.contest.ContenderException;
import org.moelora.bench.contest.Surroundings;
import org.moelora.io.Json;

/** The PyTorch program: each call is a process that loads the model, takes a step that does not count, and some that do. */
public final class TorchProgram {
    private static final String PYTHON = "/usr/bin/python3";

    /**
     * What a call found.
     *
     * @param stepSeconds median of the steps that count
     * @param peakBytes largest resident memory
     */
    public record Outcome(double stepSeconds, double peakBytes) {}

    private final Path program;
    private final Path model;
    private final int threads;
    private final Path log;

    public TorchProgram(Path program, Path model, int threads, Path log) {
        this.program = program;
        this.model = model;
        this.threads = threads;
        this.log = log;
    }

    /**
     * Version, and which BLAS it multiplies with.
     *
     * @throws ContenderException if it cannot run, or would run on another BLAS than OpenBLAS
     */
    public String version() {
        if (!Files.isRegularFile(program)) {
            throw new ContenderException("there is no " + program + "; --torch-program names it");
        }
        String code = "import torch; torch.ones(300, 300) @ torch.ones(300, 300);"
                + " maps = {line.split()[-1] for line in open('/proc/self/maps') if 'blas' in line};"
                + " print(torch.__version__, 'on', *sorted(f for f in maps if 'so.3' not in f or 'openblas' not in f))";
        String said;
        try {
            said = run(List.of(PYTHON, "-c", code), null).strip();
        } catch (ContenderException e) {
            throw new ContenderException("PyTorch does not run; apt-get install python3-torch python3-numpy"
                    + " libopenblas0-pthread (" + e.getMessage() + ")");
        }
        if (!said.contains("openblas")) {
            throw new ContenderException("PyTorch multiplies with another BLAS than OpenBLAS, " + said
                    + ", on which the comparison would be worthless; apt-get install libopenblas0-pthread");
        }
        return "PyTorch " + said + ", threads " + threads;
    }

    /** One call with that many steps that count. */
    public Outcome steps(TrainingSetup setup, int count) {
        List<String> command = new ArrayList<>(List.of(PYTHON, program.toString(), "bench", model.toString()));
        command.addAll(List.of("--n", Integer.toString(count), "--threads", Integer.toString(threads)));
        command.addAll(List.of("--batch", Integer.toString(setup.rows()), "--seq", Integer.toString(setup.length())));
        command.addAll(List.of("--experts", Integer.toString(setup.experts())));
        command.addAll(List.of("--topk", Integer.toString(setup.topK()), "--rank", Integer.toString(setup.rank())));
        command.addAll(List.of("--maxpairs", Integer.toString(TrainingSetup.PAIRS)));
        if (setup.experts() == 1) {
            command.addAll(List.of("--balance", "0"));
        }
        if (!setup.contrast()) {
            command.addAll(List.of("--contrast", "0"));
        }
        double[] peak = {Double.NaN};
        String said = run(command, peak);
        double seconds = Json.parse(said.strip(), program.toString()).number("step_s");
        return new Outcome(seconds, peak[0]);
    }

    /** Runs a command to its end; returns what it printed. */
    private String run(List<String> command, double @Nullable [] peak) {
        try {
            Path out = Files.createTempFile(log.toAbsolutePath().getParent(), "torch", ".out");
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectOutput(out.toFile())
                    .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
            Surroundings.clean(builder.environment());
            Process process = builder.start();
            try {
                while (!process.waitFor(50, TimeUnit.MILLISECONDS)) {
                    double bytes = Surroundings.peakBytes(process.pid());
                    if (peak != null && !Double.isNaN(bytes)) {
                        peak[0] = bytes;
                    }
                }
            } finally {
                process.destroyForcibly();
            }
            String text = Files.readString(out, StandardCharsets.UTF_8);
            Files.delete(out);
            if (process.exitValue() != 0) {
                List<String> lines = Files.readAllLines(log);
                throw new ContenderException(command.getFirst() + " ended with " + process.exitValue()
                        + (lines.isEmpty() ? "" : ", saying \"" + lines.getLast() + "\""));
            }
            return text;
        } catch (IOException e) {
            throw new ContenderException(command.getFirst() + " does not start: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ContenderException(command.getFirst() + " was interrupted");
        }
    }
}
