package org.moelora.engine.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;

/** Published test vectors: a JSON value that is trusted to be well-formed. The engine reads no files, so its tests have a reader of their own. */
public record PublishedJson(Object value) {
    private static final Pattern TOKEN = Pattern.compile("[\\[\\]{},:]|\"((?:[^\"\\\\]|\\\\.)*)\"|[^\\s\\[\\]{},:\"]+");

    /** A file of {@link Published#file}. */
    public static PublishedJson read(String name) {
        try {
            Matcher tokens = TOKEN.matcher(Files.readString(Published.file(name)));
            tokens.find();
            return new PublishedJson(value(tokens));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Object value(Matcher tokens) {
        return switch (tokens.group()) {
            case "{" -> members(tokens);
            case "[" -> elements(tokens);
            case String token -> tokens.group(1) == null ? token : tokens.group(1);
        };
    }

    private static Map<String, Object> members(Matcher tokens) {
        Map<String, Object> members = new LinkedHashMap<>();
        while (tokens.find() && !tokens.group().equals("}")) {
            if (tokens.group().equals(",")) {
                continue;
            }
            String name = tokens.group(1);
            tokens.find(); // the colon
            tokens.find();
            members.put(name, value(tokens));
        }
        return members;
    }

    private static List<Object> elements(Matcher tokens) {
        List<Object> elements = new ArrayList<>();
        while (tokens.find() && !tokens.group().equals("]")) {
            if (!tokens.group().equals(",")) {
                elements.add(value(tokens));
            }
        }
        return elements;
    }

    /** A member of an object. */
    public PublishedJson get(String name) {
        return new PublishedJson(Objects.requireNonNull(((Map<?, ?>) value).get(name), name));
    }

    /** An element of an array. */
    public PublishedJson get(int index) {
        return new PublishedJson(((List<?>) value).get(index));
    }

    /** The elements of an array. */
    public List<PublishedJson> elements() {
        return ((List<?>) value).stream().map(PublishedJson::new).toList();
    }

    public String string() {
        return (String) value;
    }

    public double number(String name) {
        return get(name).number();
    }

    /** A number, or what stands in for one that is missing. */
    public double number(String name, double other) {
        return ((Map<?, ?>) value).containsKey(name) ? number(name) : other;
    }

    public int integer(String name) {
        return get(name).integer();
    }

    private double number() {
        return Double.parseDouble(string());
    }

    private int integer() {
        return Integer.parseInt(string());
    }

    /** All numbers of nested arrays, outermost first; of a number itself. */
    public double[] numbers() {
        return value instanceof List
                ? elements().stream()
                        .flatMapToDouble(each -> DoubleStream.of(each.numbers()))
                        .toArray()
                : new double[] {number()};
    }

    public int[] integers() {
        return elements().stream().mapToInt(PublishedJson::integer).toArray();
    }
}
