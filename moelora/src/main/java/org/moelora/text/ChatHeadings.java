package org.moelora.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.moelora.engine.InputException;

/**
 * How a conversation is written for a model without a chat template, in training and in asking alike: every message under its heading, an empty line between two, and
 * each answer tokenised apart and ended by the end-of-sequence token.
 *
 * <pre>
 * ### User:
 * Hello.
 *
 * ### Assistant:
 * </pre>
 */
public final class ChatHeadings {
    private static final Set<String> ROLES = Set.of("system", "user", "assistant");

    private ChatHeadings() {}

    /**
     * A run of the text that is tokenised by itself.
     *
     * @param isAnswer whether it is what an assistant's message says, after which the sequence ends
     */
    public record Part(String text, boolean isAnswer) {}

    /**
     * @param messages of the roles system, user and assistant that are their content
     * @param asks whether the beginning of an answer follows; else what follows the last answer is left out
     */
    public static List<Part> parts(List<ChatMessage> messages, boolean asks) {
        List<Part> parts = new ArrayList<>();
        StringBuilder asked = new StringBuilder();
        for (int i = 0; i < messages.size(); i++) {
            String content = content(messages.get(i), i + 1);
            switch (messages.get(i).role()) {
                case "system" -> asked.append(Templates.SYSTEM).append(content);
                case "user" -> asked.append(Templates.USER).append(content);
                default -> {
                    parts.add(new Part(asked.append(Templates.ASSISTANT).toString(), false));
                    parts.add(new Part(content, true));
                    asked.setLength(0);
                }
            }
            asked.append(Templates.BETWEEN);
        }
        if (asks) {
            parts.add(new Part(asked.append(Templates.ASSISTANT).toString(), false));
        }
        return parts;
    }

    /** The content of a message, if headings can write all that it is. */
    private static String content(ChatMessage message, int number) {
        String content = message.content();
        if (!ROLES.contains(message.role())) {
            throw refused(number, "is of the role " + message.role());
        }
        if (!message.fields().isEmpty()) {
            throw refused(
                    number,
                    "has the field \"" + message.fields().keySet().iterator().next() + "\"");
        }
        if (content == null) {
            throw refused(number, "has no content");
        }
        return content;
    }

    private static InputException refused(int number, String what) {
        return new InputException("message " + number + " " + what
                + ", and the model has no chat template that writes it; expected a model with one, or messages of the roles"
                + " system, user and assistant that are their content");
    }

    /**
     * A conversation as a prompt: the ids that a row of training has up to where the next answer begins.
     *
     * @throws InputException if a message is more than headings can write, or there is an answer and the tokenizer does not say what ends a text
     */
    public static int[] prompt(Tokenizer tokenizer, List<ChatMessage> messages) {
        IntStream ids = tokenizer.bosId().stream();
        for (Part part : parts(messages, true)) {
            ids = IntStream.concat(ids, IntStream.of(tokenizer.encode(part.text(), false)));
            if (part.isAnswer()) {
                int end = tokenizer
                        .eosId()
                        .orElseThrow(
                                () -> new InputException(
                                        tokenizer.file()
                                                + ": which token ends a text is not known; expected eos_token in tokenizer_config.json beside it"));
                ids = IntStream.concat(ids, IntStream.of(end));
            }
        }
        return ids.toArray();
    }
}
