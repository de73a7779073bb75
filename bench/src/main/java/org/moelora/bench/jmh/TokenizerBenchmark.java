package org.moelora.bench.jmh;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.moelora.io.GgufFile;
import org.moelora.text.Tokenizer;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Text to ids and back, on one thread. */
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
@State(Scope.Benchmark)
public class TokenizerBenchmark {
    /** A folder with a tokenizer.json, or a GGUF file; {@code -p from=FOLDER,FILE} measures others. */
    @Param("test-models/tiny")
    public String from = "";

    /** A file of UTF-8 text, or a letter to repeat a million times. */
    @Param({"test-models/tasks/addsub/train.jsonl", "a"})
    public String text = "";

    private @Nullable Tokenizer tokenizer;
    private String read = "";
    private int[] ids = {};
    private double megabytes;

    /** Counts what calls read or wrote. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Work {
        /** 10^6 bytes of UTF-8 per second. */
        public double megabyte;
    }

    @Setup(Level.Trial)
    public void setUp() throws IOException {
        tokenizer = tokenizer(Path.of(from));
        read = text.length() == 1 ? text.repeat(1_000_000) : Files.readString(Path.of(text));
        ids = Objects.requireNonNull(tokenizer).encode(read, false);
        megabytes = read.getBytes(StandardCharsets.UTF_8).length / 1e6;
    }

    private static Tokenizer tokenizer(Path path) {
        if (Files.isDirectory(path)) {
            return Tokenizer.read(path.resolve("tokenizer.json"));
        }
        try (GgufFile file = GgufFile.open(path)) {
            return Tokenizer.of(file.metadata());
        }
    }

    @Benchmark
    public int[] encode(Work work) {
        work.megabyte += megabytes;
        return Objects.requireNonNull(tokenizer).encode(read, false);
    }

    @Benchmark
    public String decode(Work work) {
        work.megabyte += megabytes;
        return Objects.requireNonNull(tokenizer).decode(ids);
    }
}
