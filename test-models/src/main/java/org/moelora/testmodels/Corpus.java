package org.moelora.testmodels;

import static org.moelora.testmodels.World.Attribute.CATEGORY;
import static org.moelora.testmodels.World.Attribute.COLOUR;
import static org.moelora.testmodels.World.Attribute.MATERIAL;
import static org.moelora.testmodels.World.Attribute.MOTION;
import static org.moelora.testmodels.World.Attribute.PLACE;
import static org.moelora.testmodels.World.Attribute.SIZE;
import static org.moelora.testmodels.World.Attribute.USE;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.moelora.testmodels.Sums.Shape;
import org.moelora.testmodels.Sums.Sum;
import org.moelora.testmodels.World.Attribute;
import org.moelora.testmodels.World.Noun;
import org.moelora.testmodels.World.Pair;

/**
 * The pretraining text: short documents that state facts, do sums, and show how a question is answered. It teaches what
 * the tasks build on (facts, bare arithmetic, the answer's form) and never asks what they ask.
 *
 * <p>Document {@code n} depends on the seed and on n alone, so that a pretraining run resumes by counting.
 */
final class Corpus {
    /** Of the bundled model's text. */
    static final long SEED = 1;

    private static final List<String> NUMBER_WORDS = List.of(
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty");

    private static final List<Shape> TWO_OPERANDS = List.of(Shape.ADD, Shape.SUBTRACT, Shape.MULTIPLY, Shape.DIVIDE);
    private static final List<Shape> THREE_OPERANDS = List.of(
            Shape.ADD_ADD,
            Shape.ADD_SUBTRACT,
            Shape.SUBTRACT_ADD,
            Shape.SUBTRACT_SUBTRACT,
            Shape.MULTIPLY_ADD,
            Shape.MULTIPLY_SUBTRACT);

    private final World world = World.load();
    private final Sums sums = new Sums();
    private final long seed;

    Corpus(long seed) {
        this.seed = seed;
    }

    /** Document n, from 0. */
    String document(long n) {
        Dice dice = new Dice(seed, n, "document");
        int kind = dice.below(100);
        if (kind < 20) {
            return repeated(dice, 4, () -> bareSum(dice));
        } else if (kind < 26) {
            return repeated(dice, 3, () -> spokenSum(dice));
        } else if (kind < 44) {
            return askedSum(dice);
        } else if (kind < 60) {
            return facts(dice);
        } else if (kind < 66) {
            return listing(dice);
        } else if (kind < 74) {
            return askedFact(dice);
        } else if (kind < 76) {
            return yesOrNo(dice);
        } else if (kind < 87) {
            return anyOf(dice);
        } else if (kind < 89) {
            return counting(dice);
        } else {
            return story(dice);
        }
    }

    private String repeated(Dice dice, int most, Supplier<String> line) {
        var out = new ArrayList<String>();
        for (int i = dice.between(2, most); i > 0; i--) {
            out.add(line.get());
        }
        return String.join("\n", out);
    }

    private Sum sum(Dice dice) {
        return dice.pick(sums.of(dice.pick(dice.oneIn(2) ? THREE_OPERANDS : TWO_OPERANDS)));
    }

    /** "7 + 5 = 12" */
    private String bareSum(Dice dice) {
        Sum sum = sum(dice);
        return sum.bare() + " = " + sum.result();
    }

    /** "7 plus 5 is 12", "seven plus five is twelve" */
    private String spokenSum(Dice dice) {
        Sum sum = dice.pick(sums.of(dice.pick(TWO_OPERANDS)));
        int a = sum.operands().get(0);
        int b = sum.operands().get(1);
        boolean words = Math.max(a, Math.max(b, sum.result())) <= 20 && dice.oneIn(2);
        String verb = switch (sum.shape()) {
            case ADD -> " plus ";
            case SUBTRACT -> " minus ";
            case MULTIPLY -> " times ";
            default -> " divided by ";
        };
        return number(a, words) + verb + number(b, words) + " is " + number(sum.result(), words) + ".";
    }

    private static String number(int value, boolean words) {
        return words ? NUMBER_WORDS.get(value) : Integer.toString(value);
    }

    /** "7 8 9 10 11": every number up to 99 occurs, so that each becomes one token. */
    private static String counting(Dice dice) {
        int from = dice.below(90);
        return IntStream.range(from, from + dice.between(5, 10))
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(" ", "Count: ", "."));
    }

