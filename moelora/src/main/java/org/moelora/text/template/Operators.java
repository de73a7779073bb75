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
        return switch (Numbers.of(value)) {
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
            if (a instanceof Tuple != b instanceof Tuple) {
                throw limits.error(line, "adds a list and a tuple");
            }
            return a instanceof Tuple ? new Tuple(both) : both;
        }
        if (sign.equals("*") && (left instanceof String || left instanceof List<?>)) {
            return repeated(limits, line, left, Numbers.of(right));
        }
        if (sign.equals("*") && (right instanceof String || right instanceof List<?>)) {
            return repeated(limits, line, right, Numbers.of(left));
        }
        if (sign.equals("%") && left instanceof String) {
            throw limits.unsupported(line, "the sign % after a text, which formats it");
        }
        Number x = Numbers.of(left);
        Number y = Numbers.of(right);
        if (x instanceof Long a && y instanceof Long b) {
            return whole(limits, line, sign, a, b);
        }
        if (x != null && y != null) {
            return real(limits, line, sign, x.doubleValue(), y.doubleValue());
        }
        throw limits.error(line, "has the sign " + sign + " between values that it is not for");
    }

    private static Object repeated(Limits limits, int line, Object value, @Nullable Number times) {
        if (!(times instanceof Long n) || n > Integer.MAX_VALUE) {
            throw limits.error(line, "repeats what it has by " + times);
        }
        int count = (int) Math.max(0, n);
        if (value instanceof String s) {
            limits.characters(line, (long) s.length() * count);
            return s.repeat(count);
        }
        List<?> list = (List<?>) value;
        limits.elements(line, (long) list.size() * count);
        List<@Nullable Object> all = new ArrayList<>();
        for (int i = 0; i < count && !list.isEmpty(); i++) {
            all.addAll(list);
        }
        return value instanceof Tuple ? new Tuple(all) : all;
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
                case "**" -> b < 0 ? real(limits, line, sign, (double) a, (double) b) : (Object) power(a, b);
                default -> real(limits, line, sign, (double) a, (double) b);
            };
        } catch (ArithmeticException e) {
            throw limits.error(line, "computes what no whole number is");
        }
    }

    private static long power(long a, long b) {
        if (b > 64 && Math.abs(a) > 1) {
            throw new ArithmeticException("too large");
        }
        long result = 1;
        for (long i = b > 64 ? b % 2 : b; i > 0; i--) {
            result = Math.multiplyExact(result, a);
        }
        return a == 0 && b > 0 ? 0 : result;
    }

    private static Object real(Limits limits, int line, String sign, double a, double b) {
        if (b == 0 && !sign.equals("+") && !sign.equals("-") && !sign.equals("*") && !sign.equals("**")) {
            throw limits.error(line, "divides by zero");
        }
        return switch (sign) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "//" -> Math.floor(a / b);
            case "%" -> {
                double rest = a % b;
                yield rest != 0 && rest < 0 != b < 0 ? rest + b : rest;
            }
            case "**" -> Math.pow(a, b);
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

    /**
     * Negative, zero or positive, as Python orders numbers, texts and lists.
     *
     * @throws org.moelora.engine.InputException if the two have no order
     */
    static int order(Limits limits, int line, @Nullable Object left, @Nullable Object right) {
        if (left instanceof String a && right instanceof String b) {
            limits.characters(line, Math.min(a.length(), b.length()));
            return compareTexts(a, b);
        }
        Number x = Numbers.of(left);
        Number y = Numbers.of(right);
        if (x != null && y != null) {
            return compareNumbers(x, y);
        }
        if (left instanceof List<?> a && right instanceof List<?> b && a instanceof Tuple == b instanceof Tuple) {
            limits.enter(line);
            for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
                if (!Values.equal(limits, line, a.get(i), b.get(i))) {
                    int order = order(limits, line, a.get(i), b.get(i));
                    limits.leave();
                    return order;
                }
            }
            limits.leave();
            return Integer.compare(a.size(), b.size());
        }
        throw limits.error(line, "compares values that have no order");
    }

    static int compareNumbers(Number a, Number b) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        double x = a.doubleValue();
        double y = b.doubleValue();
        return x == y ? 0 : Double.compare(x, y);
    }

    /** By characters, not by their halves. */
    static int compareTexts(String a, String b) {
        int i = 0;
        while (i < a.length() && i < b.length() && a.charAt(i) == b.charAt(i)) {
            i++;
        }
        if (i == a.length() || i == b.length()) {
            return Integer.compare(a.length(), b.length());
        }
        char x = a.charAt(i);
        char y = b.charAt(i);
        boolean surrogate = Character.isSurrogate(x);
        return surrogate != Character.isSurrogate(y) ? surrogate ? 1 : -1 : Character.compare(x, y);
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
            if (!(Numbers.of(values.get(i)) instanceof Long n) || Math.abs(n) > Integer.MAX_VALUE) {
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
