package org.moelora.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonRows;

/**
 * Tells by a row's fields which shape it has; the first that fits counts. Of the other fields, those without which the row would be another text, or
 * would be learned otherwise, are used or refused; the rest is named once for each file.
 */
final class ExampleReader {
    private static final System.Logger LOG = System.getLogger(ExampleReader.class.getName());

    private static final String SHAPES =
            "input_ids and labels, messages, instruction and output (and input), prompt and completion, or text";

    private static final int MOST_NAMED = 12;

    private final Set<String> unused = new LinkedHashSet<>();
    private final Set<String> leftToTemplates = new LinkedHashSet<>();

    private ExampleReader() {}

    /** Appends a file's rows. */
    static void read(Path file, List<Example> rows) {
        ExampleReader reader = new ExampleReader();
        if (JsonRows.read(file, row -> rows.add(reader.read(row, rows.size()))) == 0) {
            throw new InputException(file + ": there are no rows; expected at least one, with " + SHAPES);
        }
        if (!reader.unused.isEmpty()) {
            LOG.log(System.Logger.Level.INFO, () -> file + ": fields that are not read: " + names(reader.unused));
        }
        if (!reader.leftToTemplates.isEmpty()) {
            LOG.log(
                    System.Logger.Level.INFO,
                    () -> file + ": fields of messages that only a chat template may read: "
                            + names(reader.leftToTemplates));
        }
    }

    private static String names(Set<String> names) {
        String some = names.stream().limit(MOST_NAMED).collect(Collectors.joining(", "));
        return names.size() > MOST_NAMED ? some + " and " + (names.size() - MOST_NAMED) + " more" : some;
    }

    private Example read(JsonObject row, int number) {
        boolean learned = !Boolean.FALSE.equals(RowFields.learned(row));
        RowFields.checkRow(row);
        var origin = new Origin(row.source(), number, row.stringOrNull("task"), learned);
        if (row.has("input_ids")) {
            checkBesideIds(row);
            return shape(row, () -> tokens(row, origin), "input_ids", "labels");
        }
        if (row.has("messages")) {
            return shape(row, () -> chat(row, "messages", origin), "messages");
        }
        if (row.has("conversations")) {
            return shape(row, () -> chat(row, "conversations", origin), "conversations");
        }
        if (row.has("instruction")) {
            return shape(
                    row,
                    () -> new Example.Instruction(
                            origin, row.string("instruction"), row.stringOrNull("input"), row.string("output")),
                    "instruction",
                    "input",
                    "output");
        }
        if (row.has("chosen") && row.has("rejected") && !row.has("completion")) {
            throw row.error("has chosen and rejected, and preferences are not learned; expected one answer, such as"
                    + " prompt and completion with what was chosen as the completion");
        }
        if (row.has("prompt")) {
            return shape(
                    row,
                    () -> new Example.Completion(origin, row.string("prompt"), row.string("completion")),
                    "prompt",
                    "completion");
        }
        if (row.has("text")) {
            return shape(row, () -> new Example.Text(origin, row.string("text")), "text");
        }
        String fields = row.names().stream().limit(8).collect(Collectors.joining(", "));
        throw row.error("has " + (fields.isEmpty() ? "no fields" : "the fields " + fields) + "; expected " + SHAPES);
    }

    private Example shape(JsonObject row, Supplier<Example> example, String... read) {
        Example made = example.get();
        if (!(made instanceof Example.Chat)) {
            RowFields.checkNoChat(row);
        }
        Set<String> names = Set.of(read);
        row.names().stream()
                .filter(name -> !names.contains(name) && !name.equals("task") && !RowFields.isRead(row, name))
                .forEach(unused::add);
        return made;
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

    /** Each id is read, at the place that it has in the row, and as text. */
    private static void checkBesideIds(JsonObject row) {
        for (String name : List.of("attention_mask", "token_type_ids", "position_ids")) {
            if (RowFields.isEmpty(row, name)) {
                continue;
            }
            int[] values = row.array(name).integers();
            for (int i = 0; i < values.length; i++) {
                int only = name.equals("attention_mask") ? 1 : name.equals("position_ids") ? i : 0;
                if (values[i] != only) {
                    throw row.array(name)
                            .error(i, only + ", as a row's ids are all read, from position 0 on, as one text");
                }
            }
        }
    }

    private Example chat(JsonObject row, String field, Origin origin) {
        List<Example.Message> messages = new ArrayList<>();
        String system = RowFields.system(row);
        if (system != null) {
            messages.add(new Example.Message(Example.Role.SYSTEM, row.string(system)));
        }
        boolean answered = false;
        for (JsonObject object : row.array(field).objects()) {
            Example.Message message = message(object);
            if (system != null && message.role() == Example.Role.SYSTEM) {
                throw row.error(system, "no such field beside a message of the role system");
            }
            answered |= message.role() == Example.Role.ASSISTANT;
            messages.add(message);
        }
        if (!answered) {
            throw row.error("has " + field + " without one of the role assistant; expected at least one");
        }
        return new Example.Chat(origin, messages, RowFields.variables(row));
    }

    /** {@code role} and {@code content}, or ShareGPT's {@code from} and {@code value}. */
    private Example.Message message(JsonObject message) {
        boolean shared = !message.has("role") && message.has("from");
        Example.Role role = shared ? sharedRole(message) : role(message);
        String field = shared && !message.has("content") ? "value" : "content";
        var fields = RowFields.rest(message, Set.of(shared ? "from" : "role", field));
        fields.keySet().stream()
                .filter(name -> !RowFields.isPartOfMessage(name))
                .forEach(leftToTemplates::add);
        String content = content(message, field, role);
        Boolean learned = RowFields.learned(message);
        if (Boolean.TRUE.equals(learned) && role != Example.Role.ASSISTANT) {
            String said = message.names().stream()
                    .filter(name -> !name.equals("role") && RowFields.saysLearned(name))
                    .findFirst()
                    .orElseThrow();
            throw message.error(said, "0 or no such field, as only what the assistant says is learned");
        }
        return new Example.Message(role, content, !Boolean.FALSE.equals(learned), fields);
    }

    /** What is said, which may be nothing where a tool is called. */
    private static @Nullable String content(JsonObject message, String field, Example.Role role) {
        boolean calls = role == Example.Role.ASSISTANT && !RowFields.isEmpty(message, "tool_calls");
        return calls ? message.stringOrNull(field) : message.string(field);
    }

    private static Example.Role role(JsonObject message) {
        return switch (message.string("role")) {
            case "system" -> Example.Role.SYSTEM;
            case "user" -> Example.Role.USER;
            case "assistant" -> Example.Role.ASSISTANT;
            case "tool" -> Example.Role.TOOL;
            default -> throw message.error("role", "system, user, assistant or tool");
        };
    }

    private static Example.Role sharedRole(JsonObject message) {
        return switch (message.string("from")) {
            case "system" -> Example.Role.SYSTEM;
            case "human", "user" -> Example.Role.USER;
            case "gpt", "assistant" -> Example.Role.ASSISTANT;
            case "tool" -> Example.Role.TOOL;
            default -> throw message.error("from", "system, human, user, gpt, assistant or tool");
        };
    }
}
