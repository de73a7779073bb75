package org.moelora.adapter;

import org.moelora.engine.InputException;

/**
 * An adapter that learned a new job beside one that keeps its old ones. Each prompt is answered by the one whose prompts it is nearer to, all of it by one of
 * them: what the older one answers it computes bit for bit as it did alone, as its values, its routing and the order of its sums are what they were.
 */
final class Grow {
    private Grow() {}

    static Adapter on(Adapter older, Adapter newer) {
        if (!older.device().equals(newer.device())) {
            throw new IllegalArgumentException("the two adapters are on different devices");
        }
        if (newer.older() != null) {
            throw new InputException(
                    "the new adapter grew on another one already; grow with an adapter that was trained alone");
        }
        older.base().difference(newer.base()).ifPresent(difference -> {
            throw new InputException("the new adapter was made for another base: expected " + difference);
        });
        newer.growsOn(older);
        try {
            check(newer);
        } catch (InputException e) {
            newer.growsOn(null);
            throw e;
        }
        return newer;
    }

    /**
     * Refuses a chain of adapters that could not choose among themselves.
     *
     * @throws InputException if one does not know its prompts, knows those of a model of another width, or is DoRA
     */
    static void check(Adapter newest) {
        int hidden = -1;
        for (Adapter each = newest; each != null; each = each.older()) {
            KnownPrompts prompts = each.prompts();
            if (prompts == null && each != newest) {
                throw new InputException(
                        "the older adapter does not know what its prompts look like, as only a router of"
                                + " prompts remembers that; expected some of its rows, or an adapter with the router prompt");
            }
            if (each.config().dora()) {
                throw new InputException("one of the adapters is DoRA, which cannot answer a part of a batch; expected"
                        + " LoRA or a mixture");
            }
            int width = prompts == null ? hidden : prompts.centres()[0].length;
            if (hidden >= 0 && width != hidden) {
                throw new InputException(
                        "the adapters know prompts of " + width + " and of " + hidden + " numbers; expected one width");
            }
            hidden = width;
        }
    }
}
