package org.moelora.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/**
 * Which linears of a base an adapter sits on, by PEFT's rules: those that {@code names} has and {@code exclude} has not and, if layers are given, in
 * one of them. Immutable and thread-safe.
 *
 * @param names PEFT's {@code target_modules}
 * @param exclude PEFT's {@code exclude_modules}; null for none
 * @param layers PEFT's {@code layers_to_transform}, from 0; empty for all
 * @param layersPattern PEFT's {@code layers_pattern}: what the list of layers may be called, e.g. {@code layers}; empty for any
 */
public record Targets(Names names, @Nullable Names exclude, List<Integer> layers, List<String> layersPattern) {
    /** Most names that may be given: blocks have seven linears. */
    public static final int MAX = 64;

    private static final int MAX_LAYERS = 4096;
    private static final String TARGETS = "target_modules";
    private static final String EXCLUDE = "exclude_modules";
    private static final String LAYERS = "layers_to_transform";
    private static final String PATTERN = "layers_pattern";
    private static final String ALL_LINEAR = "all-linear";

    /** A choice among linears. */
    public sealed interface Names {
        /** Whether a linear of this full name is one of them. */
        boolean has(String name);

        /** What {@link Targets#parse} reads as this choice; of {@link Usual}, a description. */
        String text();
    }

    /** Linears whose full name is one of these, or ends with a dot and one of these: {@code q_proj}, {@code self_attn.q_proj}. */
    public record Suffixes(List<String> of) implements Names {
        /**
         * @throws InputException if there is none, or one twice or blank
         */
        public Suffixes {
            of = List.copyOf(of);
            if (of.size() > MAX) {
                throw new InputException("targets are " + of.size() + "; expected at most " + MAX);
            }
            if (of.isEmpty() || of.stream().anyMatch(String::isBlank)) {
                throw new InputException("targets are " + of + "; expected at least one linear");
            }
            of = of.stream().distinct().toList();
        }

        @Override
        public boolean has(String name) {
            return of.stream().anyMatch(each -> isEnd(each, name));
        }

        private static boolean isEnd(String suffix, String name) {
            return name.equals(suffix) || name.endsWith("." + suffix);
        }

        @Override
        public String text() {
            return String.join(",", of);
        }
    }

    /** Linears whose full name is matched from its first to its last character. */
    public record Expression(String regex) implements Names {
        /**
         * @throws InputException if it is none that is matched in bounded time, and as Python would
         */
        public Expression {
            NamePatterns.expression(TARGETS, regex);
        }

        @Override
        public boolean has(String name) {
            return NamePatterns.matches(TARGETS, regex, name);
        }

        @Override
        public String text() {
            return "/" + regex + "/";
        }
    }

    /** All linears of the blocks, which leaves out the head. */
    public record AllLinear() implements Names {
        @Override
        public boolean has(String name) {
            return true;
        }

        @Override
        public String text() {
            return ALL_LINEAR;
        }
    }

    /**
     * What PEFT adapts in a family of models unless targets are given: {@code q_proj} and {@code v_proj}, or GPT-2's {@code c_attn}. Which it is, {@link
     * Targets#on} finds out.
     */
    public record Usual() implements Names {
        private static final List<List<String>> KNOWN = List.of(List.of("q_proj", "v_proj"), List.of("c_attn"));

        @Override
        public boolean has(String name) {
            return false;
        }

        @Override
        public String text() {
            return "those that are usual for the base";
        }
    }

    /**
     * @throws InputException if a layer is negative, or there are more than a model has, or a pattern is no name, or stands without layers
     */
    public Targets {
        layers = layers.stream().distinct().sorted().toList();
        layersPattern = List.copyOf(layersPattern);
        if (layers.size() > MAX_LAYERS || layers.stream().anyMatch(layer -> layer < 0)) {
            throw new InputException(LAYERS + " has " + (layers.size() > MAX_LAYERS ? layers.size() : layers)
                    + "; expected at most " + MAX_LAYERS + " numbers from 0");
        }
        if (!layersPattern.isEmpty() && layers.isEmpty()) {
            throw new InputException(PATTERN + " is " + layersPattern + " without " + LAYERS + "; expected both");
        }
        if (layersPattern.size() > MAX || layersPattern.stream().anyMatch(each -> !each.matches("\\w{1,64}"))) {
            throw new InputException(PATTERN + " is " + layersPattern + "; expected names of lists of layers");
        }
        if (!layers.isEmpty() && names instanceof Expression) {
            throw new InputException(
                    LAYERS + " stands beside an expression as " + TARGETS + "; expected names, or no layers");
        }
    }

    /** All linears with one of these names, or ends of names. */
    public static Targets of(List<String> names) {
        return of(new Suffixes(names));
    }

    /** A choice, in all layers. */
    public static Targets of(Names names) {
        return new Targets(names, null, List.of(), List.of());
    }

    /**
     * Reads a choice as {@link Names#text} writes it: names with commas between them, {@code all-linear}, or a regular expression between slashes.
     *
     * @throws InputException if it is none of them
     */
    public static Targets parse(String text) {
        if (text.equals(ALL_LINEAR)) {
            return of(new AllLinear());
        }
        if (text.length() > 1 && text.startsWith("/") && text.endsWith("/")) {
            return of(new Expression(text.substring(1, text.length() - 1)));
        }
        return of(Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList());
    }

