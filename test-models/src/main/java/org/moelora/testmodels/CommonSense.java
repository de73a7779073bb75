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
import java.util.Set;
import java.util.function.Predicate;
import org.moelora.testmodels.World.Attribute;
import org.moelora.testmodels.World.Noun;

/**
 * The five common-sense tasks: choices that follow from what the pretraining text says of a noun. No training row is
 * about the noun of a held-out row.
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

    /** Yes or no: does something that no sentence states follow from what is known of a thing? */
    private Row boolq(boolean heldOut, Dice dice) {
        Claim claim = dice.pick(CLAIMS);
        boolean yes = dice.oneIn(2);
        Noun noun = dice.pick(matching(heldOut, n -> claim.holds.test(n) == yes));
        String question = dice.pick(Cast.NAMES) + " looks at " + noun.one() + ". " + claim.asked + " Yes or no?";
        return Row.of("boolq", question, yes ? "yes" : "no");
    }

    /** Which of two purposes a thing serves or, as often, does not: so that knowing what goes with it is not enough. */
    private Row piqa(boolean heldOut, Dice dice) {
        Noun noun = subject(USE, heldOut, dice);
        String use = noun.get(USE);
        String other = others(USE, noun, dice).getFirst();
        String start = dice.pick(Cast.NAMES) + " takes " + noun.one() + ". What is that ";
        return dice.oneIn(2)
                ? choice("piqa", start + "good for:", use, List.of(other), dice)
                : choice("piqa", start + "no good for:", other, List.of(use), dice);
    }

    /** A property of a thing, of four. */
    private Row obqa(boolean heldOut, Dice dice) {
        Attribute attribute = dice.pick(List.of(MATERIAL, CATEGORY, COLOUR));
        Noun noun = subject(attribute, heldOut, dice);
        String question = dice.pick(Cast.NAMES)
                + switch (attribute) {
                    case MATERIAL -> " touches " + noun.one() + ". What could one feel:";
                    case CATEGORY -> " wants " + noun.one() + ". Which sort is that:";
                    default -> " stands beside " + noun.one() + ". What could one see:";
                };
        return choice(
                "obqa",
                question,
                noun.get(attribute),
                others(attribute, noun, dice).subList(0, 3),
                dice);
    }

    /** Where a thing is found, of four places. */
    private Row arcEasy(boolean heldOut, Dice dice) {
        Noun noun = subject(PLACE, heldOut, dice);
        String question = dice.pick(Cast.NAMES) + " looks at " + noun.one() + ". Which place could this be:";
        return choice(
                "arc-e", question, noun.get(PLACE), others(PLACE, noun, dice).subList(0, 3), dice);
    }

    /** Which of four words, all of them true of a thing, answers what is asked. */
    private Row arcChallenge(boolean heldOut, Dice dice) {
        Attribute attribute = dice.pick(List.of(CATEGORY, PLACE, COLOUR, SIZE, MATERIAL, USE, MOTION));
        Noun noun = subject(attribute, heldOut, dice);
        String question = dice.pick(Cast.NAMES) + " looks for " + noun.one()
                + switch (attribute) {
                    case CATEGORY -> ". Which word says what sort:";
                    case PLACE -> ". Which word says where:";
                    case COLOUR -> ". Which word says how it looks:";
                    case SIZE -> ". Which word says how big:";
                    case MATERIAL -> ". Which word says what of:";
                    case USE -> ". Which word says what for:";
                    case MOTION -> ". Which word says how it goes:";
                };
        var wrong = dice.shuffled(noun.attributes().values().stream()
                .filter(value -> !value.equals(noun.get(attribute)))
                .distinct()
                .toList());
        return choice("arc-c", question, noun.get(attribute), wrong.subList(0, 3), dice);
    }

    private static Row choice(String task, String question, String right, List<String> wrong, Dice dice) {
        var options = new ArrayList<>(wrong);
        options.add(dice.below(wrong.size() + 1), right);
        return Row.of(task, question + " " + Cast.listed(options) + "?", right);
    }

    /** A noun from one side of the split; the attribute's values are equally likely, as far as that side has them. */
    private Noun subject(Attribute attribute, boolean heldOut, Dice dice) {
        var candidates = matching(heldOut, noun -> noun.has(attribute));
        String value = dice.pick(
                candidates.stream().map(noun -> noun.get(attribute)).distinct().toList());
        return dice.pick(
                candidates.stream().filter(noun -> noun.is(attribute, value)).toList());
    }

    /** The attribute's other values, in random order. */
    private List<String> others(Attribute attribute, Noun noun, Dice dice) {
        return dice.shuffled(world.values(attribute).stream()
                .filter(value -> !noun.is(attribute, value))
                .toList());
    }

    private List<Noun> matching(boolean heldOut, Predicate<Noun> predicate) {
        return world.nouns().stream()
                .filter(noun -> noun.heldOut() == heldOut)
                .filter(predicate)
                .toList();
    }
}
