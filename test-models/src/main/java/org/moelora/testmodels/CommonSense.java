package org.moelora.testmodels;

import static org.moelora.testmodels.World.Attribute.CATEGORY;
import static org.moelora.testmodels.World.Attribute.MATERIAL;
import static org.moelora.testmodels.World.Attribute.MOTION;
import static org.moelora.testmodels.World.Attribute.PLACE;
import static org.moelora.testmodels.World.Attribute.SIZE;
import static org.moelora.testmodels.World.Attribute.USE;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.moelora.testmodels.World.Attribute;
import org.moelora.testmodels.World.Noun;

/**
 * The five common-sense tasks: choices that follow from what the pretraining text says of a noun. The noun that a
 * held-out row is about is the answer, or the subject, of no training row.
 */
final class CommonSense {
    private record Claim(String asked, Predicate<Noun> holds) {}

    private static final Set<String> OUTDOORS =
            Set.of("forest", "sea", "river", "desert", "garden", "jungle", "street", "market");

    private static final List<Claim> CLAIMS = List.of(
            new Claim("Is it alive?", noun -> noun.has(MOTION)),
            new Claim("Is it in the open?", noun -> OUTDOORS.contains(noun.get(PLACE))),
            new Claim("Does it fit in a hand?", noun -> noun.is(SIZE, "small")),
            new Claim("Does it have a use?", noun -> noun.has(USE)));

    private final World world;

    CommonSense(World world) {
        this.world = world;
    }

    List<Row> rows(String task, boolean heldOut, int count, Dice dice) {
        return Rows.different(count, () -> switch (task) {
            case "boolq" -> boolq(heldOut, dice);
            case "piqa" -> piqa(heldOut, dice);
            case "obqa" -> obqa(heldOut, dice);
            case "arc-e" -> arcEasy(heldOut, dice);
            case "arc-c" -> arcChallenge(heldOut, dice);
            default -> throw new IllegalArgumentException(task);
        });
    }

    /** Yes or no: does something that nobody has said follow from what is known of a thing? */
    private Row boolq(boolean heldOut, Dice dice) {
        Claim claim = dice.pick(CLAIMS);
        boolean yes = dice.oneIn(2);
        Noun noun = dice.pick(matching(heldOut, n -> claim.holds.test(n) == yes));
        String question = dice.pick(Cast.NAMES) + " looks at " + noun.one() + ". " + claim.asked + " Yes or no?";
        return Row.of("boolq", question, yes ? "yes" : "no");
    }

    /** Which of two things serves a purpose? */
    private Row piqa(boolean heldOut, Dice dice) {
        Noun noun = subject(USE, heldOut, dice);
        String use = noun.get(USE);
        Noun wrong = dice.pick(matching(heldOut, n -> n.has(USE) && !n.is(USE, use)));
        String question = dice.pick(Cast.NAMES) + " has to " + use + ". What should be near:";
        return choice("piqa", question, noun.word(), List.of(wrong.word()), dice);
    }

    /** Which of four things has a property? */
    private Row obqa(boolean heldOut, Dice dice) {
        Attribute attribute = dice.pick(List.of(MATERIAL, CATEGORY, PLACE));
        Noun noun = subject(attribute, heldOut, dice);
        String value = noun.get(attribute);
        String name = dice.pick(Cast.NAMES);
        String question = name
                + switch (attribute) {
                    case MATERIAL -> " touches " + value + ". Which one could it be:";
                    case CATEGORY -> " wants some sort of " + value + ". Which one could it be:";
                    default -> " walks through the " + value + ". Which one could be there:";
                };
        var wrong = dice.shuffled(matching(heldOut, n -> n.has(attribute) && !n.is(attribute, value)));
        return choice(
                "obqa",
                question,
                noun.word(),
                wrong.subList(0, 3).stream().map(Noun::word).toList(),
                dice);
    }

    /** Where does someone who meets a thing have to be? */
    private Row arcEasy(boolean heldOut, Dice dice) {
        Noun noun = subject(PLACE, heldOut, dice);
        String place = noun.get(PLACE);
        var wrong = dice.shuffled(world.values(PLACE).stream()
                .filter(value -> !value.equals(place))
                .toList());
        String question = dice.pick(Cast.NAMES) + " looks at " + noun.one() + ". Which place could this be:";
        return choice("arc-e", question, place, wrong.subList(0, 3), dice);
    }

    /** Two steps: which thing shares its place with another? */
    private Row arcChallenge(boolean heldOut, Dice dice) {
        Noun noun = subject(PLACE, heldOut, dice);
        String place = noun.get(PLACE);
        Noun right = dice.pick(matching(heldOut, n -> !n.equals(noun) && n.is(PLACE, place)));
        var wrong = dice.shuffled(matching(heldOut, n -> !n.is(PLACE, place)));
        String question = dice.pick(Cast.NAMES) + " stands beside " + noun.one() + ". What else could be there:";
        return choice(
                "arc-c",
                question,
                right.word(),
                wrong.subList(0, 3).stream().map(Noun::word).toList(),
                dice);
    }

    private static Row choice(String task, String question, String right, List<String> wrong, Dice dice) {
        var options = new ArrayList<>(wrong);
        options.add(dice.below(wrong.size() + 1), right);
        return Row.of(task, question + " " + Cast.listed(options) + "?", right);
    }

    /** A noun from one side of the split; the attribute's values are equally likely, as far as that side has them. */
    private Noun subject(Attribute attribute, boolean heldOut, Dice dice) {
        var candidates = matching(heldOut, n -> n.has(attribute) && (attribute != PLACE || hasNeighbour(n)));
        String value = dice.pick(
                candidates.stream().map(n -> n.get(attribute)).distinct().toList());
        return dice.pick(candidates.stream().filter(n -> n.is(attribute, value)).toList());
    }

    private boolean hasNeighbour(Noun noun) {
        return !matching(noun.heldOut(), n -> !n.equals(noun) && n.is(PLACE, noun.get(PLACE)))
                .isEmpty();
    }

    /** Right and wrong options come from the same side of the split: which side a noun is on must say nothing. */
    private List<Noun> matching(boolean heldOut, Predicate<Noun> predicate) {
        return world.nouns().stream()
                .filter(noun -> noun.heldOut() == heldOut)
                .filter(predicate)
                .toList();
    }
}
