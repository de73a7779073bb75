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

    private Cast() {}

    /** Words to choose from, as a question lists them: "sea, desert or garden". */
    static String listed(List<String> options) {
        return String.join(", ", options.subList(0, options.size() - 1)) + " or " + options.getLast();
    }
}
