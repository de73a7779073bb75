package org.moelora.adapter;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.text.RegexGuard;

/**
 * PEFT's {@code rank_pattern} and {@code alpha_pattern}: values for some linears, by regular expressions on their full names. The first key that
 * matches wins, where a key matches a name as {@code (.*\.)?(key)$} does: at the end, after a dot or from the start. And its expressions as
 * {@code target_modules}, which match whole names. Immutable and thread-safe.
 *
 * <p>Keys come from files of others. A backtracking matcher can be made to try exponentially many ways, so a key has no repeated groups, no empty
 * alternatives and no anchors within, and a match that reads more than {@value #MAX_READS} characters is refused. Expressions for whole names may be any
 * that {@link RegexGuard} lets pass and that Java reads as Python does.
 */
final class NamePatterns {
    static final int MAX_KEYS = 4096;
    private static final int MAX_LENGTH = 256;
    private static final int MAX_READS = 1 << 20;

    /** Optional anchors around atoms, some of them repeated, and groups, which are not. */
    private static final Pattern SIMPLE =
            Pattern.compile("\\^?(?:(?:[A-Za-z0-9_.-]|\\\\[.dw]|\\[\\^?[A-Za-z0-9_-]+])[*+?]?|[(|)](?![*+?]))+\\$?");

    private static final Pattern EMPTY_ALTERNATIVE = Pattern.compile("^\\^?\\||\\(\\||\\|\\||\\|\\)|\\(\\)|\\|\\$?$");

    /** Groups with Python's names, escapes and classes in classes: Python reads them in another way, or not at all. */
    private static final Pattern FOREIGN = Pattern.compile("\\(\\?[P<(#]|\\\\[ZGQEhHRXNpPkvu]|\\[[^\\]]*(?:\\[|&&)");

    private NamePatterns() {}

    /**
     * An expression for whole names.
     *
     * @param field what complaints call it
     * @throws InputException if it is none, or none that Java and Python read alike, or one whose number of tries has no bound
     */
    static Pattern expression(String field, String regex) {
        String refusal = RegexGuard.refusal(regex);
        if (refusal != null) {
            throw new InputException(
                    field + " is \"" + shown(regex) + "\"; expected a regular expression without " + refusal);
        }
        if (FOREIGN.matcher(regex).find()) {
            throw new InputException(field + " is \"" + shown(regex)
                    + "\"; expected a regular expression that Java and Python read in the same way");
        }
        try {
            return Pattern.compile(regex);
        } catch (RuntimeException | StackOverflowError e) { // the compiler is not made for hostile expressions
            throw new InputException(field + " is \"" + shown(regex) + "\"; expected a regular expression", e);
        }
    }

    /** Whether an expression matches a name from its first to its last character. */
    static boolean matches(String field, String regex, String name) {
        return expression(field, regex).matcher(new Counted(field, regex, name)).matches();
    }

    private static String shown(String key) {
        return key.length() > 40 ? key.substring(0, 40) + "..." : key;
    }

    /**
     * A copy in the same order, every key of which can be matched.
     *
     * @param field what complaints call the map
     * @throws InputException for a key that is no such expression
     */
    static <V> Map<String, V> checked(String field, Map<String, V> values) {
        if (values.size() > MAX_KEYS) {
            throw new InputException(field + " has " + values.size() + " keys; expected at most " + MAX_KEYS);
        }
        values.keySet().forEach(key -> compile(field, key));
        return Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** The value of the first key that matches a name. */
    static <V> Optional<V> value(String field, Map<String, V> values, String name) {
        for (var entry : values.entrySet()) {
            if (compile(field, entry.getKey())
                    .matcher(new Counted(field, entry.getKey(), name))
                    .matches()) {
                return Optional.of(entry.getValue());
            }
        }
        return Optional.empty();
    }

    private static Pattern compile(String field, String key) {
        boolean simple = key.length() <= MAX_LENGTH
                && SIMPLE.matcher(key).matches()
                && !EMPTY_ALTERNATIVE.matcher(key).find();
        try {
            if (simple) {
                return Pattern.compile("(.*\\.)?(" + key + ")$");
            }
        } catch (PatternSyntaxException e) {
            throw refused(field, key, e);
        }
        throw refused(field, key, null);
    }

    private static InputException refused(String field, String key, @Nullable PatternSyntaxException cause) {
        String message =
                field + " has the key \"" + shown(key) + "\"; expected a linear's name, or a regular expression of"
                        + " names, classes and groups that are not repeated";
        return cause == null ? new InputException(message) : new InputException(message, cause);
    }

    /** A name of which only so much may be read. */
    private static final class Counted implements CharSequence {
        private final String field;
        private final String key;
        private final String name;
        private int reads;

        Counted(String field, String key, String name) {
            this.field = field;
            this.key = key;
            this.name = name;
        }

        @Override
        public char charAt(int index) {
            if (++reads > MAX_READS) {
                throw new InputException(field + " has \"" + shown(key) + "\", which reads more than " + MAX_READS
                        + " characters to match one name; expected an expression that reads fewer");
            }
            return name.charAt(index);
        }

        @Override
        public int length() {
            return name.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return name.substring(start, end);
        }

        @Override
        public String toString() {
            return name;
        }
    }
}
