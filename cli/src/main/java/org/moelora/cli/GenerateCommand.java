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
import org.moelora.model.LanguageModel;
import org.moelora.model.Request;
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
            "  moelora generate --model test-models/tiny --chat --prompt \"Is a cat red?\"",
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
            description =
                    "Take the text as a user's message in a conversation, as the model's chat template writes it, or without one"
                            + " under the headings that conversations are trained with (### User:); each line is a conversation of its own.")
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
            description =
                    "0 (default) takes the most probable token; above 0 the token is drawn, more evenly at a higher temperature.")
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
    @Option(
            names = "--min-p",
            paramLabel = "P",
            defaultValue = "0",
            description = "Draw among tokens that are at least P times as probable as the most probable one: 0 (all).")
    private double minP;

    @Under(Section.ANSWERS)
    @Option(
            names = "--repetition-penalty",
            paramLabel = "X",
            defaultValue = "1",
            description =
                    "Makes tokens of the prompt and of the text less probable, the more the higher above 1: 1 (off).")
    private double repetitionPenalty;

    @Under(Section.ANSWERS)
    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description = "End before this text, which can be given several times.")
    private List<String> stop = List.of();

    @Under(Section.ANSWERS)
    @Option(
            names = "--beyond-positions",
            description =
                    "Go on where the model was made for no more tokens, instead of ending there or refusing the prompt.")
    private boolean beyondPositions;

    @Under(Section.ANSWERS)
    @Option(names = "--seed", paramLabel = "S", defaultValue = "0", description = "Same seed, same text: 0.")
    private long seed;

    @Mixin
    private final MemoryFlags memory = new MemoryFlags();

    @Mixin
    private final LoadFlags load = new LoadFlags();

    GenerateCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        if (system != null && !chat) {
            throw new InputException(
                    "--system is a message of a conversation, and a plain prompt has none; expected --chat with it");
        }
        if (!chat) {
            date.refuse("a plain prompt is no conversation; expected --chat with it");
        }
        LocalDate today = date.date();
        request("", today); // refuses values out of range before the model is opened
        try (View view = model.load(load)) {
            if (prompt != null) {
                answer(view.model(), request(prompt, today));
            } else {
                answerLines(view.model(), today);
            }
        }
        return 0;
    }

    private Request request(String text, LocalDate today) {
        Request.Builder builder = chat ? Request.ofMessages(messages(text)) : Request.of(text);
        return builder.date(today)
                .maxTokens(maxTokens)
                .temperature(temperature)
                .topP(topP)
                .topK(topK)
                .minP(minP)
                .repetitionPenalty(repetitionPenalty)
                .stop(stop)
                .seed(seed)
                .beyondPositions(beyondPositions)
                .maxMemory(memory.limit())
                .build();
    }

    private void answerLines(LanguageModel view, LocalDate today) {
        BufferedReader lines = new BufferedReader(
                new InputStreamReader(streams.in(), streams.out().charset()));
        try {
            ask();
            String line = lines.readLine();
            if (line == null && !streams.terminal() && !chat) {
                answer(view, request("", today));
            }
            for (; line != null; line = lines.readLine()) {
                if (!line.isBlank()) {
                    answer(view, request(line, today));
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

    private void answer(LanguageModel view, Request request) {
        view.complete(request, piece -> {
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
