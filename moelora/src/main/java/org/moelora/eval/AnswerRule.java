package org.moelora.eval;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where in a text its answer stands, and when it is right, as LLM-Adapters has it (Hu et al. 2023, arXiv 2304.01933; {@code evaluate.py} and
 * {@code commonsense_evaluate.py} of their code). Immutable and thread-safe.
 */
public sealed interface AnswerRule {
    /** The answer in a text, or null if it has none. */
    @Nullable String extract(String text);

    /** Whether no continuation of a text can have another answer. */
    boolean isDecided(String text);

    /** Whether an extracted answer is the expected one; null never is. */
    boolean agrees(@Nullable String extracted, String gold);

    /** Whether something can be the expected answer at all. */
    boolean accepts(String gold);

    /** What {@link #accepts} accepts, as it follows "expected". */
    String expected();

    /**
     * The first place where one of the candidates stands, even within a word, in the case it is written in. The same text is right.
     *
     * @param candidates none of which contains another
     */
    record FirstOf(List<String> candidates) implements AnswerRule {
        /**
         * @throws IllegalArgumentException if there are none, one is empty, or one contains another
         */
        public FirstOf {
            candidates = List.copyOf(candidates);
            if (candidates.isEmpty() || candidates.contains("")) {
                throw new IllegalArgumentException("no candidates, or an empty one");
            }
            for (int i = 0; i < candidates.size(); i++) {
                for (int j = 0; j < candidates.size(); j++) {
                    if (i != j && candidates.get(i).contains(candidates.get(j))) {
                        throw new IllegalArgumentException(candidates + ": one contains another");
                    }
                }
            }
        }

        @Override
        public @Nullable String extract(String text) {
            String first = null;
            int earliest = text.length();
            for (String candidate : candidates) {
                int at = text.indexOf(candidate);
                if (at >= 0 && at < earliest) {
                    earliest = at;
                    first = candidate;
                }
            }
            return first;
        }

        @Override
        public boolean isDecided(String text) {
            return candidates.stream().anyMatch(text::contains);
        }

        @Override
        public boolean agrees(@Nullable String extracted, String gold) {
            return gold.equals(extracted);
        }

        @Override
        public boolean accepts(String gold) {
            return candidates.contains(gold);
        }

        @Override
        public String expected() {
            int last = candidates.size() - 1;
            return last == 0
                    ? candidates.getFirst()
                    : candidates.stream().limit(last).collect(Collectors.joining(", ")) + " or " + candidates.get(last);
        }
    }

    /**
     * The last number, {@code -?\d+\.?\d*} with digits of any script, after commas are removed. It is right within a tolerance.
     *
     * @param tolerance largest difference, 0 or more; theirs is 0.001
     */
    record LastNumber(double tolerance) implements AnswerRule {
        private static final Pattern NUMBER = Pattern.compile("-?\\p{Nd}+\\.?\\p{Nd}*");
        private static final Pattern GOLD = Pattern.compile("[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]{1,3})?");

        /** Longer ones are no answers to sums, and cost more than linear time to read. */
        private static final int MAX_DIGITS = 400;

        /**
         * @throws IllegalArgumentException if the tolerance is negative or NaN
         */
        public LastNumber {
            if (!(tolerance >= 0)) {
                throw new IllegalArgumentException("a tolerance of " + tolerance);
            }
        }

        @Override
        public @Nullable String extract(String text) {
            Matcher number = NUMBER.matcher(text.replace(",", ""));
            String last = null;
            while (number.find()) {
                last = number.group();
            }
            return last == null ? null : ascii(last);
        }

        /** With digits 0 to 9. */
        private static String ascii(String number) {
            StringBuilder digits = new StringBuilder();
            number.codePoints()
                    .forEach(c -> digits.appendCodePoint(Character.isDigit(c) ? '0' + Character.digit(c, 10) : c));
            return digits.toString();
        }

        @Override
        public boolean isDecided(String text) {
            return false;
        }

        @Override
        public boolean agrees(@Nullable String extracted, String gold) {
            return extracted != null
                    && extracted.length() <= MAX_DIGITS
                    && Math.abs(Double.parseDouble(extracted) - Double.parseDouble(gold)) <= tolerance;
        }

        @Override
        public boolean accepts(String gold) {
            return gold.length() <= MAX_DIGITS && GOLD.matcher(gold).matches();
        }

        @Override
        public String expected() {
            return "a number";
        }
    }
}
