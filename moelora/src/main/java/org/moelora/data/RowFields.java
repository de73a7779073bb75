package org.moelora.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/** What the fields of rows and of messages mean beside those that make a row's shape: what belongs to the text, what says whether it is learned. */
public final class RowFields {
    /** Fields of a message that a model reads beside its content. */
    private static final Set<String> PART_OF_MESSAGE = Set.of(
            "tool_calls",
            "tool_call_id",
            "tool_call",
            "tool_responses",
            "tool_plan",
            "function_call",
            "function",
            "functions",
            "tools",
            "name",
            "recipient",
            "channel",
            "reasoning_content",
            "reasoning",
            "reasoning_details",
            "thinking",
            "thought",
            "thoughts",
            "refusal",
            "prefix",
            "suffix",
            "citations",
            "documents",
            "image",
            "images",
            "audio",
            "audios",
            "video",
            "videos");

    /** Whether a message or a row is learned: 0 or 1, false or true. */
    private static final Set<String> LEARNED = Set.of(
            "weight",
            "loss",
            "loss_weight",
            "loss_scale",
            "sample_weight",
            "example_weight",
            "train",
            "training",
            "trainable",
            "train_on_turn");

    /** What says which parts are learned in a form that is not read here. */
    private static final Set<String> MASKS = Set.of(
            "mask",
            "masked",
            "loss_mask",
            "completion_mask",
            "assistant_mask",
            "assistant_masks",
            "train_detail",
            "training_detail");

    /** Fields of a row that its text would need, and for which no shape has a place. */
    private static final Set<String> PART_OF_ROW = Set.of(
            "history",
            "functions",
            "chat_template",
            "image",
            "images",
            "audio",
            "audios",
            "video",
            "videos",
            "segments",
            "suffix");

    /** What a chat template gets as a variable beside the messages. */
    private static final List<String> VARIABLES = List.of("tools", "documents");

    private static final String KEYWORDS = "chat_template_kwargs";
    private static final List<String> SYSTEM = List.of("system", "system_prompt");

    private RowFields() {}

    /** Whether a message's text lacks something without the field. */
    static boolean isPartOfMessage(String name) {
        return PART_OF_MESSAGE.contains(name);
    }

    /** Whether a field may say that a row or a message is learned. */
    static boolean saysLearned(String name) {
        return LEARNED.contains(name);
    }

    /** Whether a field says nothing: it is missing, null, or an empty text, list or object. */
    static boolean isEmpty(JsonObject of, String name) {
        return switch (of.get(name)) {
            case null -> true;
            case String text -> text.isEmpty();
            case JsonArray array -> array.size() == 0;
            case JsonObject object -> object.names().isEmpty();
            default -> false;
        };
    }

    /**
     * Whether a row or a message is learned.
     *
     * @throws InputException if fields say it otherwise than by 0 or 1, false or true, or contradict each other
     */
    static @Nullable Boolean learned(JsonObject of) {
        Boolean learned = null;
        for (String name : of.names()) {
            if (MASKS.contains(name) && !isEmpty(of, name)) {
                throw of.error(name, "no such field: what is learned is said by weight, 0 or 1, or by labels");
            }
            if (LEARNED.contains(name) && of.has(name)) {
                boolean value = flag(of, name);
                if (learned != null && learned != value) {
                    throw of.error(name, "fields that agree on whether this is learned");
                }
                learned = value;
            }
        }
        return learned;
    }

    private static boolean flag(JsonObject of, String name) {
        return switch (of.get(name)) {
            case Boolean value -> value;
            case Number value when value.doubleValue() == 0 -> false;
            case Number value when value.doubleValue() == 1 -> true;
            case null, default -> throw of.error(name, "0 or 1, whether this is learned, or no such field");
        };
    }

    /**
     * Refuses a row, of any shape but a conversation, whose text would lack what a field of it says.
     *
     * @throws InputException naming the field
     */
    public static void checkPlain(JsonObject row) {
        checkRow(row);
        checkNoChat(row);
    }

