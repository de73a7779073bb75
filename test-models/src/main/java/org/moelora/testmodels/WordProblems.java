package org.moelora.testmodels;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.moelora.testmodels.Sums.Shape;
import org.moelora.testmodels.Sums.Sum;

/**
 * The six arithmetic tasks: little stories that hide a sum. The operands of a held-out row never occur together in the
 * same shape of sum in any training row.
 */
final class WordProblems {

    /**
     * A story with gaps: {@code {a} {b} {c}} the operands, {@code {N} {M} {O}} people, {@code {i} {j}} things, {@code {x}}
     * a number that does not matter.
     */
    private record Story(Shape shape, String text) {}

    private static final List<Story> ADDSUB = List.of(
            new Story(Shape.ADD, "{N} had {a} {i}. {M} gave {N} {b} more. How many {i} does {N} have now?"),
            new Story(Shape.ADD, "{N} picked {a} {i} and {M} picked {b}. How many {i} did they pick together?"),
            new Story(Shape.ADD, "There were {a} {i} on the table. {N} put {b} more there. How many are there now?"),
            new Story(Shape.SUBTRACT, "{N} had {a} {i} and gave {b} of them to {M}. How many {i} are left?"),
            new Story(Shape.SUBTRACT, "{N} had {a} {i} but lost {b}. How many are left?"),
            new Story(Shape.SUBTRACT, "{N} has {a} {i}, {M} has only {b}. How many more does {N} have?"));

    private static final List<Story> SINGLEEQ = List.of(
            new Story(Shape.MULTIPLY, "Each box holds {a} {i}. {N} fills {b} boxes. How many {i} is that?"),
            new Story(Shape.MULTIPLY, "{N} buys {a} {i} every day. How many {i} does {N} buy in {b} days?"),
            new Story(Shape.DIVIDE, "{N} shares {a} {i} among {b} friends. How many does each friend get?"),
            new Story(Shape.DIVIDE, "{N} packs {a} {i} into {b} boxes. How many {i} does each box hold?"),
            new Story(Shape.ADD, "One shelf has {a} {i}, the next has {b}. How many {i} is that?"),
            new Story(Shape.SUBTRACT, "{N} needs {a} {i} and has {b}. How many {i} are missing?"));

    private static final List<Story> MULTIARITH = List.of(
            new Story(
                    Shape.ADD_ADD, "{N} has {a} {i}, {M} has {b} and {O} has {c}. How many {i} do they have together?"),
            new Story(Shape.ADD_SUBTRACT, "{N} had {a} {i}, bought {b} and then sold {c}. How many are left?"),
            new Story(Shape.SUBTRACT_ADD, "{N} had {a} {i}, lost {b} and then found {c}. How many are there now?"),
            new Story(Shape.SUBTRACT_SUBTRACT, "{N} had {a} {i}, lost {b} and gave {c} to {M}. How many are left?"));

    private static final List<Story> SVAMP = List.of(
            new Story(Shape.ADD, "{N} had {a} {i} and {x} {j}. {M} brought {b} more {i}. How many {i} are there now?"),
            new Story(Shape.ADD, "{N} bought {x} {j}, {a} {i} and then {b} more {i}. How many {i} did {N} buy?"),
            new Story(Shape.SUBTRACT, "{N} had {x} {j} and {a} {i}. {N} lost {b} {i}. How many {i} are left?"),
            new Story(Shape.SUBTRACT, "{N} had {a} {i} and {x} {j}. {M} took {b} {i}. How many {i} are left?"));

    private static final List<Story> GSM8K = List.of(
            new Story(
                    Shape.MULTIPLY_ADD,
                    "{N} buys {a} boxes of {b} {i} and finds {c} more. How many {i} does {N} have?"),
            new Story(Shape.MULTIPLY_ADD, "{a} friends bring {b} {i} each, and {N} brings {c}. How many {i} is that?"),
            new Story(
                    Shape.MULTIPLY_SUBTRACT,
                    "{N} works {a} days for {b} coins a day and pays {c}. How many coins are left?"),
            new Story(
                    Shape.MULTIPLY_SUBTRACT,
                    "{N} fills {a} boxes with {b} {i} each, but {c} break. How many {i} are left?"));

    private static final List<Story> AQUA = List.of(
            new Story(Shape.ADD, "{N} is {a} years old. How old will {N} be in {b} years:"),
            new Story(Shape.SUBTRACT, "{N} is {a} years old. How old was {N} {b} years before:"),
            new Story(Shape.MULTIPLY, "A tram goes {a} miles an hour. How far does it go in {b} hours:"),
            new Story(Shape.DIVIDE, "{N} pays {a} coins for {b} {i}. What is the price of one:"));

    private final Sums sums = new Sums();

    List<Row> rows(String task, boolean heldOut, int count, Dice dice) {
        return Rows.different(count, () -> row(task, heldOut, dice));
    }

    private Row row(String task, boolean heldOut, Dice dice) {
        Story story = dice.pick(stories(task));
        var byResult = new ArrayList<>(sums.byResult(story.shape, heldOut));
        Sum sum = dice.pick(dice.pick(byResult));
        String question = told(story.text, sum, dice);
        if (!task.equals("aqua")) {
            return Row.of(task, question, Integer.toString(sum.result()));
        }
        var options = dice.shuffled(options(sum, dice));
        return Row.of(task, question + " " + Cast.listed(options) + "?", Integer.toString(sum.result()));
    }

    private static List<Story> stories(String task) {
        return switch (task) {
            case "gsm8k" -> GSM8K;
            case "aqua" -> AQUA;
            case "addsub" -> ADDSUB;
            case "multiarith" -> MULTIARITH;
            case "singleeq" -> SINGLEEQ;
            case "svamp" -> SVAMP;
            default -> throw new IllegalArgumentException(task);
        };
    }

    private static String told(String text, Sum sum, Dice dice) {
        var names = dice.shuffled(Cast.NAMES);
        var things = dice.shuffled(Cast.THINGS);
        String out = text.replace("{N}", names.get(0))
                .replace("{M}", names.get(1))
                .replace("{O}", names.get(2))
                .replace("{i}", things.get(0))
                .replace("{j}", things.get(1))
                .replace("{x}", Integer.toString(dice.between(2, 20)));
        for (int i = 0; i < sum.operands().size(); i++) {
            out = out.replace(
                    "{" + "abc".charAt(i) + "}", Integer.toString(sum.operands().get(i)));
        }
        return out;
    }

    /** The result and four other numbers near it; it is as likely the smallest as the largest, so that order gives nothing away. */
    private static List<String> options(Sum sum, Dice dice) {
        int low = Math.max(1, sum.result() - dice.between(0, 8));
        var near = dice.shuffled(IntStream.rangeClosed(low, low + 8)
                .filter(n -> n != sum.result())
                .boxed()
                .toList());
        return Stream.concat(Stream.of(sum.result()), near.stream().limit(4))
                .map(String::valueOf)
                .toList();
    }
}
