package org.moelora.eval;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.data.Example;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Prompt;
import org.moelora.engine.InputException;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.model.LanguageModel;
import org.moelora.text.TextStream;
import org.moelora.text.Tokenizer;

/**
 * A task to be put to views of one base, with the extraction of LLM-Adapters (Hu et al. 2023, arXiv 2304.01933). Theirs generates with four beams;
 * here each token is the most probable one. Immutable and thread-safe.
 */
public final class TaskRun {
    /** Where theirs cuts a text that goes on with another prompt. */
    private static final String NEXT_PROMPT = "### Response:";

    private final Task task;
    private final List<Question> questions;
    private final TaskSettings settings;
    private final Tokenizer tokenizer;
    private final List<Prompt> prompts;
    private final Chances chances;

    /**
     * Encodes the questions, for any view of one base.
     *
     * @param encoder of the base
     * @throws InputException if the base has no tokenizer, or the scoring is by likelihood and the task has no choices
     */
    public TaskRun(Task task, List<Question> questions, ExampleEncoder encoder, TaskSettings settings) {
        boolean byLikelihood = settings.scoring() == Scoring.LIKELIHOOD;
        if (byLikelihood && task.choices().isEmpty()) {
            throw new InputException(
                    "the task " + task.name()
                            + " has no choices to compare the likelihood of, its answers are numbers; expected --scoring generate");
        }
        Tokenizer words = encoder.tokenizer();
        if (words == null) {
            throw new InputException("the model has no tokenizer.json; expected one, as the questions of the task "
                    + task.name() + " are text");
        }
        this.task = task;
        this.questions = List.copyOf(questions);
        this.settings = settings;
        this.tokenizer = words;
        this.prompts = byLikelihood
                ? List.of()
                : questions.stream().map(it -> prompt(encoder, it, "")).toList();
        this.chances = byLikelihood ? chances(encoder) : new Chances();
    }

    private Prompt prompt(ExampleEncoder encoder, Question question, String answer) {
        return encoder.prompt(new Example.Completion(question.origin(), prompt(question), answer));
    }

    private Chances chances(ExampleEncoder encoder) {
        Chances all = new Chances();
        List<Integer> ends = tokenizer.eosId().isEmpty()
                ? List.of()
                : List.of(tokenizer.eosId().getAsInt());
        for (int q = 0; q < questions.size(); q++) {
            Question question = questions.get(q);
            List<Task.Choice> offered = task.offered(question.instruction());
            for (int c = 0; c < offered.size(); c++) {
                all.add(q, c, prompt(encoder, question, offered.get(c).text()), ends);
            }
        }
        return all;
    }

    /** What a question is put to the model as. */
    public String prompt(Question question) {
        return settings.prompt().prompt(question.instruction(), question.input());
    }

    /** Does what takes the most memory: for {@link org.moelora.model.MemoryPlan#of}. */
    public void rehearse(LanguageModel view) {
        if (settings.scoring() == Scoring.LIKELIHOOD) {
            Scorer.rehearse(view, chances.rows());
        }
        for (List<Prompt> part : parts()) {
            generation(view, part).rehearse(part.stream().map(Prompt::ids).toList());
        }
    }

    /**
     * Asks every question.
     *
     * @throws InputException if a question, with a choice where choices are compared, is longer than the model has positions for
     */
    public TaskScore score(LanguageModel view) {
        prompts.forEach(prompt -> view.checkLength(prompt.origin().where(), prompt.ids().length));
        chances.rows().forEach(row -> view.checkLength(row.where(), row.length()));
        return new TaskScore(settings.scoring() == Scoring.LIKELIHOOD ? chosen(view) : generated(view));
    }

    private List<TaskScore.Answer> chosen(LanguageModel view) {
        int[] chosen = chances.chosen(view, questions.size());
        List<TaskScore.Answer> answers = new ArrayList<>();
        for (int q = 0; q < questions.size(); q++) {
            Question question = questions.get(q);
            Task.Choice choice =
                    chosen[q] < 0 ? null : task.offered(question.instruction()).get(chosen[q]);
            answers.add(answer(question, choice == null ? "" : choice.text(), choice == null ? null : choice.answer()));
        }
        return answers;
    }

    private TaskScore.Answer answer(Question question, String text, @Nullable String extracted) {
        return new TaskScore.Answer(question, text, extracted, task.rule().agrees(extracted, question.gold()));
    }

    private List<TaskScore.Answer> generated(LanguageModel view) {
        List<TaskScore.Answer> answers = new ArrayList<>();
        for (List<Prompt> part : parts()) {
            List<Text> texts = part.stream().map(prompt -> new Text()).toList();
            generation(view, part)
                    .ids(
                            part.stream().map(Prompt::ids).toList(),
                            (sequence, id) -> texts.get(sequence).token(id));
            for (Text text : texts) {
                String whole = text.whole();
                answers.add(
                        answer(questions.get(answers.size()), whole, task.rule().extract(whole)));
            }
        }
        return answers;
    }

    private List<List<Prompt>> parts() {
        List<List<Prompt>> parts = new ArrayList<>();
        for (int from = 0; from < prompts.size(); from += settings.batchSize()) {
            parts.add(prompts.subList(from, Math.min(prompts.size(), from + settings.batchSize())));
        }
        return parts;
    }

    private Generation generation(LanguageModel view, List<Prompt> part) {
        List<@Nullable String> tasks = new ArrayList<>();
        part.forEach(prompt -> tasks.add(prompt.origin().task()));
        return Generation.of(view, GenerationOptions.GREEDY.withMaxTokens(task.maxTokens()))
                .withTasks(tasks);
    }

    /** One answer as it comes, ended as soon as what follows cannot matter. */
    private final class Text {
        private final TextStream stream = tokenizer.stream();
        private final StringBuilder text = new StringBuilder();

        /** Whether to go on. */
        boolean token(int id) {
            text.append(stream.push(id));
            return text.indexOf(NEXT_PROMPT) < 0 && !task.rule().isDecided(text.toString());
        }

        String whole() {
            String all = text + stream.finish();
            int end = all.indexOf(NEXT_PROMPT);
            return (end < 0 ? all : all.substring(0, end)).strip();
        }
    }
}
