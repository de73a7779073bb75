package org.moelora.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.text.ChatMessage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moelora generate}. */
@Command(
        name = "generate",
        customSynopsis = "moelora generate --model=DIR [--adapter=DIR] [OPTIONS]",
        header = "Continue a text as it is written, or answer in a chat.",
        description =
                "%nWithout --prompt: a line in, an answer out, until the input ends; without any input, a text from its beginning.",
        footer = {
            "",
            "Examples:",
            "  moelora generate --model llama --prompt \"Once upon a time\"",
            "  moelora generate --model llama --temperature 0.8 --prompt \"Once\"",
            "  moelora generate --model llama --chat --prompt \"What is a llama?\"",
            "  moelora generate --model llama < questions.txt",
        })
final class GenerateCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final ModelFlags model = new ModelFlags();

    @Under(Section.DATA)
    @Option(names = "--prompt", paramLabel = "TEXT", description = "The text to continue.")
    private @Nullable String prompt;

    @Under(Section.DATA)
    @Option(
            names = "--chat",
            description = "Take the text as a user's message in a conversation, as the model's chat template writes it;"
                    + " each line is a conversation of its own.")
    private boolean chat;

    @Under(Section.DATA)
    @Option(names = "--system", paramLabel = "TEXT", description = "With --chat: a system message before it.")
    private @Nullable String system;

    @Mixin
    private final DateFlag date = new DateFlag();

    @Under(Section.ANSWERS)
    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "256", description = "Most tokens to write: 256.")
    private int maxTokens;

    @Under(Section.ANSWERS)
    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0",
            description = "0 (default): always the most probable token; above: draw, the more evenly the higher.")
    private double temperature;

    @Under(Section.ANSWERS)
    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            description = "Draw among the fewest tokens that together have this probability: 1 (all).")
    private double topP;

    @Under(Section.ANSWERS)
    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description = "Draw among so many most probable tokens: 0 (all).")
    private int topK;

    @Under(Section.ANSWERS)
    @Option(names = "--seed", paramLabel = "S", defaultValue = "0", description = "Same seed, same text: 0.")
    private long seed;

    @Mixin
    private final MemoryFlags memory = new MemoryFlags();

    @Mixin
    private final LoadFlags load = new LoadFlags();

    private long limit;

    GenerateCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        GenerationOptions options = new GenerationOptions(maxTokens, temperature, topK, topP, seed, false);
        if (system != null && !chat) {
            throw new InputException("--system: there is no conversation; expected --chat with it");
        }
        if (!chat) {
            date.refuse("there is no conversation; expected --chat with it");
        }
        LocalDate today = date.date();
        limit = memory.limit();
        try (View view = model.load(load)) {
            Generation generation = Generation.of(view.model(), options).withDate(today);
            if (prompt != null) {
                answer(generation, prompt);
            } else {
                answerLines(generation);
            }
        }
        return 0;
    }

    private void answerLines(Generation generation) {
        BufferedReader lines = new BufferedReader(
                new InputStreamReader(streams.in(), streams.out().charset()));
        try {
            ask();
            String line = lines.readLine();
            if (line == null && !streams.terminal() && !chat) {
                answer(generation, "");
            }
            for (; line != null; line = lines.readLine()) {
                if (!line.isBlank()) {
                    answer(generation, line);
                }
                ask();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the input cannot be read", e);
        }
    }

    private void ask() {
        if (streams.terminal()) {
            streams.err().print("> ");
            streams.err().flush();
        }
    }

    private void answer(Generation generation, String text) {
        int[] tokens = chat ? generation.tokens(messages(text)) : generation.tokens(text);
        if (limit > 0) {
            generation.memory(tokens).require(limit, "writing", "a shorter prompt, or fewer --max-tokens");
        }
        generation.stream(tokens, piece -> {
            streams.out().print(piece);
            streams.out().flush();
        });
        streams.out().println();
        streams.out().flush();
    }

    private List<ChatMessage> messages(String text) {
        ChatMessage asked = new ChatMessage("user", text);
        return system == null ? List.of(asked) : List.of(new ChatMessage("system", system), asked);
    }
}
