package org.moelora.adapter;

/** Makes MoELoRA adapters. */
public final class MoeLora {
    private MoeLora() {}

    /** A new adapter with seed 0. See {@link Adapter#create}. */
    public static Adapter create(Adaptable base, MoeLoraConfig config) {
        return Adapter.create(base, config, 0);
    }
}
