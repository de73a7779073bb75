package org.moelora.model;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.grammar.Constraint;
import org.moelora.text.Tokenizer;

/** The tokens of a few given texts as a tree: which of them can come next. Used by one thread, for one text. */
final class Choices implements Constraint {
    /** A token of some of the texts. */
    private static final class Node {
        private final Map<Integer, Node> next = new HashMap<>();
        private boolean ends;
    }

    private Node at = new Node();

    /**
     * @throws InputException if a text has no tokens
     */
    Choices(List<String> texts, Tokenizer tokenizer) {
        for (String text : texts) {
            int[] ids = tokenizer.encode(text, false);
            if (ids.length == 0) {
                throw new InputException("the choice \"" + text + "\" has no tokens; expected at least one");
            }
            Node node = at;
            for (int id : ids) {
                node = node.next.computeIfAbsent(id, unknown -> new Node());
            }
            node.ends = true;
        }
    }

    @Override
    public void restrict(float[] logits, List<Integer> ends) {
        float[] all = logits.clone();
        Arrays.fill(logits, Float.NEGATIVE_INFINITY);
        at.next.keySet().forEach(id -> logits[id] = all[id]);
        if (at.ends) {
            ends.forEach(id -> logits[id] = all[id]);
        }
    }

    @Override
    public void take(int id) {
        @Nullable Node node = at.next.get(id);
        if (node != null) {
            at = node;
        }
    }

    @Override
    public boolean complete() {
        return at.ends && at.next.isEmpty();
    }
}
