package org.moelora.model;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.UnsupportedFeature;
import org.moelora.text.ChatHeadings;
import org.moelora.text.ChatMessage;
import org.moelora.text.ChatTemplate;
import org.moelora.text.TextStream;
import org.moelora.text.Tokenizer;
import org.moelora.text.Tool;

/**
 * Makes texts from a view, one or several side by side, with a key/value cache that lives as long as one call. {@link LanguageModel#complete} writes one text with limits, stop
 * sequences and a deadline; this is for many prompts of one kind, such as a test set's. Immutable; each call is independent
 * and may run on its own thread.
 */
public final class Generation {
    /** Sees tokens as they are chosen. */
    @FunctionalInterface
    public interface Listener {
        /**
         * @param sequence which of the texts
         * @param id the token; not called for the one that ends the text
         * @return whether to go on with this text
         */
        boolean token(int sequence, int id);
    }

    /** Room for so many tokens of each text at first; more is taken as they come. */
    private static final int AT_FIRST = 64;

    private static final System.Logger LOG = System.getLogger(Generation.class.getName());

    private final LanguageModel model;
    private final GenerationOptions options;
    private final @Nullable List<@Nullable String> tasks;
    private final @Nullable LocalDate date;

    private Generation(
            LanguageModel model,
            GenerationOptions options,
            @Nullable List<@Nullable String> tasks,
            @Nullable LocalDate date) {
        this.model = model;
        this.options = options;
        this.tasks = tasks;
        this.date = date;
    }

    public static Generation of(LanguageModel model, GenerationOptions options) {
        return new Generation(model, options, null, null);
    }

    /**
     * This for prompts whose tasks are known, for adapters with gates by task; others do not mind.
     *
     * @param ofPrompts as many as there will be prompts, null for one without a task
     */
    public Generation withTasks(List<@Nullable String> ofPrompts) {
        return new Generation(model, options, ofPrompts, date);
    }

    /** This with another day for what the chat template takes for today. */
    public Generation withDate(LocalDate day) {
        return new Generation(model, options, tasks, day);
    }

    /**
     * The text that follows a prompt.
     *
     * @throws InputException if the model has no tokenizer
     */
    public String text(String prompt) {
        StringBuilder text = new StringBuilder();
        stream(prompt, text::append);
        return text.toString();
    }

    /** {@link #text}, handing over pieces as they come; a piece never ends inside a character. */
    public void stream(String prompt, Consumer<String> consumer) {
        TextStream stream = tokenizer().stream();
        boolean[] open = {true};
        ids(List.of(tokens(prompt)), (sequence, id) -> {
            String piece = stream.push(id);
            int end = options.stopAtLineEnd() ? piece.indexOf('\n') : -1;
            String shown = end < 0 ? piece : piece.substring(0, end);
            if (!shown.isEmpty()) {
                consumer.accept(shown);
            }
            open[0] = end < 0;
            return open[0];
        });
        if (open[0]) {
            String rest = stream.finish();
            if (!rest.isEmpty()) {
                consumer.accept(rest);
            }
        }
    }

    /**
     * The tokens that follow each prompt, without the one that ends the text. Texts advance side by side, so several cost little more than one. A model with learned
     * positions stops where it has no more of them, which is logged.
     *
     * @param prompts token ids, at least one each
     * @throws InputException if a prompt is empty
     * @throws IllegalStateException if the decoder or the adapter is closed, or is closed by another thread before the last token
     */
    public List<int[]> ids(List<int[]> prompts, Listener listener) {
        return ids(prompts, listener, AT_FIRST);
    }