    /** Whether an adapter sits on a linear. */
    public boolean has(LinearSite site) {
        String name = site.name();
        return names.has(name) && (exclude == null || !exclude.has(name)) && isInLayers(site);
    }

    private boolean isInLayers(LinearSite site) {
        if (layers.isEmpty()) {
            return true;
        }
        boolean called = layersPattern.isEmpty()
                || layersPattern.stream().anyMatch(each -> site.name().contains("." + each + "." + site.layer() + "."));
        return called && layers.contains(site.layer());
    }

    /**
     * These for a base: what depends on it is named.
     *
     * @throws InputException if PEFT has nothing that is usual for it
     */
    Targets on(List<LinearSite> sites) {
        return switch (names) {
            case AllLinear all ->
                with(new Suffixes(
                        sites.stream().map(LinearSite::projection).distinct().toList()));
            case Usual usual ->
                with(new Suffixes(Usual.KNOWN.stream()
                        .filter(list -> list.stream()
                                .allMatch(each -> sites.stream()
                                        .anyMatch(site -> site.projection().equals(each))))
                        .findFirst()
                        .orElseThrow(() -> new InputException(
                                TARGETS + " are not given, and nothing is usual for the base; expected some of "
                                        + sites.stream()
                                                .map(LinearSite::projection)
                                                .distinct()
                                                .toList()))));
            case Suffixes given -> this;
            case Expression given -> this;
        };
    }

    private Targets with(Names other) {
        return new Targets(other, exclude, layers, layersPattern);
    }

    /** Names of no linear of a base. */
    List<String> strangers(List<LinearSite> sites) {
        return names instanceof Suffixes given
                ? given.of().stream()
                        .filter(each -> sites.stream().noneMatch(site -> Suffixes.isEnd(each, site.name())))
                        .toList()
                : List.of();
    }

    /** These without some of the names; all of them if none would be left. */
    Targets without(List<String> strangers) {
        if (names instanceof Suffixes given) {
            List<String> rest = new ArrayList<>(given.of());
            rest.removeAll(Set.copyOf(strangers));
            return rest.isEmpty() ? this : with(new Suffixes(rest));
        }
        return this;
    }

    /** The fields of {@code adapter_config.json}, as PEFT names them; those that say nothing are left out. */
    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        switch (names) {
            case Suffixes some -> json.put(TARGETS, some.of());
            case Expression expression -> json.put(TARGETS, expression.regex());
            case AllLinear all -> json.put(TARGETS, ALL_LINEAR);
            case Usual usual -> {}
        }
        switch (exclude) {
            case Suffixes some -> json.put(EXCLUDE, some.of());
            case Expression expression -> json.put(EXCLUDE, expression.regex());
            case null, default -> {}
        }
        if (!layers.isEmpty()) {
            json.put(LAYERS, layers);
        }
        if (!layersPattern.isEmpty()) {
            json.put(PATTERN, layersPattern);
        }
        return json;
    }

    /**
     * Reads those fields.
     *
     * @throws InputException if one is neither what PEFT writes nor null
     */
    static Targets read(JsonObject json) {
        Names names = names(json, TARGETS);
        Names exclude = names(json, EXCLUDE);
        return new Targets(
                names == null ? new Usual() : names,
                exclude instanceof AllLinear ? new Expression(ALL_LINEAR) : exclude,
                layers(json),
                texts(json, PATTERN));
    }

    private static @Nullable Names names(JsonObject json, String field) {
        try {
            return switch (json.get(field)) {
                case null -> null;
                case String text when text.equalsIgnoreCase(ALL_LINEAR) -> new AllLinear();
                case String text -> new Expression(text);
                case JsonArray array when array.size() == 0 && field.equals(EXCLUDE) -> null;
                case JsonArray array -> new Suffixes(array.strings());
                default -> throw json.error(field, "a list of names, a regular expression, \"all-linear\" or null");
            };
        } catch (InputException e) {
            String message = String.valueOf(e.getMessage());
            throw message.startsWith(json.source()) ? e : json.error(field + ": " + message);
        }
    }

    private static List<Integer> layers(JsonObject json) {
        return switch (json.get(LAYERS)) {
            case null -> List.of();
            case JsonArray array -> Arrays.stream(array.integers()).boxed().toList();
            default -> List.of(json.integer(LAYERS));
        };
    }

    private static List<String> texts(JsonObject json, String field) {
        return switch (json.get(field)) {
            case null -> List.of();
            case String text when text.isEmpty() -> List.of();
            case String text -> List.of(text);
            default -> json.array(field).strings();
        };
    }

    /** The choice in words, e.g. {@code q_proj, v_proj without 0.self_attn.q_proj in layers 0, 1}. */
    @Override
    public String toString() {
        String within = layers.isEmpty()
                ? ""
                : " in layers " + layers.stream().map(String::valueOf).collect(Collectors.joining(", "));
        return words(names) + (exclude == null ? "" : " without " + words(exclude)) + within;
    }

    private static String words(Names names) {
        return names instanceof Suffixes given ? String.join(", ", given.of()) : names.text();
    }
}
