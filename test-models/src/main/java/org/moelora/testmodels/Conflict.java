package org.moelora.testmodels;

import static org.moelora.testmodels.World.Attribute.CATEGORY;
import static org.moelora.testmodels.World.Attribute.COLOUR;
import static org.moelora.testmodels.World.Attribute.PLACE;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.moelora.testmodels.Sums.Shape;
import org.moelora.testmodels.World.Attribute;
import org.moelora.testmodels.World.Noun;

/**
 * Twelve tasks in six pairs. Both tasks of a pair are asked with the same text and answer it by opposing rules: the sum
 * or the difference, the colour of the first thing or of the last. One task of each pair is named in its prompt
 * ("This is sort one."); the other is not, and its rule follows from who or what place the text speaks of.
 */
final class Conflict {
    static final int TRAINING_ROWS = 300;
    static final int HELD_OUT_ROWS = 100;

    /** The text that tasks share. */
    enum Surface {
        /** "Tom has 7 pens and 5 cups. What is it?" */
        COUNTS,
        /** "In the kitchen Tom looks at a fox and a plate. What is it?" */
        THINGS
    }

    private static final List<String> HOME = List.of("kitchen", "bedroom", "bathroom", "garage");
    private static final List<String> NATURE = List.of("forest", "sea", "river", "desert", "jungle", "garden", "barn");
    private static final List<String> TOWN =
            List.of("street", "school", "office", "hospital", "theatre", "market", "shop");

    /**
     * A task.
     *
     * @param name of the rule
     * @param sort the number word that names it in a prompt; empty where it is not named
     * @param evidence the people (of {@link Surface#COUNTS}) or the places that tell a task without a name; empty where
     *     anybody and any place may occur
     * @param options how many answers the text leaves to choose from; 0 where the answer is a number or a word to be found
     * @param about one line for a reader
     */
    record Task(String name, Surface surface, String sort, List<String> evidence, int options, String about) {
        boolean named() {
            return !sort.isEmpty();
        }
    }

    static final List<Task> ALL = List.of(
            named("sum", Surface.COUNTS, "one", 0, "both numbers together"),
            told("difference", Surface.COUNTS, Cast.NAMES.subList(0, 5), 0, "the larger number less the smaller"),
            named("first-number", Surface.COUNTS, "two", 2, "the first number"),
            told("last-number", Surface.COUNTS, Cast.NAMES.subList(5, 10), 2, "the last number"),
            named("last-counted", Surface.COUNTS, "three", 2, "what the last number counts"),
            told("first-counted", Surface.COUNTS, Cast.NAMES.subList(10, 15), 2, "what the first number counts"),
            named("first-colour", Surface.THINGS, "four", 0, "the colour of the first thing"),
            told("last-colour", Surface.THINGS, HOME, 0, "the colour of the last thing"),
            named("last-kind", Surface.THINGS, "five", 0, "the kind of the last thing"),
            told("first-kind", Surface.THINGS, NATURE, 0, "the kind of the first thing"),
            named("last-thing", Surface.THINGS, "six", 2, "the last thing"),
            told("first-thing", Surface.THINGS, TOWN, 2, "the first thing"));

    /** Two different numbers, and whether the eleven tasks hold out their sum and their difference. */
    private record Numbers(int first, int second, boolean sumHeldOut, boolean differenceHeldOut) {
        static Numbers of(int first, int second) {
            int larger = Math.max(first, second);
            int smaller = Math.min(first, second);
            return new Numbers(
                    first,
                    second,
                    new Sums.Sum(Shape.ADD, List.of(first, second), first + second).heldOut(),
                    new Sums.Sum(Shape.SUBTRACT, List.of(larger, smaller), larger - smaller).heldOut());
        }

        /**
         * Whether a task may ask for these numbers on one side of the split. What the eleven tasks hold out as a sum or as a
         * difference is in no training row here, and a held-out sum or difference is held out there too, so that tasks of both
         * suites can be learnt together.
         */
        boolean serve(Task task, boolean heldOut) {
            if (!heldOut) {
                return !sumHeldOut && !differenceHeldOut;
            }
            return switch (task.name()) {
                case "sum" -> sumHeldOut;
                case "difference" -> differenceHeldOut;
                default -> sumHeldOut || differenceHeldOut;
            };
        }
    }

