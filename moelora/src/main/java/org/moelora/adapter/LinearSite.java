package org.moelora.adapter;

/**
 * A frozen linear that an adapter can sit beside.
 *
 * @param name full name without {@code .weight}, e.g. {@code model.layers.0.self_attn.q_proj}
 * @param layer block it belongs to, from 0
 * @param in d_in
 * @param out d_out
 */
public record LinearSite(String name, int layer, int in, int out) {
    /** The last part of the name, e.g. {@code q_proj}: what targets are named by. */
    public String projection() {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
