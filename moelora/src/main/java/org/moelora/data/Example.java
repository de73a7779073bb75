package org.moelora.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.text.ChatMessage;

/** One row of data, in one of five shapes. Immutable; arrays must not be written. */
public sealed interface Example {
    /** Where it comes from, and its task. */
    Origin origin();

    /**
     * Token ids, as they are: nothing is put around them.
     *
     * @param inputIds ids, at least one
     * @param labels as many: an id where predicting it carries loss, {@link TokenRow#IGNORED} elsewhere
     */
    record Tokens(Origin origin, int[] inputIds, int[] labels) implements Example {
        public Tokens {
            if (inputIds.length == 0 || inputIds.length != labels.length) {
                throw new IllegalArgumentException(
                        origin.where() + ": " + inputIds.length + " ids and " + labels.length + " labels");
            }
        }
    }

    /**
     * A task and its answer, for Alpaca's template.
     *
     * @param input what the task is about, or null
     */
    record Instruction(
            Origin origin, String instruction, @Nullable String input, String output) implements Example {}

    /** A beginning and how it goes on, put together as they are. */
    record Completion(Origin origin, String prompt, String completion) implements Example {}

    /**
     * A conversation.
     *
     * @param messages at least one of which is the assistant's
     * @param variables what a chat template reads beside them by name, such as {@code tools}
     */
    record Chat(Origin origin, List<Message> messages, Map<String, @Nullable Object> variables) implements Example {
        public Chat {
            messages = List.copyOf(messages);
            variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
            if (messages.stream().noneMatch(message -> message.role() == Role.ASSISTANT)) {
                throw new IllegalArgumentException(origin.where() + ": no message of the assistant's");
            }
        }

        /** With nothing beside the messages. */
        public Chat(Origin origin, List<Message> messages) {
            this(origin, messages, Map.of());
        }
    }

    /** A text of which everything is to be learned. */
    record Text(Origin origin, String text) implements Example {}

    /**
     * One message of a conversation.
     *
     * @param said what is said, as it is for asking too
     * @param learned whether it carries loss, if it is the assistant's
     */
    record Message(ChatMessage said, boolean learned) {
        /** A message that is its content, and is learned if it is the assistant's. */
        public Message(Role role, String content) {
            this(role, content, true, Map.of());
        }

        public Message(Role role, @Nullable String content, boolean learned, Map<String, @Nullable Object> fields) {
            this(new ChatMessage(role.name().toLowerCase(Locale.ROOT), content, fields), learned);
        }

        /** Who says it. */
        public Role role() {
            return Role.valueOf(said.role().toUpperCase(Locale.ROOT));
        }

        /** What its text is; null where an assistant only calls tools. */
        public @Nullable String content() {
            return said.content();
        }

        /** What a chat template reads of it besides. */
        public Map<String, @Nullable Object> fields() {
            return said.fields();
        }
    }

    /** Who speaks in a conversation. */
    enum Role {
        SYSTEM,
        USER,
        ASSISTANT,
        /** What a tool answered that the assistant called; only chat templates write it. */
        TOOL
    }
}
