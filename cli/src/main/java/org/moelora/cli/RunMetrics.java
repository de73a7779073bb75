package org.moelora.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/** The numbers of a run's steps as a table. */
final class RunMetrics {
    private RunMetrics() {}

    /**
     * Lines of CSV (RFC 4180): first the names of all fields of all lines, in the order in which they occur, then a line per step or evaluation, where a
     * field that it lacks is empty. A field in another is {@code outer.inner}.
     */
    static List<String> csv(List<JsonObject> metrics) {
        List<Map<String, String>> rows = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        for (JsonObject line : metrics) {
            Map<String, String> row = new LinkedHashMap<>();
            put(row, "", line);
            names.addAll(row.keySet());
            rows.add(row);
        }
        List<String> lines = new ArrayList<>();
        lines.add(names.stream().map(RunMetrics::cell).collect(Collectors.joining(",")));
        for (Map<String, String> row : rows) {
            lines.add(
                    names.stream().map(name -> cell(row.getOrDefault(name, ""))).collect(Collectors.joining(",")));
        }
        return lines;
    }

    private static void put(Map<String, String> row, String outer, JsonObject json) {
        for (String name : json.names()) {
            put(row, outer + name, json.get(name));
        }
    }

    private static void put(Map<String, String> row, String name, @Nullable Object value) {
        switch (value) {
            case null -> row.put(name, "");
            case JsonObject object -> put(row, name + ".", object);
            case JsonArray array -> {
                for (int i = 0; i < array.size(); i++) {
                    put(row, name + "." + i, array.get(i));
                }
            }
            default -> row.put(name, value.toString());
        }
    }

    private static String cell(String text) {
        return text.matches("(?s).*[,\"\r\n].*") ? "\"" + text.replace("\"", "\"\"") + "\"" : text;
    }
}
