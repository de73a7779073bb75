package org.moelora.testmodels;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * All the arithmetic that the bundled model meets: every shape of sum with every choice of operands in its range, small
 * enough in all (a few thousand) that two million parameters can learn it.
 */
final class Sums {

    /** How two or three numbers are combined; a product is taken before what follows it. */
    enum Shape {
        ADD("+"),
        SUBTRACT("-"),
        MULTIPLY("*"),
        DIVIDE("/"),
        ADD_ADD("++"),
        ADD_SUBTRACT("+-"),
        SUBTRACT_ADD("-+"),
        SUBTRACT_SUBTRACT("--"),
        MULTIPLY_ADD("*+"),
        MULTIPLY_SUBTRACT("*-");

        private final String signs;

        Shape(String signs) {
            this.signs = signs;
        }
    }

    /** One sum: its shape, its operands from left to right, and its result. */
    record Sum(Shape shape, List<Integer> operands, int result) {
        /** As it is written: "7 + 5". */
        String bare() {
            var text = new StringBuilder().append(operands.get(0));
            for (int i = 1; i < operands.size(); i++) {
                text.append(' ').append(shape.signs.charAt(i - 1)).append(' ').append(operands.get(i));
            }
            return text.toString();
        }

        /** In words, with the same thing behind each number that counts it: "7 pens plus 5 pens", "3 times 4 pens". */
        String spoken(String things) {
            boolean product = shape.signs.charAt(0) == '*';
            var text = new StringBuilder().append(operands.get(0)).append(product ? "" : things);
            for (int i = 1; i < operands.size(); i++) {
                char sign = shape.signs.charAt(i - 1);
                text.append(
                        switch (sign) {
                            case '+' -> " plus ";
                            case '-' -> " minus ";
                            case '*' -> " times ";
                            default -> " divided by ";
                        });
                text.append(operands.get(i)).append(sign == '/' ? "" : things);
            }
            return text.toString();
        }

        /** Held out together with all sums of the same shape and the same operands, in whatever order. */
        boolean heldOut() {
            return World.heldOut(
                    "sum " + shape + " " + operands.stream().sorted().toList());
        }
    }

    private final Map<Shape, List<Sum>> all = new EnumMap<>(Shape.class);

    Sums() {
        for (int a = 2; a <= 20; a++) {
            for (int b = 2; b <= 20; b++) {
                put(Shape.ADD, a + b, a, b);
                put(Shape.SUBTRACT, a, a + b, b);
            }
        }
        for (int a = 2; a <= 9; a++) {
            for (int b = 2; b <= 9; b++) {
                put(Shape.MULTIPLY, a * b, a, b);
                put(Shape.DIVIDE, a, a * b, b);
            }
        }
        for (int a = 2; a <= 8; a++) {
            for (int b = 2; b <= 8; b++) {
                for (int c = 2; c <= 8; c++) {
                    put(Shape.ADD_ADD, a + b + c, a, b, c);
                    put(Shape.ADD_SUBTRACT, a + b - c, a, b, c);
                    put(Shape.SUBTRACT_ADD, a + c, a + b, b, c);
                    put(Shape.SUBTRACT_SUBTRACT, a, a + b + c, b, c);
                    if (a <= 6 && b <= 6) {
                        put(Shape.MULTIPLY_ADD, a * b + c, a, b, c);
                        put(Shape.MULTIPLY_SUBTRACT, a * b - c, a, b, c);
                    }
                }
            }
        }
    }

    private void put(Shape shape, int result, Integer... operands) {
        if (result > 0) {
            all.computeIfAbsent(shape, s -> new ArrayList<>()).add(new Sum(shape, List.of(operands), result));
        }
    }

    /** All sums of one shape. */
    List<Sum> of(Shape shape) {
        return all.getOrDefault(shape, List.of());
    }

    /** The sums of a shape on one side of the split, by their result: so that results can be drawn evenly. */
    Collection<List<Sum>> byResult(Shape shape, boolean heldOut) {
        var out = new TreeMap<Integer, List<Sum>>();
        for (Sum sum : of(shape)) {
            if (sum.heldOut() == heldOut) {
                out.computeIfAbsent(sum.result(), r -> new ArrayList<>()).add(sum);
            }
        }
        return out.values();
    }
}
