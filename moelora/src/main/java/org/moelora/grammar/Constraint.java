package org.moelora.grammar;

import java.util.List;

/** Which tokens may come next in one text. Used by one thread at a time. */
public interface Constraint {
    /**
     * Makes every other token impossible.
     *
     * @param logits [vocabulary]; negative infinity for what may not be chosen
     * @param ends the model's ends of texts, which are possible where the text is whole and another goes on
     */
    void restrict(float[] logits, List<Integer> ends);

    /** Goes on to a token that was possible. */
    void take(int id);

    /** Whether the text is whole, and no longer one begins with it. */
    boolean complete();
}