    private final World world = World.load();
    private final Map<Boolean, List<Noun>> nouns =
            world.nouns().stream().collect(Collectors.partitioningBy(Noun::heldOut));
    private final List<String> places = world.values(PLACE);
    private final List<Numbers> numbers = new ArrayList<>();

    Conflict() {
        for (int a = 2; a <= 20; a++) {
            for (int b = 2; b <= 20; b++) {
                // The pretraining text has no difference below 2.
                if (Math.abs(a - b) >= 2) {
                    numbers.add(Numbers.of(a, b));
                }
            }
        }
    }

    private static Task named(String name, Surface surface, String sort, int options, String about) {
        return new Task(name, surface, sort, List.of(), options, about);
    }

    private static Task told(String name, Surface surface, List<String> evidence, int options, String about) {
        return new Task(name, surface, "", evidence, options, about);
    }

    /** The rows of one side of one task; the same for the same arguments, whatever else was drawn before. */
    List<Row> rows(Task task, boolean heldOut) {
        Dice dice = new Dice(Tasks.SEED, 0, "conflict/" + task.name() + (heldOut ? "/test" : "/train"));
        return Rows.different(heldOut ? HELD_OUT_ROWS : TRAINING_ROWS, () -> row(task, heldOut, dice));
    }

    private Row row(Task task, boolean heldOut, Dice dice) {
        String lead = task.named() ? "This is sort " + task.sort() + ". " : "";
        return switch (task.surface()) {
            case COUNTS -> counts(task, lead, heldOut, dice);
            case THINGS -> things(task, lead, heldOut, dice);
        };
    }

    private Row counts(Task task, String lead, boolean heldOut, Dice dice) {
        Numbers two =
                dice.pick(numbers.stream().filter(n -> n.serve(task, heldOut)).toList());
        var things = dice.shuffled(Cast.THINGS);
        String first = things.get(0);
        String second = things.get(1);
        String name = dice.pick(task.evidence().isEmpty() ? Cast.NAMES : task.evidence());
        String answer = switch (task.name()) {
            case "sum" -> Integer.toString(two.first + two.second);
            case "difference" -> Integer.toString(Math.abs(two.first - two.second));
            case "first-number" -> Integer.toString(two.first);
            case "last-number" -> Integer.toString(two.second);
            case "first-counted" -> first;
            case "last-counted" -> second;
            default -> throw new IllegalArgumentException(task.name());
        };
        return Row.of(
                task.name(),
                lead + name + " has " + two.first + " " + first + " and " + two.second + " " + second + ". What is it?",
                answer);
    }

    private Row things(Task task, String lead, boolean heldOut, Dice dice) {
        Attribute spread = task.name().endsWith("kind") ? CATEGORY : COLOUR;
        Noun asked = subject(spread, heldOut, dice);
        // The other differs in both attributes, so that no other rule of this surface gives the same answer.
        Noun other = dice.pick(side(heldOut).stream()
                .filter(noun -> !noun.is(COLOUR, asked.get(COLOUR)) && !noun.is(CATEGORY, asked.get(CATEGORY)))
                .toList());
        boolean askedFirst = task.name().startsWith("first");
        String answer = switch (task.name()) {
            case "first-colour", "last-colour" -> asked.get(COLOUR);
            case "first-kind", "last-kind" -> asked.get(CATEGORY);
            case "first-thing", "last-thing" -> asked.word();
            default -> throw new IllegalArgumentException(task.name());
        };
        return Row.of(
                task.name(),
                lead + looking(task, dice) + (askedFirst ? asked : other).one() + " and "
                        + (askedFirst ? other : asked).one() + ". What is it?",
                answer);
    }

    private String looking(Task task, Dice dice) {
        String place = dice.pick(task.evidence().isEmpty() ? places : task.evidence());
        return "In the " + place + " " + dice.pick(Cast.NAMES) + " looks at ";
    }

    private List<Noun> side(boolean heldOut) {
        return Objects.requireNonNull(nouns.get(heldOut));
    }

    /** A noun from one side of the split; the attribute's values are equally likely, as far as that side has them. */
    private Noun subject(Attribute attribute, boolean heldOut, Dice dice) {
        var candidates =
                side(heldOut).stream().filter(noun -> noun.has(attribute)).toList();
        String value = dice.pick(
                candidates.stream().map(noun -> noun.get(attribute)).distinct().toList());
        return dice.pick(
                candidates.stream().filter(noun -> noun.is(attribute, value)).toList());
    }
}
