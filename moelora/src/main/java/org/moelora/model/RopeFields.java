package org.moelora.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.JsonObject;

/**
 * The fields of rope for one kind of layer, which may stand in several objects: one has what the earlier ones lack. Every field is used or refused by its
 * name, but for those that no scaling here reads and that change nothing.
 */
final class RopeFields {
    private static final Set<String> ALWAYS = Set.of("rope_theta", "rope_type", "type", "partial_rotary_factor");

    /** What is written beside other scalings too, and is only read with some. */
    private static final Set<String> HARMLESS = Set.of("original_max_position_embeddings", "finetuned");

    private final List<JsonObject> objects;
    private final Set<String> unused = new TreeSet<>();

    RopeFields(List<JsonObject> objects) {
        this.objects = List.copyOf(objects);
    }

    /** The object that has the field, or null. */
    @Nullable JsonObject having(String name) {
        return objects.stream().filter(object -> object.has(name)).findFirst().orElse(null);
    }

    /** Fields that count for nothing, after {@link #scaling}. */
    Set<String> unused() {
        return unused;
    }

    /** How frequencies are stretched, null for not at all. */
    @Nullable RopeScaling scaling(int positions) {
        JsonObject typed = having("rope_type");
        String name = typed == null ? "type" : "rope_type";
        typed = typed == null ? having("type") : typed;
        String type = typed == null ? "default" : typed.string(name);
        RopeScaling scaling = switch (type) {
            case "default" -> null;
            case "linear" -> new RopeScaling.Linear(positive("factor"));
            case "llama3" -> llama3(positions);
            default -> throw Objects.requireNonNull(typed).error(name, "default, linear or llama3");
        };
        checkRest(
                type,
                switch (type) {
                    case "linear" -> Set.of("factor");
                    case "llama3" ->
                        Set.of("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings");
                    default -> Set.of();
                });
        return scaling;
    }

    private RopeScaling llama3(int positions) {
        double low = positive("low_freq_factor");
        double high = positive("high_freq_factor");
        if (high <= low) {
            throw error("high_freq_factor", "more than low_freq_factor, " + low);
        }
        double original = having("original_max_position_embeddings") == null
                ? positions
                : positive("original_max_position_embeddings");
        return new RopeScaling.Llama3(positive("factor"), low, high, original);
    }

    private void checkRest(String type, Set<String> read) {
        for (JsonObject object : objects) {
            if (object.number("partial_rotary_factor", 1) != 1) {
                throw object.error("partial_rotary_factor", "1: turning a part of each head is not supported");
            }
            String other = object.string("type", type);
            if (!other.equals(type)) {
                throw object.error("type", "the rope_type, " + type);
            }
            for (String name : object.names()) {
                if (!object.has(name) || ALWAYS.contains(name) || read.contains(name) || isNeutral(object, name)) {
                    continue;
                }
                if (!HARMLESS.contains(name)) {
                    throw object.error(name, "none with the rope_type " + type + ", which does not read it");
                }
                unused.add(name);
            }
        }
    }

    /** A factor of 1 stretches nothing. */
    private static boolean isNeutral(JsonObject object, String name) {
        return (name.equals("factor") || name.equals("attention_factor"))
                && object.get(name) instanceof Number number
                && number.doubleValue() == 1;
    }

    private double positive(String name) {
        JsonObject object = having(name);
        double value = object == null ? Double.NaN : object.number(name);
        if (!(value > 0 && value < 1e12)) {
            throw error(name, "a number above 0 and below 1e12");
        }
        return value;
    }

    /** Base of the frequencies. */
    double theta(JsonObject config, String topName, double otherwise) {
        JsonObject object = having("rope_theta");
        String name = object == null ? topName : "rope_theta";
        object = object == null ? config : object;
        double theta = object.number(name, otherwise);
        if (!(theta > 1 && theta < 1e12)) {
            throw object.error(name, "a number above 1 and below 1e12");
        }
        return theta;
    }

    private InputException error(String name, String expected) {
        JsonObject object = having(name);
        return (object == null ? objects.getFirst() : object).error(name, expected);
    }

    /** Rope of a model whose layers all turn alike: {@code rope_scaling}, or {@code rope_parameters} where that is not there or empty. */
    static RopeFields ofAll(@Nullable JsonObject scaling, @Nullable JsonObject parameters) {
        JsonObject chosen = isEmpty(scaling) ? parameters : scaling;
        if (chosen == null) {
            return new RopeFields(List.of());
        }
        for (String name : chosen.names()) {
            if (chosen.get(name) instanceof JsonObject) {
                throw chosen.error(name, "no fields for each kind of layer: all turn alike in this family");
            }
        }
        return new RopeFields(List.of(chosen));
    }

    static boolean isEmpty(@Nullable JsonObject object) {
        return object == null || object.names().isEmpty();
    }

    /**
     * Rope of a kind of layer: {@code rope_parameters.KIND}.
     *
     * @param kinds all kinds that there are
     * @param over whose fields come first, or null
     */
    static RopeFields ofKind(
            @Nullable JsonObject parameters, String kind, Set<String> kinds, @Nullable JsonObject over) {
        List<JsonObject> objects = new ArrayList<>();
        if (over != null) {
            objects.add(over);
        }
        if (parameters != null) {
            for (String name : parameters.names()) {
                boolean says =
                        (!name.equals("rope_type") && !name.equals("type")) || !"default".equals(parameters.get(name));
                if (parameters.has(name) && !kinds.contains(name) && says) {
                    throw parameters.error(name, "the fields of rope inside " + String.join(" and ", kinds));
                }
            }
            JsonObject own = parameters.objectOrNull(kind);
            if (own != null) {
                objects.add(own);
            }
        }
        return new RopeFields(objects);
    }
}
