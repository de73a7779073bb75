package org.moelora.bench.contest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The contender's side: does what a line of its standard input asks for, and answers in one line. */
@FunctionalInterface
public interface Performer {
    /** Says that a contender is there, and at the end that it may go. */
    String END = "end";

    /**
     * @param words the request; the first word says what to do
     */
    Answer perform(String[] words);

    /** Makes what {@link #serve} then asks; a failure to make it is the contender's first answer. */
    @FunctionalInterface
    interface Maker {
        Performer make();
    }

    /**
     * Makes a performer, says hello with what {@code about} gets as an answer, and serves until the input ends. Standard output belongs to the answers; whatever
     * else is printed goes to standard error.
     */
    static void serve(Maker maker) {
        PrintStream answers = System.out;
        System.setOut(System.err);
        Performer performer;
        try {
            performer = maker.make();
            answers.println(performer.perform(new String[] {"about"}).line());
        } catch (RuntimeException | LinkageError e) {
            e.printStackTrace();
            answers.println(Answer.failed(e).line());
            return;
        }
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null && !line.equals(END); line = in.readLine()) {
                Answer answer;
                try {
                    answer = performer.perform(line.split(" "));
                } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
                    e.printStackTrace();
                    answer = Answer.failed(e);
                }
                answers.println(answer.line());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
