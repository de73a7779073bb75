package org.moelora.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Signs between values. */
final class Operators {
    private Operators() {}

    static Object negative(Limits limits, int line, @Nullable Object value) {
        return switch (value) {
            case Long n -> -n;
            case Double d -> -d;
            case null, default -> throw limits.error(line, "negates what is no number");
        };
    }

    static Object apply(Limits limits, int line, String sign, @Nullable Object left, @Nullable Object right) {
        if (sign.equals("~")) {
            return text(limits, line, Values.text(limits, line, left), Values.text(limits, line, right));
        }
        if (sign.equals("+") && left instanceof String a && right instanceof String b) {
            return text(limits, line, a, b);
        }
        if (sign.equals("+") && left instanceof List<?> a && right instanceof List<?> b) {
            limits.elements(line, (long) a.size() + b.size());
            List<@Nullable Object> both = new ArrayList<>(a);
            both.addAll(b);
            return both;
        }
        if (sign.equals("*") && left instanceof String s && right instanceof Long times) {
            long count = Math.max(0, times);
            if (count > Integer.MAX_VALUE) {
                throw limits.error(line, "repeats a text " + count + " times");
            }
            limits.characters(line, s.length() * count);
            return s.repeat((int) count);
        }
        if (left instanceof Long a && right instanceof Long b) {
            return whole(limits, line, sign, a, b);
        }
        if (left instanceof Number a && right instanceof Number b) {
            return real(limits, line, sign, a.doubleValue(), b.doubleValue());
        }
        throw limits.error(line, "has the sign " + sign + " between values that it is not for");
    }

    private static String text(Limits limits, int line, String a, String b) {
        limits.characters(line, (long) a.length() + b.length());
        return a + b;
    }

    private static Object whole(Limits limits, int line, String sign, long a, long b) {
        try {
            return switch (sign) {
                case "+" -> Math.addExact(a, b);
                case "-" -> Math.subtractExact(a, b);
                case "*" -> Math.multiplyExact(a, b);
                case "//" -> Math.floorDiv(a, b);
                case "%" -> Math.floorMod(a, b);
                default -> real(limits, line, sign, (double) a, (double) b);
            };
        } catch (ArithmeticException e) {
            throw limits.error(line, "computes what no whole number is");
        }
    }

    private static Object real(Limits limits, int line, String sign, double a, double b) {
        if (b == 0 && !sign.equals("+") && !sign.equals("-") && !sign.equals("*")) {
            throw limits.error(line, "divides by zero");
        }
        return switch (sign) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "//" -> Math.floor(a / b);
            case "%" -> a - b * Math.floor(a / b);
            default -> a / b;
        };
    }

    static boolean compare(Limits limits, int line, String sign, @Nullable Object left, @Nullable Object right) {
        return switch (sign) {
            case "==" -> Values.equal(limits, line, left, right);
            case "!=" -> !Values.equal(limits, line, left, right);
            case "in" -> in(limits, line, left, right);
            case "not in" -> !in(limits, line, left, right);
            case "<" -> order(limits, line, left, right) < 0;
            case "<=" -> order(limits, line, left, right) <= 0;
            case ">" -> order(limits, line, left, right) > 0;
            default -> order(limits, line, left, right) >= 0;
        };
    }

    private static int order(Limits limits, int line, @Nullable Object left, @Nullable Object right) {
        if (left instanceof String a && right instanceof String b) {
            limits.characters(line, Math.min(a.length(), b.length()));
            return a.compareTo(b);
        }
        if (left instanceof Number a && right instanceof Number b) {
            return Double.compare(a.doubleValue(), b.doubleValue());
        }
        throw limits.error(line, "compares values that have no order");
    }

    static boolean in(Limits limits, int line, @Nullable Object part, @Nullable Object whole) {
        return switch (whole) {
            case String s
            when part instanceof String p -> {
                limits.characters(line, s.length() + (long) p.length());
                yield s.contains(p);
            }
            case List<?> list -> list.stream().anyMatch(item -> Values.equal(limits, line, item, part));
            case Map<?, ?> map -> part instanceof String key && map.containsKey(key);
            case Values.Undefined u -> false;
            case null, default -> throw limits.error(line, "looks for a value in what is no list, map or string");
        };
    }

    static List<Long> range(Limits limits, int line, List<@Nullable Object> values) {
        long[] numbers = new long[values.size()];
        for (int i = 0; i < numbers.length; i++) {
            if (!(values.get(i) instanceof Long n) || Math.abs(n) > Integer.MAX_VALUE) {
                throw limits.error(line, "has a range of what is no number");
            }
            numbers[i] = n;
        }
        if (numbers.length < 1 || numbers.length > 3 || (numbers.length == 3 && numbers[2] == 0)) {
            throw limits.error(line, "has a range without an end or a step");
        }
        long from = numbers.length == 1 ? 0 : numbers[0];
        long to = numbers.length == 1 ? numbers[0] : numbers[1];
        long step = numbers.length == 3 ? numbers[2] : 1;
        long count = Math.max(0, step > 0 ? Math.ceilDiv(to - from, step) : Math.ceilDiv(from - to, -step));
        limits.elements(line, count);
        return LongStream.range(0, count).mapToObj(i -> from + i * step).toList();
    }
}
