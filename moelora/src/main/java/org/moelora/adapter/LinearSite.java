package org.moelora.adapter;

/**
 * A frozen linear that an adapter can sit beside.
 *
 * @param name full name without {@code .weight}, e.g. {@code model.layers.0.self_attn.q_proj}
 * @param layer block it belongs to, from 0
 * @param in d_in
 * @param out d_out
 * @param reads what the tensor is called that it reads: linears of one block with the same name here read the same one, as q, k and v do
 * @param pairedHeadDim width of the heads whose rows the base has in pairs, as GGUF has the queries and keys of Llama: in a head, rows 2i and 2i + 1 are rows i and
 *     {@code i + headDim / 2} of Hugging Face's order, in which adapters are on disk; 0 where both have one order
 */
public record LinearSite(String name, int layer, int in, int out, String reads, int pairedHeadDim) {
    /** A linear whose rows have Hugging Face's order, and that reads a tensor of its own. */
    public LinearSite(String name, int layer, int in, int out) {
        this(name, layer, in, out, name, 0);
    }

    /** The base's row that is this one in Hugging Face's order. */
    int baseRow(int row) {
        if (pairedHeadDim == 0) {
            return row;
        }
        int half = pairedHeadDim / 2;
        int within = row % pairedHeadDim;
        return row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
    }

    /** The last part of the name, e.g. {@code q_proj}: what targets are named by. */
    public String projection() {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