    private List<int[]> ids(List<int[]> prompts, Listener listener, int atFirst) {
        int count = prompts.size();
        int longest = 0;
        for (int[] prompt : prompts) {
            if (prompt.length == 0) {
                throw new InputException("the prompt has no tokens; expected at least one");
            }
            longest = Math.max(longest, prompt.length);
        }
        List<Integer> ends = model.decoder().eosIds();
        List<List<Integer>> chosen = new ArrayList<>();
        List<@Nullable String> ofPrompts = new ArrayList<>();
        Sampler[] samplers = new Sampler[count];
        for (int s = 0; s < count; s++) {
            chosen.add(new ArrayList<>());
            ofPrompts.add(tasks == null ? null : tasks.get(s));
            samplers[s] = new Sampler(options.sampling(), s, prompts.get(s));
        }
        DecoderConfig config = model.decoder().config();
        int positions = config.design().learnedPositions() ? config.maxPositions() : Integer.MAX_VALUE;
        int most = Math.addExact(longest, options.maxTokens());
        int first = longest + Math.min(atFirst, options.maxTokens());
        int[][] next = prompts.toArray(int[][]::new);
        try (Decoding decoding = new Decoding(model, ofPrompts, first, most)) {
            for (int step = 0; step < options.maxTokens() && anyOf(next); step++) {
                List<float[]> logits = decoding.read(next, () -> {});
                int row = 0;
                for (int s = 0; s < count; s++) {
                    if (next[s].length == 0) {
                        continue;
                    }
                    int id = samplers[s].next(logits.get(row++));
                    boolean ended = ends.contains(id);
                    boolean goesOn = !ended && listener.token(s, id);
                    if (!ended) {
                        chosen.get(s).add(id);
                    }
                    if (goesOn && prompts.get(s).length + chosen.get(s).size() > positions) {
                        goesOn = false;
                        LOG.log(
                                System.Logger.Level.WARNING,
                                "a text ends after {0} tokens: the model has positions for no more",
                                Integer.toString(positions));
                    }
                    next[s] = goesOn ? new int[] {id} : new int[0];
                }
            }
        } catch (InternalError e) {
            throw model.decoder().explained(e);
        }
        return chosen.stream()
                .map(ids -> ids.stream().mapToInt(Integer::intValue).toArray())
                .toList();
    }

    /** Writes the first token of each text, with room for all: for {@link MemoryPlan#of}, as no later token takes more. */
    public void rehearse(List<int[]> prompts) {
        ids(prompts, (sequence, id) -> false, options.maxTokens());
    }

    /**
     * A text as a prompt: its tokens, after the one that the tokenizer begins a text with, as in a row to train on. Nothing stands behind it, not even a token that the
     * tokenizer puts behind whole texts: the prompt is to be continued.
     *
     * @throws InputException if the model has no tokenizer
     */
    public int[] tokens(String prompt) {
        return tokenizer().encodePrompt(prompt);
    }

    /**
     * A conversation as a prompt, up to where the assistant's answer begins: its chat template's text, of which nothing but the template says what is around it; where there is no
     * chat template the headings that conversations are trained with, see {@link ChatHeadings}.
     *
     * @throws InputException if the model has no tokenizer, the template refuses the messages, or they are more than headings can write
     */
    public int[] tokens(List<ChatMessage> messages) {
        return tokens(messages, List.of());
    }

    /**
     * {@link #tokens(List)} with tools that the assistant may call.
     *
     * @throws UnsupportedFeature if the model has no chat template, or one that does not write tools, their calls or their answers
     */
    public int[] tokens(List<ChatMessage> messages, List<Tool> tools) {
        ChatTemplate template = model.decoder().chatTemplate();
        if (template == null) {
            if (!tools.isEmpty()) {
                throw new UnsupportedFeature(
                        model.decoder().source().toString(),
                        "tools without a chat template",
                        "a model with one that writes them");
            }
            return ChatHeadings.prompt(tokenizer(), messages);
        }
        ChatTemplate dated = date == null ? template : template.withDate(date);
        return tokenizer().encode(dated.prompt(messages, tools), false);
    }

    private static boolean anyOf(int[][] next) {
        return Arrays.stream(next).anyMatch(tokens -> tokens.length > 0);
    }

    private Tokenizer tokenizer() {
        Tokenizer tokenizer = model.decoder().tokenizer();
        if (tokenizer == null) {
            throw new InputException(
                    model.decoder().source()
                            + ": there is no tokenizer; expected tokenizer.json in the folder, or one in the GGUF file, as the prompt is text");
        }
        return tokenizer;
    }
}
