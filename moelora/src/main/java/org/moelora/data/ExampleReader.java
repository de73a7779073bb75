package org.moelora.data;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.moelora.engine.InputException;
import org.moelora.engine.io.JsonArray;
import org.moelora.engine.io.JsonObject;

/** Tells by a row's fields which shape it has; the first that fits counts, and other fields are left alone. */
final class ExampleReader {
    private static final String SHAPES =
            "input_ids and labels, messages, instruction and output (and input), prompt and completion, or text";

    private ExampleReader() {}

    static Example read(JsonObject row, int number) {
        var origin = new Origin(row.source(), number, row.stringOrNull("task"));
        if (row.has("input_ids")) {
            return tokens(row, origin);
        }
        if (row.has("messages")) {
            return chat(row, origin);
        }
        if (row.has("instruction")) {
            return new Example.Instruction(
                    origin, row.string("instruction"), row.stringOrNull("input"), row.string("output"));
        }
        if (row.has("prompt")) {
            return new Example.Completion(origin, row.string("prompt"), row.string("completion"));
        }
        if (row.has("text")) {
            return new Example.Text(origin, row.string("text"));
        }
        String fields = row.names().stream().limit(8).collect(Collectors.joining(", "));
        throw row.error("has " + (fields.isEmpty() ? "no fields" : "the fields " + fields) + "; expected " + SHAPES);
    }

    static InputException empty(String file) {
        return new InputException(file + ": there are no rows; expected at least one, with " + SHAPES);
    }

    private static Example tokens(JsonObject row, Origin origin) {
        int[] ids = row.array("input_ids").integers();
        JsonArray labelArray = row.array("labels");
        int[] labels = labelArray.integers();
        if (ids.length == 0) {
            throw row.error("input_ids", "at least one token id");
        }
        if (labels.length != ids.length) {
            throw row.error(
                    "has " + ids.length + " input_ids and " + labels.length + " labels; expected as many of each");
        }
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0) {
                throw row.array("input_ids").error(i, "a token id, 0 or more");
            }
            if (labels[i] < 0 && labels[i] != TokenRow.IGNORED) {
                throw labelArray.error(i, "a token id, or " + TokenRow.IGNORED + " for no loss");
            }
        }
        return new Example.Tokens(origin, ids, labels);
    }

    private static Example chat(JsonObject row, Origin origin) {
        List<Example.Message> messages = new ArrayList<>();
        boolean answered = false;
        for (JsonObject message : row.array("messages").objects()) {
            Example.Role role = switch (message.string("role")) {
                case "system" -> Example.Role.SYSTEM;
                case "user" -> Example.Role.USER;
                case "assistant" -> Example.Role.ASSISTANT;
                default -> throw message.error("role", "system, user or assistant");
            };
            answered |= role == Example.Role.ASSISTANT;
            messages.add(new Example.Message(role, message.string("content")));
        }
        if (!answered) {
            throw row.error("has messages without one of the role assistant; expected at least one");
        }
        return new Example.Chat(origin, messages);
    }
}
