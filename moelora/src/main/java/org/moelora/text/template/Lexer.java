package org.moelora.text.template;

import java.util.ArrayList;
import java.util.List;
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
                    case '%' -> tag(Kind.BLOCK_BEGIN, Kind.BLOCK_END, "%}");
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
            while (at < text.length() && isDigit(text.charAt(at))) {
                at++;
            }
            boolean fraction = at + 1 < text.length() && text.charAt(at) == '.' && isDigit(text.charAt(at + 1));
            if (fraction) {
                at++;
                while (at < text.length() && isDigit(text.charAt(at))) {
                    at++;
                }
            }
            return new Token(fraction ? Kind.FLOAT : Kind.INTEGER, text.substring(start, at), line);
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

    private void escape(StringBuilder value) {
        char c = text.charAt(at);
        advance(at + 1);
        switch (c) {
            case 'n' -> value.append('\n');
            case 't' -> value.append('\t');
            case 'r' -> value.append('\r');
            case '\\', '\'', '"' -> value.append(c);
            case 'u', 'x' -> {
                int digits = c == 'u' ? 4 : 2;
                String hex = text.substring(at, Math.min(text.length(), at + digits));
                if (!hex.matches("[0-9a-fA-F]{" + digits + "}")) {
                    throw error("the escape \\" + c + hex);
                }
                value.append((char) Integer.parseInt(hex, 16));
                at += digits;
            }
            default -> value.append('\\').append(c);
        }
    }

    private InputException error(String what) {
        return new InputException(source + ": line " + line + " of the chat template has " + what
                + ", which is not supported; expected what docs/data.md lists");
    }
}
