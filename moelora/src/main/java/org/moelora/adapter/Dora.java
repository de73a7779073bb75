package org.moelora.adapter;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.ops.Add;
import org.moelora.engine.ops.GatedUpdate;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Magnitude;
import org.moelora.engine.ops.WeightedSum;
import org.moelora.kernels.Device;

/**
 * DoRA (Liu et al. 2024, arXiv 2402.09353): the rows of {@code V = W0 + s B A} have trained magnitudes m, so
 *
 * <pre>{@code y = c .* (W0 x + s B A x) + bias,  c_o = m_o / |v_o|}</pre>
 *
 * <p>With x' = dropout(x), as PEFT has it, {@code y = W0 x + (c - 1) .* W0 x' + c .* s B A x' + bias}, which is
 * {@code c .* (W0 x' + s B A x') + W0 (x - x') + bias}.
 *
 * @param m [out]
 * @param squares {@code |w_o|^2} of the rows of W0, [out]
 */
record Dora(Parameter m, Parameter squares) implements Composition {
    /** What a linear's m is called, after its name. */
    static final String MAGNITUDE = ".lora_magnitude_vector";

    /** What a linear's {@code |w_o|^2} are called, after its name. */
    static final String SQUARES = ".squares";

    /** That of a linear. */
    static Dora of(ParameterBlock trained, ParameterBlock constants, String module) {
        return new Dora(trained.get(module + MAGNITUDE), constants.get(module + SQUARES));
    }

    /** {@code |w_o|^2} of a linear of a base, above 0: a row of zeros has a magnitude all the same, so that nothing is divided by 0. */
    static float[] squares(Adaptable base, LinearSite site) {
        float[] squares = base.rowSquares(site);
        for (int o = 0; o < squares.length; o++) {
            squares[o] = Math.max(squares[o], Float.MIN_NORMAL);
        }
        return squares;
    }

    /** {@code m_o = |w_o|}: with B = 0 the linear computes the same bits as before. */
    void setFirstMagnitudes(Device device) {
        try (Tape tape = Tape.inference(device)) {
            m.set(Magnitude.norms(tape, squares).toArray());
        }
    }

    @Override
    public Tensor apply(Tape tape, AdapterPass pass, AdapterLayer layer, Tensor x, Weight w, @Nullable Tensor bias) {
        Parameter a = layer.a();
        Parameter b = layer.b();
        float scale = layer.scale();
        Tensor kept = layer.dropout(tape, pass, x);
        Tensor sum = GatedUpdate.apply(
                tape, Linear.apply(tape, kept, w, null), Linear.apply(tape, kept, a, null), null, b, scale);
        Tensor c = pass.kept(
                tape, layer.module() + "/row factors", () -> Magnitude.factors(tape, w, squares, a, b, m, scale));
        Tensor y = Magnitude.apply(tape, sum, c, bias);
        if (kept == x) {
            return y;
        }
        Tensor dropped = WeightedSum.apply(tape, new Tensor[] {x, kept}, new float[] {1, -1});
        return Add.apply(tape, y, Linear.apply(tape, dropped, w, null));
    }
}
