package org.moelora.data;

import java.util.List;
import org.jspecify.annotations.Nullable;

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
     */
    record Chat(Origin origin, List<Message> messages) implements Example {
        public Chat {
            messages = List.copyOf(messages);
            if (messages.stream().noneMatch(message -> message.role() == Role.ASSISTANT)) {
                throw new IllegalArgumentException(origin.where() + ": no message of the assistant's");
            }
        }
    }

    /** A text of which everything is to be learned. */
    record Text(Origin origin, String text) implements Example {}

    /** What somebody says in a conversation. */
    record Message(Role role, String content) {}

    /** Who speaks in a conversation. */
    enum Role {
        SYSTEM,
        USER,
        ASSISTANT
    }
}
