/**
 * One matrix product in numbered steps, from three loops to the engine's kernel: each class is the whole product and adds one idea to
 * the step before. {@code docs/gemm.md} explains them; {@link org.moelora.bench.gemm.GemmSteps} measures them.
 */
@NullMarked
package org.moelora.bench.gemm;

import org.jspecify.annotations.NullMarked;
