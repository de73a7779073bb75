package org.moelora.data;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.text.ChatMessage;
import org.moelora.text.ChatTemplate;

/**
 * A conversation as a chat template writes it, up to the end of its last answer, and where the answers stand in it.
 *
 * <p>A template does not say what of its text is whose. An answer begins where the text of the messages before it ends when the template is asked for
 * the beginning of an answer, and it ends where the text of the messages up to it ends. Both must be beginnings of the whole text; but for what a
 * template writes after the last message only, if that is the end-of-sequence token. Where the answer does not go on from that beginning, as where
 * a template asks for a thought that the turn does not have, it begins where the two part.
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
     * @param content what the row says; what the template writes where it says more than a content
     * @param learned whether it carries loss
     */
    record Answer(int start, int end, String content, boolean learned) {}

    /**
     * Writes a conversation up to its last answer that is learned, or up to its last answer if none is.
     *
     * @param unlearned whether answers that are not learned are told apart from what else is not
     * @throws InputException if the template refuses the messages, drops part of them, or writes an earlier message differently once a later one follows
     */
    static ChatText of(ChatTemplate template, Example.Chat chat, boolean unlearned) {
        List<Example.Message> said = chat.messages();
        List<ChatMessage> messages = said.stream().map(Example.Message::said).toList();
        int last = last(said);
        try {
            String whole = template.render(messages.subList(0, last), chat.variables(), false);
            template.checkComplete(messages.subList(0, last), chat.variables(), whole, RowFields::isPartOfMessage);
            List<Answer> answers = new ArrayList<>();
            for (int i = 0; i < last; i++) {
                boolean learned = said.get(i).learned();
                if (said.get(i).role() == Example.Role.ASSISTANT && (learned || unlearned || i == last - 1)) {
                    String before = template.render(messages.subList(0, i), chat.variables(), true);
                    String with = i == last - 1
                            ? whole
                            : withoutEnd(
                                    template,
                                    template.render(messages.subList(0, i + 1), chat.variables(), false),
                                    whole);
                    String content = said.get(i).content();
                    int start = with.startsWith(before)
                            ? before.length()
                            : start(template, messages.subList(0, i), chat, before, with, content);
                    if (!whole.startsWith(with)) {
                        throw new InputException(
                                "its message " + (i + 1) + " is written otherwise by " + template.source()
                                        + " in the whole conversation than at its end; expected a template that only adds to what it"
                                        + " wrote, or a row in which only the last answer is learned");
                    }
                    if (start < 0) {
                        throw new InputException("its message " + (i + 1)
                                + " has no text of its own after the messages before it in what " + template.source()
                                + " writes; expected a template that adds an answer to them");
                    }
                    boolean isAll = said.get(i).fields().keySet().stream().noneMatch(RowFields::isPartOfMessage);
                    answers.add(new Answer(
                            start, with.length(), isAll && content != null ? content : with.substring(start), learned));
                }
            }
            return new ChatText(whole, answers);
        } catch (InputException e) {
            throw new InputException(chat.origin().where() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Where an answer begins that does not go on from the generation prompt, as where the prompt opens a thought that the recorded turn does not have:
     * after what the two have in common, but not after the beginning of what was said. -1 if the text before the answer differs already.
     */
    private static int start(
            ChatTemplate template,
            List<ChatMessage> earlier,
            Example.Chat chat,
            String before,
            String with,
            @Nullable String content) {
        int common = 0;
        while (common < Math.min(before.length(), with.length()) && before.charAt(common) == with.charAt(common)) {
            common++;
        }
        String asked = withoutEnd(template, template.render(earlier, chat.variables(), false), with);
        if (!with.startsWith(asked) || common < asked.length() || common == with.length()) {
            return -1;
        }
        int said = content == null || content.isBlank() ? -1 : with.indexOf(content.strip(), asked.length());
        return said < 0 ? common : Math.min(common, said);
    }

    /** How many messages there are up to the last answer that is learned, or the last answer. */
    static int last(List<Example.Message> messages) {
        int last = 0;
        boolean learned = false;
        for (int i = 0; i < messages.size(); i++) {
            Example.Message message = messages.get(i);
            if (message.role() == Example.Role.ASSISTANT && (message.learned() || !learned)) {
                last = i + 1;
                learned = message.learned();
            }
        }
        return last;
    }

    /** The text without an end-of-sequence token that it has only because nothing follows. */
    private static String withoutEnd(ChatTemplate template, String text, String whole) {
        String end = template.eosToken();
        return !whole.startsWith(text) && !end.isEmpty() && text.endsWith(end)
                ? text.substring(0, text.length() - end.length())
                : text;
    }
}
