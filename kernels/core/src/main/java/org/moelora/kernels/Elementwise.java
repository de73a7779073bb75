package org.moelora.kernels;

/** Kernels over all elements of spans of equal length; F32. */
public interface Elementwise {
    /** {@code x_i = value}. */
    void fill(Memory x, float value);

    /** {@code y_i (+)= alpha x_i}; y may be x. */
    void scale(float alpha, Memory x, Sink y);

    /** {@code y_i (+)= factor_0 x_i}, with the factor in device memory; y may be x. */
    void scaleBy(Memory factor, Memory x, Sink y);

    /** {@code y_i = a_i + b_i}; y may be a or b. */
    void add(Memory a, Memory b, Memory y);

    /** {@code y_i (+)= a_i b_i}; y may be a or b. */
    void multiply(Memory a, Memory b, Sink y);

    /**
     * SwiGLU (Shazeer 2020, arXiv 2002.05202): {@code y_i = silu(gate_i) up_i}, {@code silu(a) = a sigmoid(a)}. y may be gate or up.
     */
    void swiGlu(Memory gate, Memory up, Memory y);

    /**
     * {@code dUp_i (+)= dy_i silu(gate_i)}, {@code dGate_i (+)= dy_i up_i silu'(gate_i)} with
     * {@code silu'(a) = sigmoid(a) (1 + a (1 - sigmoid(a)))}.
     */
    void swiGluGrad(Memory gate, Memory up, Memory dy, Sink dGate, Sink dUp);

    /** {@code y_i = f(x_i)}; y may be x. */
    void activate(Activation f, Memory x, Memory y);

    /** {@code dx_i (+)= dy_i f'(x_i)}; dx may be dy. */
    void activateGrad(Activation f, Memory x, Memory dy, Sink dx);

    /** {@code y_i = 1 / (1 + exp(-x_i))}; y may be x. */
    void sigmoid(Memory x, Memory y);

    /** {@code dx_i (+)= dy_i y_i (1 - y_i)} with y the sigmoid; dx may be dy. */
    void sigmoidGrad(Memory y, Memory dy, Sink dx);

    /** {@code y_i = 1 / sqrt(x_i)}; y may be x. */
    void rsqrt(Memory x, Memory y);

    /**
     * {@code y_i (+)= keep_i x_i / (1 - rate)} with {@code keep_i = uniform_i >= rate}. uniform_i is the upper 24 bits, times
     * 2^-24, of word {@code i % 4} of {@link Philox}'s block {@code i / 4} under {@code key}: a pure function of (key, i), so the
     * backward pass is the same call on dy. y may be x.
     *
     * @param rate in [0, 1)
     */
    void dropout(long key, float rate, Memory x, Sink y);
}
