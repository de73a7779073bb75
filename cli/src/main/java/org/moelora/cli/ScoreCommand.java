package org.moelora.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.moelora.data.EncodedExamples;
import org.moelora.engine.InputException;
import org.moelora.eval.RowScore;
import org.moelora.eval.Scorer;
import org.moelora.eval.Scores;
import org.moelora.io.JsonWriter;
import org.moelora.model.MemoryPlan;
import org.moelora.model.Quantization;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moelora score}. */
@Command(
        name = "score",
        customSynopsis = "moelora score --model=DIR [--adapter=DIR] --data=FILE... [OPTIONS]",
        header = "Show how probable a model finds the answers in rows of data.",
        description = "%nThe loss is the mean negative log-probability of the labels, in nats. Rows count from 0.",
        footer = {
            "",
            "Examples:",
            "  moelora score --model llama --data test.jsonl",
            "  moelora score --model llama --adapter run1/best --data test.jsonl --per-row",
            "  moelora score --model llama --data test.jsonl --per-token --json > scores",
            "  moelora score --model llama --data test.jsonl --quantize q4_0 --compare-float",
        })
final class ScoreCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final ModelFlags model = new ModelFlags();

    @Under(Section.DATA)
    @Option(names = "--data", paramLabel = "FILE", arity = "1..*", required = true, description = "Rows to score.")
    private @Nullable List<Path> data;

    @Mixin
    private final DateFlag date = new DateFlag();

    @Under(Section.OUTPUT)
    @Option(names = "--per-row", description = "A line per row: its loss and number of labels.")
    private boolean perRow;

    @Under(Section.OUTPUT)
    @Option(names = "--per-token", description = "A line per row, with the log-probability of each label.")
    private boolean perToken;

    @Under(Section.OUTPUT)
    @Option(
            names = "--compare-float",
            description = "With --quantize: score the model as it is stored too, and show what the blocks cost.")
    private boolean compareFloat;

    @Under(Section.OUTPUT)
    @Option(names = "--json", description = "JSON: one object, or one per row with --per-row or --per-token.")
    private boolean json;

    @Mixin
    private final MemoryFlags memory = new MemoryFlags();

    @Mixin
    private final LoadFlags load = new LoadFlags();

    ScoreCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        List<Path> files = Flags.given("--data", data);
        long limit = memory.limit();
        if (compareFloat && load.quantization() == Quantization.NONE) {
            throw new InputException(
                    "--compare-float is given without blocks; expected --quantize q8_0 or q4_0 with it");
        }
        LocalDate today = date.date();
        Scores asStored = compareFloat ? scoredAsStored(files, today, limit) : null;
        try (View view = model.load(load)) {
            EncodedExamples rows = view.scorable(files, today, streams);
            Scores scores = scored(view, rows, limit);
            if (perRow || perToken) {
                scores.rows().forEach(json ? this::rowAsJson : this::row);
            }
            if (!json) {
                summary(scores, asStored);
            } else if (!perRow && !perToken) {
                streams.out().println(JsonWriter.line(asJson(scores, asStored)));
            }
        }
        return 0;
    }

    private Scores scoredAsStored(List<Path> files, LocalDate today, long limit) {
        try (View view = model.loadAsStored(load)) {
            return scored(view, view.scorable(files, today, streams), limit);
        }
    }

    private static Scores scored(View view, EncodedExamples rows, long limit) {
        MemoryPlan.of(view.model(), rehearsed -> Scorer.rehearse(rehearsed, rows.rows()))
                .require(limit, "scoring", "rows of fewer tokens");
        return Scorer.score(view.model(), rows.rows());
    }

    private void rowAsJson(RowScore row) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("row", row.row());
        line.put("loss", row.loss());
        line.put("tokens", row.tokens());
        if (perToken) {
            line.put("logprobs", row.logProbabilities());
        }
        if (row.task() != null) {
            line.put("task", row.task());
        }
        streams.out().println(JsonWriter.line(line));
    }

    private void row(RowScore row) {
        PrintStream out = streams.out();
        out.print("row " + row.row() + "  loss " + Figures.loss(row.loss()) + "  tokens " + row.tokens());
        if (perToken) {
            out.print(" ");
            for (float logProbability : row.logProbabilities()) {
                out.print(" " + Figures.loss(logProbability));
            }
        }
        out.println(row.task() == null ? "" : "  " + row.task());
    }

    private void summary(Scores scores, @Nullable Scores asStored) {
        Table table = new Table("", "rows", "tokens", "loss", "perplexity");
        scores.byTask().forEach((task, part) -> line(table, task, part));
        line(table, "all", scores);
        if (asStored != null) {
            line(table, "all, as stored", asStored);
        }
        table.print(streams);
        if (asStored != null) {
            streams.out()
                    .println(load.quantization().id() + " costs " + Figures.loss(scores.loss() - asStored.loss())
                            + " of loss, "
                            + Figures.loss(100 * (scores.loss() / asStored.loss() - 1)) + " %");
        }
    }

    private static void line(Table table, String name, Scores scores) {
        table.row(
                name,
                Figures.count(scores.rows().size()),
                Figures.count(scores.tokens()),
                Figures.loss(scores.loss()),
                Figures.loss(scores.perplexity()));
    }

    private static Map<String, Object> asJson(Scores scores, @Nullable Scores asStored) {
        Map<String, Object> all = numbers(scores);
        if (asStored != null) {
            all.put("asStored", numbers(asStored));
        }
        Map<String, Object> tasks = new LinkedHashMap<>();
        scores.byTask().forEach((task, part) -> tasks.put(task, numbers(part)));
        if (!tasks.isEmpty()) {
            all.put("tasks", tasks);
        }
        return all;
    }

    private static Map<String, Object> numbers(Scores scores) {
        Map<String, Object> numbers = new LinkedHashMap<>();
        numbers.put("rows", scores.rows().size());
        numbers.put("tokens", scores.tokens());
        numbers.put("loss", scores.loss());
        numbers.put("perplexity", scores.perplexity());
        return numbers;
    }
}
