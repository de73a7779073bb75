package org.moelora.text;

import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Parts the calls of tools from an answer as it is written: passes its text on, and holds back what is a call or may become one. For one text. */
public final class ToolCallStream {
    private final ToolCallFormat format;
    private final Tokenizer tokenizer;
    private final IntFunction<String> ids;
    private final StringBuilder held = new StringBuilder();
    private boolean passed;
    private boolean calls;
    private @Nullable List<ToolCall> found;

    /**
     * @param ids gives a call without an id its own, by its place
     */
    public ToolCallStream(ToolCallFormat format, Tokenizer tokenizer, IntFunction<String> ids) {
        this.format = format;
        this.tokenizer = tokenizer;
        this.ids = ids;
    }

    /** Takes the next token: a special one may be the mark, which no text shows. */
    public void token(int id) {
        if (!calls && tokenizer.isSpecial(id) && format.mark().equals(tokenizer.token(id))) {
            calls = true;
            held.append(format.mark());
        }
    }

    /** What may be shown now that {@code piece} has come. */
    public String push(String piece) {
        held.append(piece);
        if (calls) {
            return "";
        }
        int mark = held.indexOf(format.mark());
        if (mark >= 0) {
            calls = true;
            return shown(mark);
        }
        if (!passed && (held.toString().isBlank() || format.mayBegin(held.toString()))) {
            return "";
        }
        int keep = Math.min(format.mark().length() - 1, held.length());
        while (keep > 0 && !format.mark().startsWith(held.substring(held.length() - keep))) {
            keep--;
        }
        return shown(held.length() - keep);
    }

    private String shown(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        passed |= !text.isEmpty();
        return text;
    }

    /** What was held back and is no call, at the end of the text. */
    public String finish() {
        List<ToolCall> all = calls || format.mayBegin(held.toString()) ? format.parse(held.toString(), ids) : List.of();
        found = all;
        return all.isEmpty() ? shown(held.length()) : "";
    }

    /** The calls, after the end. */
    public List<ToolCall> calls() {
        return found == null ? List.of() : found;
    }
}
