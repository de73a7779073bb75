package org.moelora.text.template;

import java.time.LocalDate;
import java.time.format.TextStyle;
import java.util.Locale;

/** What {@code strftime_now} writes of a date, as Python's strftime does in English. */
final class Dates {
    private Dates() {}

    static String text(Limits limits, int line, LocalDate date, String format) {
        var text = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                text.append(c);
                continue;
            }
            boolean plain = format.charAt(i + 1) == '-' && i + 2 < format.length();
            i += plain ? 2 : 1;
            text.append(part(limits, line, date, format.charAt(i), plain));
        }
        return text.toString();
    }

    private static String part(Limits limits, int line, LocalDate date, char directive, boolean plain) {
        return switch (directive) {
            case 'd' -> number(date.getDayOfMonth(), plain ? 1 : 2);
            case 'e' -> plain ? number(date.getDayOfMonth(), 1) : "%2d".formatted(date.getDayOfMonth());
            case 'm' -> number(date.getMonthValue(), plain ? 1 : 2);
            case 'y' -> number(date.getYear() % 100, plain ? 1 : 2);
            case 'Y' -> String.valueOf(date.getYear());
            case 'j' -> number(date.getDayOfYear(), plain ? 1 : 3);
            case 'b', 'h' -> date.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'B' -> date.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'a' -> date.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'A' -> date.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'u' -> String.valueOf(date.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(date.getDayOfWeek().getValue() % 7);
            case 'F' -> date.toString();
            case 'D' ->
                part(limits, line, date, 'm', false) + "/" + part(limits, line, date, 'd', false) + "/"
                        + part(limits, line, date, 'y', false);
            case '%' -> "%";
            default ->
                throw limits.unsupported(
                        line, "strftime_now with %" + directive + ", and only the date is known, no time of day");
        };
    }

    private static String number(int value, int digits) {
        return ("%0" + digits + "d").formatted(value);
    }
}