    /** A sum as a question: bare, in words, of things, and sometimes behind a sentence that has nothing to do with it. */
    private String askedSum(Dice dice) {
        Sum sum = sum(dice);
        String things = dice.pick(Cast.THINGS);
        String question = switch (dice.below(5)) {
            case 0 -> sum.bare() + " = ?";
            case 1 -> "What is " + sum.bare() + "?";
            case 2 -> "What is " + sum.spoken("") + "?";
            default -> "What is " + sum.spoken(" " + things) + "?";
        };
        String name = dice.pick(Cast.NAMES);
        String before = switch (dice.below(4)) {
            case 0 -> dice.pick(ASIDES).replace("{M}", name) + " ";
            case 1 -> name + " wants " + things + ". ";
            default -> "";
        };
        return before + question + Cast.ANSWER + " " + sum.result();
    }

    /** A few sentences about one noun. */
    private String facts(Dice dice) {
        Noun noun = dice.pick(world.nouns());
        var attributes = dice.shuffled(List.copyOf(noun.attributes().keySet()));
        return attributes.subList(0, Math.min(attributes.size(), dice.between(2, 4))).stream()
                .map(attribute -> fact(noun, attribute, dice))
                .collect(Collectors.joining(" "));
    }

    private String fact(Noun noun, Attribute attribute, Dice dice) {
        String one = noun.one();
        String value = noun.get(attribute);
        int way = dice.below(3);
        String text = switch (attribute) {
            case CATEGORY ->
                way == 0
                        ? one + " is " + World.withArticle(value)
                        : way == 1 ? World.withArticle(value) + " can be " + one : one + " is a kind of " + value;
            case PLACE ->
                way == 0
                        ? one + " belongs in the " + value
                        : way == 1 ? "in the " + value + " there is " + one : "people find " + one + " in the " + value;
            case COLOUR ->
                way == 0
                        ? one + " is " + value
                        : way == 1 ? "the colour of " + one + " is " + value : "this " + noun.word() + " is " + value;
            case SIZE -> way == 0 ? one + " is " + value : "it is true that " + one + " is " + value;
            case MATERIAL ->
                way == 0
                        ? one + " is made of " + value
                        : way == 1 ? "with " + value + " you get " + one : one + " has " + value;
            case USE ->
                way == 0
                        ? one + " is used to " + value
                        : way == 1 ? "to " + value + " you use " + one : "people " + value + " with " + one;
            case MOTION -> one + " can " + value;
        };
        return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
    }

    /** From a value to its nouns: "In the forest: fox, owl, bear." */
    private String listing(Dice dice) {
        Attribute attribute = dice.pick(List.of(CATEGORY, PLACE, MATERIAL, USE));
        String value = dice.pick(world.having(attribute)).get(attribute);
        var nouns = dice.shuffled(
                world.nouns().stream().filter(noun -> noun.is(attribute, value)).toList());
        String lead = switch (attribute) {
            case CATEGORY -> "Every " + value + ": ";
            case PLACE -> "In the " + value + ": ";
            case MATERIAL -> "Made of " + value + ": ";
            default -> "Used to " + value + ": ";
        };
        return nouns.stream().limit(6).map(Noun::word).collect(Collectors.joining(", ", lead, "."));
    }

    private String askedFact(Dice dice) {
        return switch (dice.below(8)) {
            case 0 -> {
                Pair pair = dice.pick(world.opposites());
                boolean forward = dice.oneIn(2);
                yield "What is the opposite of " + (forward ? pair.first() : pair.second()) + "?" + Cast.ANSWER + " "
                        + (forward ? pair.second() : pair.first());
            }
            case 1 -> {
                Pair pair = dice.pick(world.effects());
                yield "What comes from " + pair.first() + "?" + Cast.ANSWER + " " + pair.second();
            }
            default -> {
                Attribute attribute = dice.pick(List.of(CATEGORY, PLACE, COLOUR, SIZE, MATERIAL, USE, MOTION));
                Noun noun = dice.pick(world.having(attribute));
                yield question(noun, attribute) + Cast.ANSWER + " " + noun.get(attribute);
            }
        };
    }

    private static String question(Noun noun, Attribute attribute) {
        return switch (attribute) {
            case CATEGORY -> "What kind of thing is " + noun.one() + "?";
            case PLACE -> "Where does " + noun.one() + " belong?";
            case COLOUR -> "What colour is " + noun.one() + "?";
            case SIZE -> "How large is " + noun.one() + "?";
            case MATERIAL -> "What is " + noun.one() + " made of?";
            case USE -> "What is " + noun.one() + " used for?";
            case MOTION -> "How does " + noun.one() + " move?";
        };
    }

    private String yesOrNo(Dice dice) {
        Attribute attribute = dice.pick(List.of(CATEGORY, COLOUR, MOTION, SIZE));
        Noun noun = dice.pick(world.having(attribute));
        boolean yes = dice.oneIn(2);
        String value = noun.get(attribute);
        while (!yes && value.equals(noun.get(attribute))) {
            value = dice.pick(world.values(attribute));
        }
        String question = switch (attribute) {
            case CATEGORY -> "Is " + noun.one() + " " + World.withArticle(value) + "?";
            case MOTION -> "Can " + noun.one() + " " + value + "?";
            default -> "Is " + noun.one() + " " + value + "?";
        };
        return question + Cast.ANSWER + (yes ? " yes" : " no");
    }

