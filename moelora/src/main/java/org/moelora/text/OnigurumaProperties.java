package org.moelora.text;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Oniguruma's names of character properties, which do not mind case, spaces, hyphens and underscores, as java.util.regex writes them. */
final class OnigurumaProperties {
    private static final String GRAPH = "[^\\p{IsWhite_Space}\\p{Cc}\\p{Cs}\\p{Cn}]";

    /** Of both POSIX brackets and {@code \p{...}}, but for {@code punct}. */
    private static final Map<String, String> POSIX = Map.ofEntries(
            Map.entry("alnum", "[\\p{IsAlphabetic}\\p{Nd}]"),
            Map.entry("alpha", "\\p{IsAlphabetic}"),
            Map.entry("ascii", "[\\x00-\\x7F]"),
            Map.entry("blank", "[\\p{Zs}\\t]"),
            Map.entry("cntrl", "\\p{Cc}"),
            Map.entry("digit", "\\p{Nd}"),
            Map.entry("graph", GRAPH),
            Map.entry("lower", "\\p{IsLowercase}"),
            Map.entry("print", "[" + GRAPH + "\\p{Zs}]"),
            Map.entry("space", "\\p{IsWhite_Space}"),
            Map.entry("upper", "\\p{IsUppercase}"),
            Map.entry("xdigit", "[0-9A-Fa-f]"));

    private static final Map<String, String> NAMES = names();

    private OnigurumaProperties() {}

    private static Map<String, String> names() {
        Map<String, String> names = new HashMap<>(POSIX);
        names.put("punct", "\\p{P}");
        names.put("word", "[\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}\\xB2\\xB3\\xB9\\xBC-\\xBE]");
        names.put("any", "[\\x{0}-\\x{10FFFF}]");
        String categories =
                "L letter LC casedletter Lu uppercaseletter Ll lowercaseletter Lt titlecaseletter Lm modifierletter"
                        + " Lo otherletter M mark Mn nonspacingmark Mc spacingmark Me enclosingmark N number Nd decimalnumber"
                        + " Nl letternumber No othernumber P punctuation Pc connectorpunctuation Pd dashpunctuation"
                        + " Ps openpunctuation Pe closepunctuation Pi initialpunctuation Pf finalpunctuation Po otherpunctuation"
                        + " S symbol Sm mathsymbol Sc currencysymbol Sk modifiersymbol So othersymbol Z separator"
                        + " Zs spaceseparator Zl lineseparator Zp paragraphseparator C other Cc control Cf format Cn unassigned"
                        + " Co privateuse Cs surrogate";
        String[] words = categories.split(" ");
        for (int i = 0; i < words.length; i += 2) {
            names.put(words[i].toLowerCase(Locale.ROOT), "\\p{" + words[i] + "}");
            names.put(words[i + 1], "\\p{" + words[i] + "}");
        }
        for (String binary : new String[] {
            "Alphabetic", "Lowercase", "Uppercase", "White_Space", "Ideographic", "Emoji", "Extended_Pictographic"
        }) {
            names.put(plain(binary), "\\p{Is" + binary + "}");
        }
        for (Character.UnicodeScript script : Character.UnicodeScript.values()) {
            if (script != Character.UnicodeScript.UNKNOWN) {
                names.putIfAbsent(plain(script.name()), "\\p{Is" + script.name() + "}");
            }
        }
        return Map.copyOf(names);
    }

    private static String plain(String name) {
        return name.replaceAll("[ _-]", "").toLowerCase(Locale.ROOT);
    }

    /** Of {@code \p{name}}, as it may also stand within brackets; null if the name is not known. */
    static @Nullable String named(String name) {
        return NAMES.get(plain(name));
    }

    /** Of {@code [:name:]}, for within brackets; null if the name is not known. */
    static @Nullable String bracket(String name) {
        return switch (name) {
            case "punct" -> "\\p{P}\\p{S}";
            case "word" -> "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}";
            default -> POSIX.get(name);
        };
    }

    /** Everything else. */
    static String inverse(String property) {
        return property.startsWith("\\p") ? "\\P" + property.substring(2) : "[^" + property + "]";
    }
}
