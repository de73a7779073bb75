package org.moelora.testmodels;

import java.util.List;

/** Who appears in stories and problems, with what things, and how a question is written down. */
final class Cast {
    static final List<String> NAMES = List.of(
            "Tom", "Ann", "Ben", "Eva", "Max", "Kim", "Leo", "Mia", "Sam", "Zoe", "Jack", "Lily", "Paul", "Nora",
            "Hugo", "Rosa");

    static final List<String> THINGS = List.of(
            "apples", "pears", "plums", "lemons", "pens", "pencils", "books", "cups", "plates", "hats", "socks",
            "balls", "dolls", "kites", "stamps", "letters", "carrots", "onions", "bowls", "spoons", "candles", "gloves",
            "mugs", "puzzles");

    /** What stands between a question and its answer, in the pretraining text and in the tasks. */
    static final String ANSWER = "\nAnswer:";

    private static final String LETTERS = "ABCDE";

    private Cast() {}

    /** The letter of an option. */
    static String letter(int index) {
        return LETTERS.substring(index, index + 1);
    }

    /** The options as a question lists them: " A) sea B) desert". */
    static String listed(List<String> options) {
        var out = new StringBuilder();
        for (int i = 0; i < options.size(); i++) {
            out.append(' ').append(letter(i)).append(") ").append(options.get(i));
        }
        return out.toString();
    }
}
