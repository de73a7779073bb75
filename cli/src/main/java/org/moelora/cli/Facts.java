package org.moelora.cli;

import java.util.ArrayList;
import java.util.List;

/** Names on the left, and beside them what they stand for, broken at spaces where a line holds no more. */
final class Facts {
    private static final int LEAST = 24;

    private final Streams streams;
    private final String indent;
    private final int names;

    /**
     * @param indent spaces before each line
     * @param names characters of the longest name
     */
    Facts(Streams streams, int indent, int names) {
        this.streams = streams;
        this.indent = " ".repeat(indent);
        this.names = names;
    }

    void print(String name, String value) {
        String left = indent + name + " ".repeat(Math.max(0, names - name.length())) + " ";
        int columns = streams.columns().getAsInt();
        int room = columns == 0 ? Integer.MAX_VALUE : Math.max(LEAST, columns - left.length());
        String before = left;
        for (String line : value.isEmpty() ? List.of("") : value.lines().toList()) {
            for (String part : broken(line, room)) {
                streams.out().println((before + part).stripTrailing());
                before = " ".repeat(left.length());
            }
        }
    }

    private static List<String> broken(String line, int room) {
        List<String> parts = new ArrayList<>();
        String rest = line;
        while (rest.length() > room) {
            int space = rest.lastIndexOf(' ', room);
            int end = space > 0 ? space : room;
            parts.add(rest.substring(0, end));
            rest = rest.substring(end).stripLeading();
        }
        parts.add(rest);
        return parts;
    }
}