    /** Refuses what the text of any row would lack. */
    static void checkRow(JsonObject row) {
        for (String name : row.names()) {
            if (PART_OF_ROW.contains(name) && !isEmpty(row, name)) {
                throw row.error(name, "no such field, as the row's text has no place for it");
            }
        }
        if (Boolean.FALSE.equals(row.get("label"))) {
            throw row.error("label", "only rows that are to be learned, whose label is true");
        }
    }

    /** Refuses what only a conversation has a place for. */
    static void checkNoChat(JsonObject row) {
        for (String name : SYSTEM) {
            if (!isEmpty(row, name)) {
                throw row.error(
                        name,
                        "no such field in a row without messages; a message of the role system has a place for it");
            }
        }
        for (String name : VARIABLES) {
            refuseVariable(row, name);
        }
        refuseVariable(row, KEYWORDS);
    }

    private static void refuseVariable(JsonObject row, String name) {
        if (!isEmpty(row, name)) {
            throw row.error(name, "no such field in a row without messages, as only a chat template reads it");
        }
    }

    /** The name of the field that is the system message of a conversation; null if there is none. */
    static @Nullable String system(JsonObject row) {
        String found = null;
        for (String name : SYSTEM) {
            if (!isEmpty(row, name)) {
                if (found != null) {
                    throw row.error(name, "one system message; " + found + " is another");
                }
                found = name;
            }
        }
        return found;
    }

    /** What the chat template gets beside the messages. */
    static Map<String, @Nullable Object> variables(JsonObject row) {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        for (String name : VARIABLES) {
            if (!isEmpty(row, name)) {
                variables.put(name, list(row, name));
            }
        }
        if (!isEmpty(row, KEYWORDS)) {
            JsonObject more = row.object(KEYWORDS);
            for (String name : more.names()) {
                if (variables.containsKey(name)
                        || Set.of("messages", "add_generation_prompt").contains(name)) {
                    throw more.error(name, "no such field, as it has a place of its own");
                }
                variables.put(name, value(more.get(name)));
            }
        }
        return variables;
    }

    /** A list of objects; some files keep it as a text of JSON. */
    private static Object list(JsonObject row, String name) {
        if (row.get(name) instanceof String text) {
            throw row.error(name, text.startsWith("[") ? "an array, not the text of one" : "an array");
        }
        return list(row.array(name));
    }

    /** A value as a template has it. */
    static @Nullable Object value(@Nullable Object json) {
        return switch (json) {
            case JsonObject object -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                object.names().forEach(name -> map.put(name, value(object.get(name))));
                yield map;
            }
            case JsonArray array -> list(array);
            case null, default -> json;
        };
    }

    private static List<@Nullable Object> list(JsonArray array) {
        List<@Nullable Object> list = new ArrayList<>(array.size());
        for (int i = 0; i < array.size(); i++) {
            list.add(value(array.get(i)));
        }
        return list;
    }

    /** Fields of a message that say something, without those that are read from it: a chat template may read them. */
    static Map<String, @Nullable Object> rest(JsonObject message, Set<String> read) {
        Map<String, @Nullable Object> rest = new LinkedHashMap<>();
        for (String name : message.names()) {
            if (!read.contains(name) && !LEARNED.contains(name) && !isEmpty(message, name)) {
                rest.put(name, value(message.get(name)));
            }
        }
        return rest;
    }

    /** Whether {@link #learned}, {@link #system} or {@link #variables} read it, or {@link #checkRow} found nothing in it. */
    static boolean isRead(JsonObject row, String name) {
        return isEmpty(row, name)
                || LEARNED.contains(name)
                || SYSTEM.contains(name)
                || VARIABLES.contains(name)
                || name.equals(KEYWORDS)
                || (row.get(name) instanceof Boolean && name.equals("label"));
    }
}
