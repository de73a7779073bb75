package org.moelora.text.template;

import java.math.BigDecimal;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/** Numbers as Python has them: true is 1, and a float is written so that it reads back the same. */
final class Numbers {
    private Numbers() {}

    /** The number that a value is, a Long or a Double; null if it is none. */
    static @Nullable Number of(@Nullable Object value) {
        return switch (value) {
            case Boolean b -> b ? 1L : 0L;
            case Number n -> n instanceof Double || n instanceof Float ? n.doubleValue() : (Number) n.longValue();
            case null, default -> null;
        };
    }

    /** Python's repr. */
    static String text(Number number) {
        if (!(number instanceof Double || number instanceof Float)) {
            return number.toString();
        }
        double d = number.doubleValue();
        if (Double.isNaN(d) || Double.isInfinite(d)) {
            return Double.isNaN(d) ? "nan" : d > 0 ? "inf" : "-inf";
        }
        if (d == 0) {
            return 1 / d < 0 ? "-0.0" : "0.0";
        }
        BigDecimal exact = new BigDecimal(Double.toString(d)).stripTrailingZeros();
        int exponent = exact.precision() - exact.scale() - 1;
        if (exponent >= -4 && exponent < 16) {
            String plain = exact.toPlainString();
            return plain.indexOf('.') < 0 ? plain + ".0" : plain;
        }
        String digits = exact.unscaledValue().abs().toString();
        return (d < 0 ? "-" : "") + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "") + "e"
                + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    /** Half goes to the even neighbour, as Python's round. */
    static double rounded(double value, int precision, RoundingMode mode) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return value;
        }
        return new BigDecimal(value).setScale(precision, mode).doubleValue();
    }

    /** As Python's int reads a text, or its float, of which the fraction is left out; null if it does not. */
    static @Nullable Long whole(String text) {
        String number = text.strip().replaceAll("(?<=[0-9])_(?=[0-9])", "");
        if (number.matches("[+-]?[0-9]{1,18}")) {
            return Long.parseLong(number);
        }
        Double real = real(text);
        return real == null || Double.isNaN(real) || Math.abs(real) > 1e18 ? null : (Long) real.longValue();
    }

    /** As Python's float reads a text; null if it does not. */
    static @Nullable Double real(String text) {
        String number = text.strip().replaceAll("(?<=[0-9])_(?=[0-9])", "");
        return number.length() < 400 && number.matches("[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
                ? (Double) Double.parseDouble(number)
                : null;
    }
}
