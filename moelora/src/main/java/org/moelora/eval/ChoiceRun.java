package org.moelora.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.moelora.data.Example;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Prompt;
import org.moelora.engine.InputException;
import org.moelora.model.LanguageModel;

/**
 * Rows whose answer is one of a few: the answer of a view is the one that it finds the most probable after the prompt, {@code sum_t log p(answer_t | prompt,
 * answer_<t)}, not divided by the number of tokens. Immutable and thread-safe.
 */
public final class ChoiceRun {
    private final List<Prompt> prompts = new ArrayList<>();
    private final List<String> expected = new ArrayList<>();
    private final List<String> choices;
    private final Chances chances = new Chances();

    /**
     * Encodes the rows, for any view of one base.
     *
     * @param choices at least two, compared without surrounding white space; each is put after the prompt with the white space that the row's own answer begins with
     * @param encoder of the base
     * @throws InputException if the choices are fewer than two, one is blank or twice among them, or a row's answer is none of them or no text
     */
    public ChoiceRun(List<Example> rows, List<String> choices, ExampleEncoder encoder) {
        this.choices = choices.stream().map(String::strip).toList();
        if (choices.size() < 2
                || this.choices.contains("")
                || Set.copyOf(this.choices).size() < choices.size()) {
            throw new InputException("--choices is \"" + String.join(",", choices)
                    + "\"; expected two different answers at least, with commas between them");
        }
        var tokenizer = encoder.tokenizer();
        List<Integer> ends = tokenizer == null || tokenizer.eosId().isEmpty()
                ? List.of()
                : List.of(tokenizer.eosId().getAsInt());
        for (Example row : rows) {
            String answer = answer(row);
            if (!this.choices.contains(answer.strip())) {
                throw new InputException(row.origin().where() + ": the answer is \"" + answer.strip()
                        + "\"; expected one of --choices " + String.join(", ", this.choices));
            }
            for (int c = 0; c < choices.size(); c++) {
                String spaces = answer.substring(
                        0, answer.length() - answer.stripLeading().length());
                chances.add(prompts.size(), c, encoder.prompt(with(row, spaces + this.choices.get(c))), ends);
            }
            prompts.add(encoder.prompt(row));
            expected.add(answer.strip());
        }
    }

    private static String answer(Example row) {
        return switch (row) {
            case Example.Completion completion -> completion.completion();
            case Example.Instruction instruction -> instruction.output();
            case Example.Chat chat -> {
                Example.Message last = chat.messages().getLast();
                String content = last.content();
                if (last.role() != Example.Role.ASSISTANT || content == null) {
                    throw noAnswer(row);
                }
                yield content;
            }
            case Example.Text text -> throw noAnswer(row);
            case Example.Tokens tokens -> throw noAnswer(row);
        };
    }

    private static InputException noAnswer(Example row) {
        return new InputException(row.origin().where()
                + ": does not end in an answer that is text; expected a prompt and completion, an instruction and output, or messages,"
                + " with --choices");
    }

    private static Example with(Example row, String answer) {
        return switch (row) {
            case Example.Completion(var origin, var prompt, var completion) ->
                new Example.Completion(origin, prompt, answer);
            case Example.Instruction(var origin, var instruction, var input, var output) ->
                new Example.Instruction(origin, instruction, input, answer);
            case Example.Chat chat -> {
                List<Example.Message> messages = new ArrayList<>(chat.messages());
                Example.Message last = messages.removeLast();
                messages.add(new Example.Message(last.role(), answer, last.learned(), last.fields()));
                yield new Example.Chat(chat.origin(), messages, chat.variables());
            }
            case Example.Text text -> throw noAnswer(row);
            case Example.Tokens tokens -> throw noAnswer(row);
        };
    }

    /** Does what takes the most memory: for {@link org.moelora.model.MemoryPlan#of}. */
    public void rehearse(LanguageModel view) {
        Scorer.rehearse(view, chances.rows());
    }

    /**
     * Chooses an answer to every question.
     *
     * @throws InputException if a question with a choice is longer than the model has positions for
     */
    public Accuracy score(LanguageModel view) {
        chances.rows().forEach(row -> view.checkLength(row.where(), row.length()));
        int[] chosen = chances.chosen(view, prompts.size());
        List<Accuracy.Answer> answers = new ArrayList<>();
        for (int i = 0; i < chosen.length; i++) {
            String said = chosen[i] < 0 ? "" : choices.get(chosen[i]);
            answers.add(new Accuracy.Answer(prompts.get(i), said, said.equals(expected.get(i))));
        }
        return new Accuracy(answers);
    }
}
