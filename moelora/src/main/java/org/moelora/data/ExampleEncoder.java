package org.moelora.data;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.text.ChatHeadings;
import org.moelora.text.ChatMessage;
import org.moelora.text.ChatTemplate;
import org.moelora.text.Templates;
import org.moelora.text.Tokenizer;

/**
 * Turns examples into rows of tokens with labels. In the table, what carries loss is in braces, {@code BOS} is there if the
 * tokenizer begins texts with one, and {@code EOS} is its end-of-sequence token:
 * <pre>
 * input_ids, labels              the ids and labels as they are
 * instruction, input, output     BOS Alpaca's template {output EOS}
 * prompt, completion             BOS prompt {completion EOS}       with nothing between the two, not even a space
 * messages                       BOS "### System:\n" content "\n\n"
 *                                    "### User:\n" content "\n\n"
 *                                    "### Assistant:\n" {content EOS}
 *                                    "\n\n" "### User:\n" ...      each assistant message alike; what follows the last is left out
 * messages, with a chat template what the template writes: its headings, {content, what ends a message}, and so on; no BOS but its own
 * text                           BOS {text EOS}
 * </pre>
 * The two forms of Alpaca's template are in {@link Templates#alpaca}. What carries loss and what does not are tokenised apart and
 * their ids put together, so that no token stands on both sides of the boundary, and a prompt alone has the same ids as in its row.
 *
 * <p>A chat template's text is tokenised as a whole, so that its tokens are the ones that the model was trained on, except where a token would stand on both
 * sides of such a boundary: the tokens before it are those of the prompt alone.
 *
 * <p>Immutable and thread-safe.
 *
 * @param tokenizer null if there is none; then only rows of {@code input_ids} are accepted
 * @param vocabularySize rows of the model's embedding: ids must be below it
 * @param maxLength the most tokens of a row; {@link Integer#MAX_VALUE} for no limit
 * @param longRows what becomes of longer rows
 * @param lossOnPrompt whether everything but BOS carries loss; rows of {@code input_ids} say it themselves
 * @param chatTemplate asked for when there is a conversation: how it is written, or null for the headings above
 */
