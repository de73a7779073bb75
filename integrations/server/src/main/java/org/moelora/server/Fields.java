package org.moelora.server;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;

/**
 * The fields of a request, each of which is used, listed as ignored where it changes no answer, or refused by name. Used by one thread.
 */
final class Fields {
    private final JsonObject json;
    private final Set<String> known = new LinkedHashSet<>();
    private final List<String> ignored = new ArrayList<>();

    Fields(JsonObject json) {
        this.json = json;
    }

    /** @throws ApiException if the body is not one JSON object */
    static Fields of(byte[] body) {
        try {
            return new Fields(Json.parse(body, "request"));
        } catch (InputException e) {
            throw ApiException.invalid(null, "invalid_json", String.valueOf(e.getMessage()));
        }
    }

    private <T> T read(String name, Function<JsonObject, T> accessor) {
        known.add(name);
        try {
            return accessor.apply(json);
        } catch (InputException e) {
            throw ApiException.invalid(
                    name,
                    json.has(name) ? "invalid_type" : "missing_required_parameter",
                    String.valueOf(e.getMessage()));
        }
    }

    boolean has(String name) {
        known.add(name);
        return json.has(name);
    }

    @Nullable Object get(String name) {
        known.add(name);
        return json.get(name);
    }

    String string(String name) {
        return read(name, object -> object.string(name));
    }

    String string(String name, String otherwise) {
        return has(name) ? string(name) : otherwise;
    }

    double number(String name) {
        return read(name, object -> object.number(name));
    }

    double number(String name, double otherwise) {
        return has(name) ? number(name) : otherwise;
    }

    int integer(String name) {
        return read(name, object -> object.integer(name));
    }

    int integer(String name, int otherwise) {
        return has(name) ? integer(name) : otherwise;
    }

    long longInteger(String name) {
        return read(name, object -> object.longInteger(name));
    }

    boolean flag(String name, boolean otherwise) {
        return read(name, object -> object.flag(name, otherwise));
    }

    List<JsonObject> objects(String name) {
        return read(name, object -> object.array(name).objects());
    }

    JsonObject object(String name) {
        return read(name, object -> object.object(name));
    }

    /** A text, or a list of texts; empty if there is none. */
    List<String> strings(String name) {
        if (!has(name)) {
            return List.of();
        }
        return json.get(name) instanceof String one
                ? List.of(one)
                : read(name, object -> object.array(name).strings());
    }

    /** Takes fields that change no answer. */
    void ignore(String... names) {
        for (String name : names) {
            if (has(name)) {
                ignored.add(name);
            }
        }
    }

    /** Refuses a field, unless it says what is done without it. */
    void refuseUnless(String name, String why, Object... harmless) {
        Object value = get(name);
        if (value == null) {
            return;
        }
        for (Object each : harmless) {
            if (value.equals(each) || value.toString().equals(each.toString())) {
                return;
            }
        }
        throw ApiException.unsupported(name, "field \"" + name + "\" " + why);
    }

    /** Fields that were sent, and change nothing. */
    List<String> ignored() {
        return List.copyOf(ignored);
    }

    /** @throws ApiException if there is a field that nothing has asked for */
    void complete() {
        for (String name : json.names()) {
            if (!known.contains(name)) {
                throw ApiException.invalid(
                        name,
                        "unknown_parameter",
                        "field \"" + name + "\" is not known here; expected fields that docs/server.md lists"
                                + Spelling.suggestion(name, known));
            }
        }
    }
}
