package org.moelora.text.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.moelora.engine.InputException;

/**
 * Cuts a template into texts and the words of its tags. White space goes as Hugging Face sets it: {@code trim_blocks} takes the line feed
 * after a block or a comment, {@code lstrip_blocks} the blanks between a line's beginning and a block or a comment; a minus within a
 * tag takes all white space on its side, a plus leaves it. The template's last line feed does not count.
 */
final class Lexer {
    /** What a word is. */
    enum Kind {
        TEXT,
        BLOCK_BEGIN,
        BLOCK_END,
        PRINT_BEGIN,
        PRINT_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        SIGN,
        END
    }

    record Token(Kind kind, String text, int line) {
        boolean is(Kind other, String value) {
            return kind == other && text.equals(value);
        }
    }

    private static final List<String> SIGNS = List.of(
            "==", "!=", "<=", ">=", "//", "**", "(", ")", "[", "]", "{", "}", "<", ">", "=", "+", "-", "*", "/", "%",
            "~", "|", ",", ":", ".");

    private static final Pattern RAW = Pattern.compile("\\{%[-+]?\\s*raw\\s*([-+]?)%\\}");
    private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}");

    /** Not after a point: {@code x.0.5} has no fraction. */
    private static final Pattern FLOAT = Pattern.compile(
            "[0-9](?:_?[0-9])*(?:(?:\\.[0-9](?:_?[0-9])*)?[eE][-+]?[0-9](?:_?[0-9])*|\\.[0-9](?:_?[0-9])*)");

    private static final Pattern INTEGER =
            Pattern.compile("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?[0-9])*|0(?:_?0)*");

    private final String source;
    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private boolean trimsNext;
    private boolean trimsLineEnd;

    private Lexer(String source, String template) {
        this.source = source;
        String lines = template.replace("\r\n", "\n").replace('\r', '\n');
        text = lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines;
    }

    static List<Token> tokens(String source, String template) {
        Lexer lexer = new Lexer(source, template);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < text.length()) {
            int tag = nextTag();
            addText(tag);
            if (tag < text.length()) {
                switch (text.charAt(tag + 1)) {
                    case '#' -> comment();
                    case '%' -> block(Kind.BLOCK_BEGIN, Kind.BLOCK_END, "%}");
                    default -> tag(Kind.PRINT_BEGIN, Kind.PRINT_END, "}}");
                }
            }
        }
        tokens.add(new Token(Kind.END, "the end of the template", line));
    }

    private int nextTag() {
        for (int i = text.indexOf('{', at); i >= 0 && i + 1 < text.length(); i = text.indexOf('{', i + 1)) {
            if ("{%#".indexOf(text.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return text.length();
    }

    private void addText(int to) {
        int start = at;
        int end = to;
        if (trimsNext) {
            while (start < end && Character.isWhitespace(text.charAt(start))) {
                start++;
            }
        } else if (trimsLineEnd && start < end && text.charAt(start) == '\n') {
            start++;
        }
        if (to < text.length()) {
            char mark = to + 2 < text.length() ? text.charAt(to + 2) : ' ';
            if (mark == '-') {
                while (end > start && Character.isWhitespace(text.charAt(end - 1))) {
                    end--;
                }
            } else if (mark != '+' && text.charAt(to + 1) != '{') {
                end = withoutBlanks(start, end);
            }
        }
        if (end > start) {
            tokens.add(new Token(Kind.TEXT, text.substring(start, end), line));
        }
        advance(to);
        trimsNext = false;
        trimsLineEnd = false;
    }

    /** The end without the blanks after the line's beginning, if there is nothing else. */
    private int withoutBlanks(int start, int end) {
        int i = end;
        while (i > start && text.charAt(i - 1) != '\n' && Character.isWhitespace(text.charAt(i - 1))) {
            i--;
        }
        return i == 0 || text.charAt(i - 1) == '\n' ? i : end;
    }

    private void advance(int to) {
        while (at < to) {
            line += text.charAt(at++) == '\n' ? 1 : 0;
        }
    }

    private void comment() {
        int end = text.indexOf("#}", at + 2);
        if (end < 0) {
            throw error("a comment that does not end");
        }
        trimsNext = text.charAt(end - 1) == '-';
        trimsLineEnd = text.charAt(end - 1) != '+';
        advance(end + 2);
    }

    private void block(Kind begin, Kind end, String close) {
        Matcher raw = RAW.matcher(text).region(at, text.length());
        if (!raw.lookingAt()) {
            tag(begin, end, close);
            return;
        }
        advance(raw.end());
        if (raw.group(1).equals("-")) {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                advance(at + 1);
            }
        } else if (raw.group(1).isEmpty() && at < text.length() && text.charAt(at) == '\n') {
            advance(at + 1);
        }
        Matcher ends = END_RAW.matcher(text);
        if (!ends.find(at)) {
            throw error("a raw block that does not end");
        }
        String mark = ends.group(1);
        int start = at;
        int stop = ends.start();
        if (mark.equals("-")) {
            while (stop > start && Character.isWhitespace(text.charAt(stop - 1))) {
                stop--;
            }
        } else if (mark.isEmpty()) {
            stop = withoutBlanks(start, stop);
        }
        if (stop > start) {
            tokens.add(new Token(Kind.TEXT, text.substring(start, stop), line));
        }
        advance(ends.end());
        trimsNext = ends.group(2).equals("-");
        trimsLineEnd = ends.group(2).isEmpty();
    }

    private void tag(Kind begin, Kind end, String close) {
        tokens.add(new Token(begin, text.substring(at, at + 2), line));
        at += 2;
        if (at < text.length() && (text.charAt(at) == '-' || text.charAt(at) == '+')) {
            at++;
        }
        int depth = 0;
        while (true) {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                advance(at + 1);
            }
            if (at >= text.length()) {
                throw error("a tag that does not end");
            }
            boolean minus = text.startsWith("-" + close, at);
            boolean plus = text.startsWith("+" + close, at);
            if (depth == 0 && (minus || plus || text.startsWith(close, at))) {
                at += close.length() + (minus || plus ? 1 : 0);
                tokens.add(new Token(end, close, line));
                trimsNext = minus;
                trimsLineEnd = !plus && end == Kind.BLOCK_END;
                return;
            }
            Token token = word();
            depth += token.is(Kind.SIGN, "{") ? 1 : token.is(Kind.SIGN, "}") ? -1 : 0;
            tokens.add(token);
        }
    }

    private Token word() {
        char c = text.charAt(at);
        if (c == '"' || c == '\'') {
            return string(c);
        }
        int start = at;
        if (isDigit(c)) {
            return number();
        }
        if (c == '_' || Character.isLetter(c)) {
            while (at < text.length() && (text.charAt(at) == '_' || Character.isLetterOrDigit(text.charAt(at)))) {
                at++;
            }
            return new Token(Kind.NAME, text.substring(start, at), line);
        }
        for (String sign : SIGNS) {
            if (text.startsWith(sign, at)) {
                at += sign.length();
                return new Token(Kind.SIGN, sign, line);
            }
        }
        throw error("the character " + c);
    }

    private Token number() {
        boolean afterPoint = at > 0 && text.charAt(at - 1) == '.';
        Matcher real = FLOAT.matcher(text).region(at, text.length());
        if (!afterPoint && real.lookingAt()) {
            at = real.end();
            return new Token(Kind.FLOAT, real.group().replace("_", ""), line);
        }
        Matcher whole = INTEGER.matcher(text).region(at, text.length());
        if (!whole.lookingAt()) {
            throw error("a number that begins with " + text.charAt(at));
        }
        at = whole.end();
        String digits = whole.group().replace("_", "").toLowerCase(Locale.ROOT);
        int radix = digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 10;
        String value = new BigInteger(radix == 10 ? digits : digits.substring(2), radix).toString();
        return new Token(Kind.INTEGER, value, line);
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private Token string(char quote) {
        var value = new StringBuilder();
        int begin = line;
        advance(at + 1);
        while (at < text.length() && text.charAt(at) != quote) {
            char c = text.charAt(at);
            advance(at + 1);
            if (c == '\\' && at < text.length()) {
                escape(value);
            } else {
                value.append(c);
            }
        }
        if (at >= text.length()) {
            throw error("a string that does not end");
        }
        at++;
        return new Token(Kind.STRING, value.toString(), begin);
    }

    /** As in a string of Python. */
    private void escape(StringBuilder value) {
        char c = text.charAt(at);
        advance(at + 1);
        switch (c) {
            case '\n' -> {} // the line goes on
            case 'a' -> value.append('\u0007');
            case 'b' -> value.append('\b');
            case 'f' -> value.append('\f');
            case 'n' -> value.append('\n');
            case 't' -> value.append('\t');
            case 'r' -> value.append('\r');
            case 'v' -> value.append('\u000b');
            case '\\', '\'', '"' -> value.append(c);
            case 'u' -> value.appendCodePoint(hex(c, 4));
            case 'x' -> value.appendCodePoint(hex(c, 2));
            case 'U' -> value.appendCodePoint(hex(c, 8));
            case 'N' -> throw error("the escape \\N, a character by its name");
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                int octal = c - '0';
                for (int i = 0; i < 2 && at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '7'; i++) {
                    octal = 8 * octal + text.charAt(at++) - '0';
                }
                value.appendCodePoint(octal);
            }
            default -> value.append('\\').append(c);
        }
    }

    private int hex(char kind, int digits) {
        String hex = text.substring(at, Math.min(text.length(), at + digits));
        if (!hex.matches("[0-9a-fA-F]{" + digits + "}") || Long.parseLong(hex, 16) > Character.MAX_CODE_POINT) {
            throw error("the escape \\" + kind + hex);
        }
        at += digits;
        return Integer.parseInt(hex, 16);
    }

    private InputException error(String what) {
        return new InputException(source + ": line " + line + " of the chat template has " + what
                + ", which is not supported; expected what docs/data.md lists");
    }
}