public record ExampleEncoder(
        @Nullable Tokenizer tokenizer,
        int vocabularySize,
        int maxLength,
        LongRows longRows,
        boolean lossOnPrompt,
        Supplier<@Nullable ChatTemplate> chatTemplate) {
    /**
     * @throws IllegalArgumentException if the vocabulary is empty or the length below 2, which leaves nothing to predict
     */
    public ExampleEncoder {
        if (vocabularySize < 1 || maxLength < 2) {
            throw new IllegalArgumentException(
                    "a vocabulary of " + vocabularySize + ", rows of " + maxLength + " tokens");
        }
    }

    /** Rows of any length, loss on answers only. */
    public ExampleEncoder(@Nullable Tokenizer tokenizer, int vocabularySize) {
        this(tokenizer, vocabularySize, Integer.MAX_VALUE, LongRows.CUT, false, () -> null);
    }

    /** The same with another limit. */
    public ExampleEncoder withMaxLength(int tokens) {
        return withMaxLength(tokens, longRows);
    }

    /** The same with another limit, and another fate for rows that exceed it. */
    public ExampleEncoder withMaxLength(int tokens, LongRows fate) {
        return new ExampleEncoder(tokenizer, vocabularySize, tokens, fate, lossOnPrompt, chatTemplate);
    }

    /** The same with another limit. */
    public ExampleEncoder with(RowLimit limit) {
        return withMaxLength(limit.tokens(), limit.longer());
    }

    /** The same with loss on prompts, or without. */
    public ExampleEncoder withLossOnPrompt(boolean loss) {
        return new ExampleEncoder(tokenizer, vocabularySize, maxLength, longRows, loss, chatTemplate);
    }

    /** The same with conversations in a model's own form. */
    public ExampleEncoder withChatTemplate(Supplier<@Nullable ChatTemplate> template) {
        return new ExampleEncoder(tokenizer, vocabularySize, maxLength, longRows, lossOnPrompt, template);
    }

    /** The same with another day for what chat templates take for today. */
    public ExampleEncoder withDate(LocalDate day) {
        Supplier<@Nullable ChatTemplate> before = chatTemplate;
        return withChatTemplate(() -> {
            ChatTemplate template = before.get();
            return template == null ? null : template.withDate(day);
        });
    }

    /** What chat templates take for today; null if there is no conversation among the examples, or no template. */
    private @Nullable LocalDate date(Examples examples) {
        boolean talks = examples.rows().stream().anyMatch(Example.Chat.class::isInstance);
        ChatTemplate template = talks && tokenizer != null ? chatTemplate.get() : null;
        return template == null ? null : template.date();
    }

    /**
     * Encodes all examples, all on the same day, does with rows that are too long what {@link #longRows} says, and drops rows that keep no label.
     *
     * @throws InputException as {@link #encode} does, and for a row that is too long if such rows are refused
     */
    public EncodedExamples encodeAll(Examples examples) {
        LocalDate date = date(examples);
        ExampleEncoder encoder = date == null ? this : withDate(date);
        List<TokenRow> rows = new ArrayList<>(examples.size());
        int cut = 0;
        int dropped = 0;
        int skipped = 0;
        for (Example example : examples.rows()) {
            TokenRow whole = encoder.encode(example);
            if (whole.length() > maxLength && longRows != LongRows.CUT) {
                skipped += skip(whole);
                continue;
            }
            TokenRow row = cut(whole);
            if (row.labelCount() == 0) {
                dropped++;
            } else {
                rows.add(row);
                cut += row.length() < whole.length() ? 1 : 0;
            }
        }
        return new EncodedExamples(rows, cut, dropped, skipped, examples.sources(), date);
    }

    private int skip(TokenRow row) {
        if (longRows == LongRows.REFUSE) {
            throw new InputException(row.where() + ": has " + row.length() + " tokens; expected at most " + maxLength
                    + ", or that long rows are cut or skipped");
        }
        return 1;
    }

    /**
     * One example as a whole, whatever its length, and even if nothing of it carries loss.
     *
     * @throws InputException if an id is outside the vocabulary, or the example is text and there is no tokenizer, or one that
     *     knows no end-of-sequence token
     */
    public TokenRow encode(Example example) {
        Origin origin = example.origin();
        if (example instanceof Example.Tokens tokens) {
            checkIds(tokens);
            int[] labels = tokens.labels();
            if (!origin.learned()) {
                labels = new int[labels.length];
                Arrays.fill(labels, TokenRow.IGNORED);
            }
            return new TokenRow(tokens.inputIds(), labels, origin.task(), origin.row(), origin.where());
        }
        List<Part> parts = parts(example);
        int[] ids = joined(parts);
        int[] labels = new int[ids.length];
        Arrays.fill(labels, TokenRow.IGNORED);
        int at = 0;
        for (Part part : parts) {
            int end = at + part.ids().length;
            if (origin.learned() && (part.loss() == Loss.YES || (part.loss() == Loss.IF_PROMPTS && lossOnPrompt))) {
                System.arraycopy(ids, at, labels, at, end - at);
            }
            at = end;
        }
        return new TokenRow(ids, labels, origin.task(), origin.row(), origin.where());
    }

    /**
     * The question that an example asks, for a model to answer: everything before the last answer. For {@code input_ids} the answer
     * begins with the first label and ends before the next token that has none. Nothing is cut.
     *
     * @throws InputException as {@link #encode} does, and if the example has no question, such as a {@code text}
     */
    public Prompt prompt(Example example) {
        return switch (example) {
            case Example.Tokens tokens -> prompt(tokens);
            case Example.Text text ->
                throw new InputException(text.origin().where()
                        + ": a row of text has no question; expected a row with a prompt and an answer");
            default -> {
                List<Part> parts = parts(example);
                Part last = parts.getLast();
                int[] before = joined(parts.subList(0, parts.size() - 1));
                if (before.length == 0) {
                    throw noQuestion(example.origin());
                }
                if (last.loss() == Loss.NO) {
                    throw new InputException(
                            example.origin().where()
                                    + ": no answer is to be learned; expected one to compare with, of weight 1 or without a weight");
                }
                yield new Prompt(before, last.text(), last.ids(), example.origin());
            }
        };
    }

    private Prompt prompt(Example.Tokens tokens) {
        checkIds(tokens);
        int[] labels = tokens.labels();
        int start = 1;
        while (start < labels.length && labels[start] == TokenRow.IGNORED) {
            start++;
        }
        int end = start;
        while (end < labels.length && labels[end] != TokenRow.IGNORED) {
            end++;
        }
        if (start == end) {
            throw new InputException(tokens.origin().where()
                    + ": no token after the first has a label; expected an answer to compare with");
        }
        int[] answer = Arrays.copyOfRange(labels, start, end);
        return new Prompt(
                Arrays.copyOf(tokens.inputIds(), start),
                tokenizer == null ? null : tokenizer.decode(answer),
                answer,
                tokens.origin());
    }

    private static InputException noQuestion(Origin origin) {
        return new InputException(
                origin.where() + ": the prompt is empty; expected at least one token before the answer");
    }

    /** Which parts of a row carry loss. */
    private enum Loss {
        /** BOS, and answers that are not to be learned. */
        NO,
        /** What is asked. */
        IF_PROMPTS,
        /** Answers. */
        YES
    }

    /** A stretch of a row that is all alike. */
    private record Part(String text, int[] ids, Loss loss) {}

    private List<Part> parts(Example example) {
        Tokenizer words = tokenizer;
        Origin origin = example.origin();
        if (words == null) {
            throw new InputException(origin.where() + ": a row of text, and the model has no tokenizer.json; expected "
                    + "one in its folder, or rows of input_ids and labels");
        }
        ChatTemplate template = example instanceof Example.Chat ? chatTemplate.get() : null;
        if (example instanceof Example.Chat chat && template != null) {
            return turns(words, origin, ChatText.of(template, chat, lossOnPrompt));
        }
        if (example instanceof Example.Chat chat) {
            checkPlain(chat);
        }
        List<Part> parts = new ArrayList<>();
        words.bosId().ifPresent(id -> parts.add(new Part("", checked(origin, id), Loss.NO)));
        switch (example) {
            case Example.Instruction row -> {
                parts.add(asked(words, origin, Templates.alpaca(row.instruction(), row.input())));
                parts.add(answered(words, origin, row.output()));
            }
            case Example.Completion row -> {
                parts.add(asked(words, origin, row.prompt()));
                parts.add(answered(words, origin, row.completion()));
            }
            case Example.Text row -> parts.add(answered(words, origin, row.text()));
            case Example.Chat chat -> addTurns(words, chat, parts);
            case Example.Tokens tokens -> throw new AssertionError(tokens);
        }
        return parts;
    }

    private List<Part> turns(Tokenizer words, Origin origin, ChatText chat) {
        List<Part> parts = new ArrayList<>();
        var ids = new GrowingIds(part -> words.encode(part, false), words::restart, chat.text());
        int done = 0;
        for (ChatText.Answer answer : chat.answers()) {
            int from = ids.size();
            ids.growTo(answer.start());
            int[] asked = ids.from(from);
            if (from == 0 && asked.length > 0 && words.bosId().equals(OptionalInt.of(asked[0]))) {
                parts.add(new Part("", checked(origin, asked[0]), Loss.NO));
                asked = ids.from(1);
            }
            String text = chat.text().substring(done, answer.start());
            parts.add(new Part(text, checked(origin, asked), Loss.IF_PROMPTS));
            int before = ids.size();
            ids.growTo(answer.end());
            parts.add(new Part(
                    answer.content(), checked(origin, ids.from(before)), answer.learned() ? Loss.YES : Loss.NO));
            done = answer.end();
        }
        return parts;
    }

    private void addTurns(Tokenizer words, Example.Chat chat, List<Part> parts) {
        List<Example.Message> said = chat.messages().subList(0, ChatText.last(chat.messages()));
        List<ChatMessage> messages = new ArrayList<>();
        for (Example.Message message : said) {
            String content = plain(chat.origin(), message, messages.size() + 1);
            messages.add(new ChatMessage(message.role().name().toLowerCase(Locale.ROOT), content));
        }
        Iterator<Example.Message> answers = said.stream()
                .filter(message -> message.role() == Example.Role.ASSISTANT)
                .iterator();
        for (ChatHeadings.Part part : ChatHeadings.parts(messages, false)) {
            parts.add(
                    part.isAnswer()
                            ? answered(
                                    words,
                                    chat.origin(),
                                    part.text(),
                                    answers.next().learned())
                            : asked(words, chat.origin(), part.text()));
        }
    }

    /** A message's content, if headings can write all that the message is. */
    private static String plain(Origin origin, Example.Message message, int number) {
        String name = message.fields().keySet().stream()
                .filter(RowFields::isPartOfMessage)
                .findFirst()
                .orElse(null);
        String content = message.content();
        if (name != null || content == null || message.role() == Example.Role.TOOL) {
            throw new InputException(origin.where() + ": its message " + number
                    + (name != null ? " has the field \"" + name + "\"" : " is of the role tool")
                    + ", and the model has no chat template that writes it; expected a model with one, or messages of the roles system,"
                    + " user and assistant that are their content");
        }
        return content;
    }

    /** What only a chat template reads. */
    private static void checkPlain(Example.Chat chat) {
        chat.variables().keySet().stream().findFirst().ifPresent(name -> {
            throw new InputException(
                    chat.origin().where() + ": has \"" + name
                            + "\", and the model has no chat template that reads it; expected a model with one, or rows without it");
        });
    }

    private Part asked(Tokenizer words, Origin origin, String text) {
        return new Part(text, checked(origin, words.encode(text, false)), Loss.IF_PROMPTS);
    }

    private Part answered(Tokenizer words, Origin origin, String text) {
        return answered(words, origin, text, true);
    }

    private Part answered(Tokenizer words, Origin origin, String text, boolean learned) {
        int end = words.eosId()
                .orElseThrow(() -> new InputException(words.file() + ": which token ends a text is not known; expected "
                        + "eos_token in tokenizer_config.json beside it"));
        int[] ids = words.encode(text, false);
        int[] ended = Arrays.copyOf(ids, ids.length + 1);
        ended[ids.length] = end;
        return new Part(text, checked(origin, ended), learned ? Loss.YES : Loss.NO);
    }

    private int[] checked(Origin origin, int... ids) {
        for (int id : ids) {
            if (id >= vocabularySize) {
                throw new InputException(origin.where() + ": its text has the token " + id
                        + ", and the model's embedding has " + vocabularySize
                        + " rows; expected a tokenizer.json that belongs to the model");
            }
        }
        return ids;
    }

    private void checkIds(Example.Tokens tokens) {
        check(tokens, "input_ids", tokens.inputIds(), false);
        check(tokens, "labels", tokens.labels(), true);
    }

    private void check(Example.Tokens tokens, String field, int[] ids, boolean mayIgnore) {
        for (int i = 0; i < ids.length; i++) {
            boolean ignored = mayIgnore && ids[i] == TokenRow.IGNORED;
            if (!ignored && (ids[i] < 0 || ids[i] >= vocabularySize)) {
                throw new InputException(tokens.origin().where() + ": field \"" + field + "[" + i + "]\" is " + ids[i]
                        + "; expected an id of the model's vocabulary, 0 to " + (vocabularySize - 1));
            }
        }
    }

    private static int[] joined(List<Part> parts) {
        return parts.stream().flatMapToInt(part -> IntStream.of(part.ids())).toArray();
    }

    private TokenRow cut(TokenRow row) {
        return row.length() <= maxLength
                ? row
                : new TokenRow(
                        Arrays.copyOf(row.inputIds(), maxLength),
                        Arrays.copyOf(row.labels(), maxLength),
                        row.task(),
                        row.row(),
                        row.where());
    }
}
