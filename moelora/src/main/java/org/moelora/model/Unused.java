package org.moelora.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;

/** What of a model's files is not used and changes nothing that is computed: it is listed once, in one line. */
final class Unused {
    private static final System.Logger LOG = System.getLogger(Unused.class.getName());

    /** Most names that are listed of a file, and most characters of one. */
    private static final int MAX_LISTED = 50;

    private final List<String> files = new ArrayList<>();
    private boolean strange;

    /**
     * Notes names of one kind.
     *
     * @param what they are of, e.g. {@code config.json}
     * @param isKnown whether a name is known to change nothing; others are a warning
     */
    void add(String what, Collection<String> names, Predicate<String> isKnown) {
        if (names.isEmpty()) {
            return;
        }
        strange |= !names.stream().allMatch(isKnown);
        String listed = String.join(
                ", ",
                names.stream()
                        .sorted()
                        .limit(MAX_LISTED)
                        .map(name -> name.length() > MAX_LISTED ? name.substring(0, MAX_LISTED) + "..." : name)
                        .toList());
        int more = names.size() - MAX_LISTED;
        files.add(what + ": " + listed + (more > 0 ? " and " + more + " more" : ""));
    }

    /** Logs the line, if there is anything to list. */
    void log(Object source) {
        if (!files.isEmpty()) {
            LOG.log(
                    strange ? System.Logger.Level.WARNING : System.Logger.Level.INFO,
                    "{0}: read and not used: {1}",
                    source,
                    String.join("; ", files));
        }
    }
}