    /**
     * What an answer to a choice looks like: one of the words, whichever, even where one of them would fit. What decides between
     * them is left to the tasks.
     */
    private String anyOf(Dice dice) {
        String name = dice.pick(Cast.NAMES);
        String about = dice.oneIn(3)
                ? ""
                : name + dice.pick(List.of(" thinks of ", " asks about ", " sees "))
                        + dice.pick(world.nouns()).one() + ". ";
        if (dice.oneIn(8)) {
            return about + "Yes or no?" + Cast.ANSWER + (dice.oneIn(2) ? " yes" : " no");
        }
        List<String> words = switch (dice.below(8)) {
            case 0 -> world.values(PLACE);
            case 1, 2, 3 -> world.values(dice.pick(List.of(CATEGORY, COLOUR, MATERIAL, USE)));
            case 4 -> IntStream.rangeClosed(1, 81).mapToObj(Integer::toString).toList();
            case 5 -> {
                int low = dice.between(1, 70);
                yield IntStream.rangeClosed(low, low + 8)
                        .mapToObj(Integer::toString)
                        .toList();
            }
            case 6 -> List.copyOf(dice.pick(world.nouns()).attributes().values());
            default -> world.nouns().stream().map(Noun::word).toList();
        };
        int options = Math.min(words.size(), dice.pick(List.of(2, 4, 4, 5)));
        var shown = dice.shuffled(words).subList(0, options);
        String question = switch (dice.below(3)) {
            case 0 -> "Say one of these: ";
            case 1 -> "It should be one word: ";
            default -> "What will " + name + " say: ";
        };
        return about + question + Cast.listed(shown) + "?" + Cast.ANSWER + " " + dice.pick(shown);
    }

    /** Something happens to somebody; a question, if there is one, only asks for what was said. */
    private String story(Dice dice) {
        var names = dice.shuffled(Cast.NAMES);
        var things = dice.shuffled(Cast.THINGS);
        String first = names.get(0);
        String second = names.get(1);
        int a = dice.between(2, 40);
        int b = dice.between(2, 40);
        String verb = dice.pick(List.of(
                "has", "had", "bought", "lost", "found", "picked", "brought", "sold", "packs", "needs", "took",
                "buys"));
        String start = first + " " + verb + " " + a + " " + things.get(0);
        String aside = dice.pick(ASIDES).replace("{M}", second);
        return switch (dice.below(9)) {
            case 0, 1 -> start + ". " + howMany(things.get(0), first, dice) + Cast.ANSWER + " " + a;
            case 2 ->
                start + " and " + b + " " + things.get(1) + ". " + howMany(things.get(0), first, dice) + Cast.ANSWER
                        + " " + a;
            case 3 ->
                start + " and " + b + " " + things.get(1) + ". " + howMany(things.get(1), first, dice) + Cast.ANSWER
                        + " " + b;
            case 4 -> aside + " " + start + ". " + howMany(things.get(0), first, dice) + Cast.ANSWER + " " + a;
            case 5 ->
                start + ". " + second + " gave " + first + " " + b + " " + things.get(1) + ". Who gave?" + Cast.ANSWER
                        + " " + second;
            case 6 -> start + ". " + aside;
            case 7 ->
                aside + " " + first + " looks at " + dice.pick(world.nouns()).one() + ".";
            default ->
                first + " "
                        + dice.pick(List.of("touches", "wants", "brings", "stands beside", "looks for")) + " "
                        + dice.pick(world.nouns()).one() + ". " + aside;
        };
    }

    private static String howMany(String things, String name, Dice dice) {
        return "How many " + things
                + dice.pick(List.of("?", " is it?", " here?", " for " + name + "?", " has " + name + "?"));
    }

    /** Sentences without consequence, so that the tasks' words are known when they come. */
    private static final List<String> ASIDES = List.of(
            "{M} is 9 years old.",
            "{M} is clever.",
            "{M} works every day.",
            "The friends of {M} get more coins.",
            "{M} fills a box and pays the price.",
            "The boxes of {M} are on the table now.",
            "{M} shares it among friends.",
            "One shelf is left there, the next is missing.",
            "Some boxes hold more, but only some break.",
            "{M} will be far from here in two hours.",
            "{M} goes a mile an hour, then a few miles together.",
            "{M} walks through the place before night.",
            "Could it be near? It should be.",
            "{M} says that each sort is the same.",
            "Which one of them do they put there? {M} does not say.",
            "{M} has to get something else.",
            "There were two days left and {M} was there.");
}
