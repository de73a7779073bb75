package org.moelora.kernels.simd;

import org.moelora.kernels.cpu.Buffers;

/** The buffers of one running task of attention; those that depend on the length of a sequence grow and stay. */
final class AttentionScratch {
    /** Query rows of the backward pass whose probabilities are held at a time. */
    static final int CHUNK = 64;

    /** Staging for {@link Packing}. */
    final Scratch packing;

    final float[] queries = new float[Tile.ROWS * Tile.STRIDE];
    final float[] dOut = new float[Tile.ROWS * Tile.STRIDE];
    final float[] scoreTile = new float[Tile.ROWS * Tile.COLS];
    final float[] row = new float[Tile.DEPTH];

    /** The forward pass's probabilities, a strip of {@link Tile#ROWS} queries per {@link Tile#DEPTH} keys; the backward pass's by chunk. */
    float[] probabilities = {};

    float[] dScores = {};
    float[] keys = {};
    float[] keysTransposed = {};
    float[] values = {};
    float[] queryPanels = {};
    float[] dOutPanels = {};
    float[] dKeys = {};
    float[] dValues = {};

    AttentionScratch(Buffers buffers) {
        packing = new Scratch(buffers);
    }

    /** The buffer, or a longer one. */
    static float[] atLeast(float[] buffer, int length) {
        return buffer.length >= length ? buffer : new float[Math.max(length, buffer.length * 5 / 4)];
    }
}
