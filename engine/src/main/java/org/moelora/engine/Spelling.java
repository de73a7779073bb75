package org.moelora.engine;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Which name was meant by one that does not exist. Stateless and thread-safe. */
public final class Spelling {
    private Spelling() {}

    /**
     * The name that takes the fewest edits, if these are at most a third of the letters (at least one, or two from four letters on): the first of equals.
     * An edit inserts, deletes or replaces a letter, or swaps two neighbours; a name of which only the beginning is given is one edit away. Case does not
     * count.
     */
    public static Optional<String> nearest(String given, Collection<String> names) {
        String wrong = given.toLowerCase(Locale.ROOT);
        int fewest = Math.max(wrong.length() < 4 ? 1 : 2, wrong.length() / 3) + 1;
        String nearest = null;
        for (String name : names) {
            String right = name.toLowerCase(Locale.ROOT);
            int edits = wrong.length() > 1 && right.startsWith(wrong) ? 1 : edits(wrong, right);
            if (edits < fewest && edits < name.length()) {
                fewest = edits;
                nearest = name;
            }
        }
        return Optional.ofNullable(nearest);
    }

    /** The end of a sentence about a name that does not exist: {@code "; did you mean NAME?"}, or nothing if none is near. */
    public static String suggestion(String given, Collection<String> names) {
        return nearest(given, names).map(name -> "; did you mean " + name + "?").orElse("");
    }

    /** The optimal string alignment distance. */
    private static int edits(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                boolean same = a.charAt(i - 1) == b.charAt(j - 1);
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
