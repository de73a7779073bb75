package org.moelora.kernels;

/**
 * What a device can do, by family. Each primitive's formula, shapes and aliasing rules stand in its family's Javadoc.
 *
 * <p>Rules for all of them: matrices are row-major and contiguous unless a leading dimension is given; sizes may be zero;
 * arguments are checked once per call ({@link IllegalArgumentException} for a wrong format, {@link
 * IndexOutOfBoundsException} for a span that is too short, {@link IllegalStateException} for a closed lease); outputs do not
 * overlap inputs unless it says that they may be the same span. A result that may be added to what stands there, or that may not be asked for,
 * goes to a {@link Sink}, and {@code (+)=} stands for both; with an absent one alone a kernel does nothing. Results that are always asked for and never
 * added up are plain {@link Memory}; parts of a memory, which only {@link Matrix} describes, come with a factor or a flag instead of a sink. Nothing is
 * returned to the host: results stay in device memory until {@link Device#read}. Every reduction
 * has a fixed order, so results do not depend on the number of threads. All methods may be called by several threads at once
 * on different outputs.
 */
public record Kernels(
        MatMul matMul,
        Rows rows,
        Attention attention,
        Elementwise elementwise,
        Tokens tokens,
        Mixture mixture,
        Optimizer optimizer) {}
