package org.moelora.cli;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.data.Example;
import org.moelora.data.Examples;
import org.moelora.data.Prompt;
import org.moelora.engine.InputException;
import org.moelora.eval.Accuracy;
import org.moelora.eval.ChoiceRun;
import org.moelora.eval.Contamination;
import org.moelora.eval.Question;
import org.moelora.eval.Task;
import org.moelora.eval.TaskRun;
import org.moelora.eval.TaskScore;
import org.moelora.eval.TaskSettings;
import org.moelora.io.JsonWriter;
import org.moelora.model.MemoryPlan;
import org.moelora.text.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moelora eval}. */
@Command(
        name = "eval",
        customSynopsis = {
            "moelora eval --model=DIR [--adapter=DIR] --data=FILE... [OPTIONS]",
            "       moelora eval --model=DIR [--adapter=DIR]... --task=NAME --data=FILE...",
            "                    [--scoring=HOW] [--against=TRAIN...] [OPTIONS]",
        },
        header = "Let a model answer questions, and count the right answers, per task.",
        description = {
            "%nAn answer is right if the most probable text, up to its end or the line's, equals the expected one.",
            "With --choices, it is right if the expected one is the most probable of these answers.",
            "With --task, rows have an instruction and an answer, and the task says how an answer is found in a text.",
        },
        footer = {
            "",
            "Examples:",
            "  moelora eval --model llama --data test.jsonl",
            "  moelora eval --model llama --adapter run1/best --data test.jsonl --show 5",
            "  moelora eval --model llama --data reviews.jsonl --choices good,bad",
            "  moelora eval --model llama --adapter run1/best --task boolq --data boolq.json",
            "  moelora eval --model llama --task gsm8k --data test.json --against train.json",
        })
