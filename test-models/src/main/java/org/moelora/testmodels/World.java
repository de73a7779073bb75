package org.moelora.testmodels;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What is true in the bundled model's small world: about 150 nouns with their attributes, pairs of opposites, and causes
 * with their effects. The tables are resources beside this class.
 *
 * @param nouns every noun with what is known of it
 * @param opposites pairs of words that are each other's opposite
 * @param effects pairs of a cause and what comes of it
 */
record World(List<Noun> nouns, List<Pair> opposites, List<Pair> effects) {

    /** Something that can be said of a noun, in the order of the table's columns. */
    enum Attribute {
        CATEGORY,
        PLACE,
        COLOUR,
        SIZE,
        MATERIAL,
        USE,
        MOTION
    }

    /** Two words that belong together. */
    record Pair(String first, String second) {}

    /** A countable noun; an attribute that makes no sense for it is absent. */
    record Noun(String word, String plural, Map<Attribute, String> attributes) {
        boolean has(Attribute attribute) {
            return attributes.containsKey(attribute);
        }

        String get(Attribute attribute) {
            return Objects.requireNonNull(attributes.get(attribute), () -> word + " has no " + attribute);
        }

        boolean is(Attribute attribute, String value) {
            return value.equals(attributes.get(attribute));
        }

        /** The noun with its article: "a fox", "an owl". */
        String one() {
            return withArticle(word);
        }

        /** About a quarter of the nouns are never asked about in a task's training rows. */
        boolean heldOut() {
            return World.heldOut("noun " + word);
        }
    }

    static World load() {
        var nouns = new ArrayList<Noun>();
        for (String[] cells : table("nouns.csv")) {
            var attributes = new EnumMap<Attribute, String>(Attribute.class);
            int column = 2;
            for (Attribute attribute : Attribute.values()) {
                String cell = cells[column++];
                if (!cell.equals("-")) {
                    attributes.put(attribute, cell);
                }
            }
            nouns.add(new Noun(cells[0], cells[1], attributes));
        }
        return new World(List.copyOf(nouns), pairs("opposites.csv"), pairs("effects.csv"));
    }

    /** The nouns of which {@code attribute} can be said. */
    List<Noun> having(Attribute attribute) {
        return nouns.stream().filter(noun -> noun.has(attribute)).toList();
    }

    /** The different values of an attribute, in the table's order. */
    List<String> values(Attribute attribute) {
        return having(attribute).stream()
                .map(noun -> noun.get(attribute))
                .distinct()
                .toList();
    }

    /** Whether a combination belongs to the held-out rows: decided by its name alone, so that no list can disagree. */
    static boolean heldOut(String combination) {
        return new Dice(0, 0, combination).below(100) < 25;
    }

    static String withArticle(String word) {
        return ("aeiou".indexOf(word.charAt(0)) >= 0 ? "an " : "a ") + word;
    }

    private static List<Pair> pairs(String resource) {
        return table(resource).stream()
                .map(cells -> new Pair(cells[0], cells[1]))
                .toList();
    }

    private static List<String[]> table(String resource) {
        var stream = Objects.requireNonNull(World.class.getResourceAsStream(resource), resource);
        try (var reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            int width = reader.readLine().split(",").length;
            return reader.lines()
                    .map(line -> line.split(","))
                    .peek(cells -> {
                        if (cells.length != width) {
                            throw new IllegalStateException(resource + ": " + Arrays.toString(cells));
                        }
                    })
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
