package org.moelora.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.moelora.engine.InputException;
import org.moelora.text.ChatMessage;
import org.moelora.text.ChatTemplate;

/**
 * A conversation as a chat template writes it, up to the end of its last answer, and where the answers stand in it.
 *
 * <p>A template does not say what of its text is whose. An answer begins where the text of the messages before it ends when the template is asked for
 * the beginning of an answer, and it ends where the text of the messages up to it ends. Both must be beginnings of the whole text; but for what a
 * template writes after the last message only, if that is the end-of-sequence token.
 *
 * @param text the whole
 * @param answers in order
 */
record ChatText(String text, List<Answer> answers) {
    /**
     * An assistant's message.
     *
     * @param start where its text begins, after its heading
     * @param end where it ends, with what ends a message
     * @param content what the row says
     */
    record Answer(int start, int end, String content) {}

    /**
     * @throws InputException if the template refuses the messages, or writes what was said otherwise once more is said
     */
    static ChatText of(ChatTemplate template, Example.Chat chat) {
        List<ChatMessage> messages = chat.messages().stream()
                .map(message -> new ChatMessage(message.role().name().toLowerCase(Locale.ROOT), message.content()))
                .toList();
        int last = messages.size();
        while (chat.messages().get(last - 1).role() != Example.Role.ASSISTANT) {
            last--;
        }
        try {
            String whole = template.render(messages.subList(0, last), false);
            List<Answer> answers = new ArrayList<>();
            for (int i = 0; i < last; i++) {
                if (chat.messages().get(i).role() == Example.Role.ASSISTANT) {
                    String before = template.render(messages.subList(0, i), true);
                    String with = i == last - 1
                            ? whole
                            : withoutEnd(template, template.render(messages.subList(0, i + 1), false), whole);
                    if (!whole.startsWith(with) || !with.startsWith(before)) {
                        throw new InputException(
                                "its message " + (i + 1) + " is written otherwise by " + template.source()
                                        + " in the whole conversation than at its end; expected a template that only adds to what it"
                                        + " wrote, or a row that ends with its first answer");
                    }
                    answers.add(new Answer(
                            before.length(), with.length(), messages.get(i).content()));
                }
            }
            return new ChatText(whole, answers);
        } catch (InputException e) {
            throw new InputException(chat.origin().where() + ": " + e.getMessage(), e);
        }
    }

    /** The text without an end-of-sequence token that it has only because nothing follows. */
    private static String withoutEnd(ChatTemplate template, String text, String whole) {
        String end = template.eosToken();
        return !whole.startsWith(text) && !end.isEmpty() && text.endsWith(end)
                ? text.substring(0, text.length() - end.length())
                : text;
    }
}