final class EvalCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final ModelFlags model = new ModelFlags();

    @Under(Section.DATA)
    @Option(
            names = "--data",
            paramLabel = "FILE",
            arity = "1..*",
            required = true,
            description = "Rows with a question and an answer.")
    private @Nullable List<Path> data;

    @Mixin
    private final DateFlag date = new DateFlag();

    @Mixin
    private final TaskFlags tasks = new TaskFlags();

    @Under(Section.ANSWERS)
    @Option(
            names = "--choices",
            paramLabel = "A,B,...",
            split = ",",
            description = "The answers there are: the model's is the most probable of them after the prompt.")
    private List<String> choices = new ArrayList<>();

    @Mixin
    private final AnswerFlags answers = new AnswerFlags();

    @Under(Section.OUTPUT)
    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Mixin
    private final MemoryFlags memory = new MemoryFlags();

    @Mixin
    private final LoadFlags load = new LoadFlags();

    EvalCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        List<Path> files = Flags.given("--data", data);
        long limit = memory.limit();
        answers.check(json);
        Task task = tasks.task();
        LocalDate today = date.date();
        if (task != null) {
            date.refuse("the prompt of a --task is no conversation; expected no --date with it");
        }
        if (task != null && !choices.isEmpty()) {
            throw new InputException("--task and --choices are both given; expected one of them: the choices of a task"
                    + " are its own, and --scoring likelihood compares these");
        }
        if (task != null) {
            ask(task, files, today, limit);
        } else {
            compare(files, today, limit);
        }
        return 0;
    }

    /** Finds answers in texts, as the task has it. */
    private void ask(Task task, List<Path> files, LocalDate today, long limit) {
        TaskSettings settings = tasks.settings();
        int most = tasks.limit();
        List<Question> all = Question.read(files, task);
        List<Path> against = tasks.against();
        Contamination contamination = against.isEmpty() ? null : Contamination.of(all, against);
        List<Question> asked = TaskReport.asked(all, contamination, tasks.dropContaminated(), most);
        if (asked.isEmpty()) {
            throw new InputException(
                    Flags.names(files)
                            + ": every row occurs in the data of --against; expected one that does not, or no --drop-contaminated");
        }
        Map<String, TaskScore> scores = new LinkedHashMap<>();
        try (Views views = model.loadAll(load, tasks.withBase())) {
            TaskRun run = new TaskRun(task, asked, views.encoder(today), settings);
            for (Views.Named view : views.views()) {
                MemoryPlan.of(view.model(), run::rehearse)
                        .require(limit, "answering", "a smaller --batch-size, or questions of fewer tokens");
            }
            for (Views.Named view : views.views()) {
                scores.put(view.name(), run.score(view.model()));
            }
            List<AnswerFlags.Given> given = new ArrayList<>();
            scores.forEach((name, score) -> score.answers()
                    .forEach(answer -> given.add(new AnswerFlags.Given(
                            answer.question().origin(),
                            scores.size() == 1 ? null : name,
                            run.prompt(answer.question()),
                            answer.question().gold(),
                            answer.text(),
                            answer.correct()))));
            answers.report(streams, given);
        }
        TaskReport report =
                new TaskReport(task, settings.scoring(), all.size(), contamination, tasks.dropContaminated(), scores);
        if (json) {
            streams.out().println(JsonWriter.line(report.asJson()));
        } else {
            report.print(streams);
        }
    }

    /** Compares whole answers. */
    private void compare(List<Path> files, LocalDate today, long limit) {
        try (View view = model.load(load)) {
            List<Example> rows = Examples.read(files).rows();
            Accuracy accuracy =
                    choices.isEmpty() ? written(view, rows, today, limit) : chosen(view, rows, today, limit);
            Tokenizer words = view.base().tokenizer();
            answers.report(
                    streams,
                    accuracy.answers().stream()
                            .map(answer -> given(answer, words))
                            .toList());
            if (json) {
                streams.out().println(JsonWriter.line(asJson(accuracy)));
            } else {
                print(accuracy);
            }
        }
    }

    /** Compares what the model writes. */
    private Accuracy written(View view, List<Example> rows, LocalDate today, long limit) {
        List<Prompt> prompts = rows.stream().map(view.encoder(today)::prompt).toList();
        MemoryPlan.of(view.model(), rehearsed -> Accuracy.rehearse(rehearsed, prompts))
                .require(limit, "answering", "questions and answers of fewer tokens");
        return Accuracy.measure(view.model(), prompts, answers.wanted());
    }

    /** Compares how probable the choices are. */
    private Accuracy chosen(View view, List<Example> rows, LocalDate today, long limit) {
        ChoiceRun run = new ChoiceRun(rows, choices, view.encoder(today));
        MemoryPlan.of(view.model(), run::rehearse)
                .require(limit, "scoring the choices", "questions and answers of fewer tokens");
        return run.score(view.model());
    }

    private static AnswerFlags.Given given(Accuracy.Answer answer, @Nullable Tokenizer words) {
        Prompt prompt = answer.prompt();
        String expected = prompt.answer();
        return new AnswerFlags.Given(
                prompt.origin(),
                null,
                text(prompt.ids(), words),
                expected == null ? text(prompt.answerIds(), words) : expected.strip(),
                answer.text(),
                answer.right());
    }

    private static String text(int[] ids, @Nullable Tokenizer words) {
        return words == null
                ? Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" "))
                : words.decode(ids);
    }

    private void print(Accuracy accuracy) {
        Table table = new Table("", "rows", "right", "accuracy");
        accuracy.tasks().forEach((task, count) -> line(table, task, count));
        line(table, "all", new Accuracy.Count(accuracy.rows(), accuracy.correct()));
        table.print(streams);
    }

    private static void line(Table table, String name, Accuracy.Count count) {
        table.row(name, Figures.count(count.rows()), Figures.count(count.correct()), Figures.percent(count.share()));
    }

    private static Map<String, Object> asJson(Accuracy accuracy) {
        Map<String, Object> all = numbers(new Accuracy.Count(accuracy.rows(), accuracy.correct()));
        Map<String, Object> tasks = new LinkedHashMap<>();
        accuracy.tasks().forEach((task, count) -> tasks.put(task, numbers(count)));
        if (!tasks.isEmpty()) {
            all.put("tasks", tasks);
        }
        return all;
    }

    private static Map<String, Object> numbers(Accuracy.Count count) {
        Map<String, Object> numbers = new LinkedHashMap<>();
        numbers.put("rows", count.rows());
        numbers.put("correct", count.correct());
        numbers.put("accuracy", count.share());
        return numbers;
    }
}
