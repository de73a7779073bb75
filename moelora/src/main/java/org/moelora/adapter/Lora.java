package org.moelora.adapter;

/** Makes LoRA adapters. */
public final class Lora {
    private Lora() {}

    /** A new adapter with seed 0. See {@link Adapter#create}. */
    public static Adapter create(Adaptable base, LoraConfig config) {
        return Adapter.create(base, config, 0);
    }
}
