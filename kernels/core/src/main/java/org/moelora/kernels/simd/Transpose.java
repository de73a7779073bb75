package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * {@code to[p][j] = from[j][p]} in squares of {@link Lanes#COUNT}. A square is transposed in {@code log2 COUNT} stages: the stage of distance h
 * exchanges, between rows i and i + h, the element p + h of the one with the element p of the other, for every i and p that have no bit h.
 * Stages can come in any order, so the far ones work in place and the last two write the result.
 *
 * <p>Shuffles and masks are constants of the class, and every stage a method of its own, because C2 makes one instruction of a shuffle
 * only when it is a constant.
 */
final class Transpose {
    private static final VectorShuffle<Float> UP_8 = rotation(-8);
    private static final VectorShuffle<Float> DOWN_8 = rotation(8);
    private static final VectorMask<Float> ODD_8 = odd(8);
    private static final VectorShuffle<Float> UP_4 = rotation(-4);
    private static final VectorShuffle<Float> DOWN_4 = rotation(4);
    private static final VectorMask<Float> ODD_4 = odd(4);
    private static final VectorShuffle<Float> UP_2 = rotation(-2);
    private static final VectorShuffle<Float> DOWN_2 = rotation(2);
    private static final VectorMask<Float> ODD_2 = odd(2);
    private static final VectorShuffle<Float> UP_1 = rotation(-1);
    private static final VectorShuffle<Float> DOWN_1 = rotation(1);
    private static final VectorMask<Float> ODD_1 = odd(1);

    private Transpose() {}

    private static VectorShuffle<Float> rotation(int by) {
        return VectorShuffle.fromOp(FLOATS, i -> Math.floorMod(i + by, COUNT));
    }

    private static VectorMask<Float> odd(int bit) {
        long bits = 0;
        for (int i = 0; i < COUNT; i++) {
            bits |= (i & bit) == 0 ? 0 : 1L << i;
        }
        return VectorMask.fromLong(FLOATS, bits);
    }

    /**
     * {@code to[at + p step + j] = from[j stride + p]} for p below {@code depth} and j below {@code rows}, which is a multiple of
     * {@link Lanes#COUNT}. Leaves {@code from} undefined.
     */
    static void apply(int rows, int depth, float[] from, int stride, float[] to, int at, int step) {
        int whole = Lanes.floor(depth);
        for (int j = 0; j < rows; j += COUNT) {
            for (int p = 0; p < whole; p += COUNT) {
                square(from, j * stride + p, stride, to, at + p * step + j, step);
            }
        }
        for (int p = whole; p < depth; p++) {
            for (int j = 0; j < rows; j++) {
                to[at + p * step + j] = from[j * stride + p];
            }
        }
    }

    private static void square(float[] from, int at, int stride, float[] to, int out, int step) {
        if (COUNT == 16) {
            for (int i = 0; i < 4; i++) {
                stages8And4(from, at + i * stride, stride);
            }
        } else if (COUNT == 8) {
            for (int i = 0; i < 4; i++) {
                stage4(from, at + i * stride, stride);
            }
        }
        for (int i = 0; i < COUNT; i += 4) {
            stages2And1(from, at + i * stride, stride, to, out + i * step, step);
        }
    }

    private static void stages8And4(float[] x, int at, int stride) {
        FloatVector a = FloatVector.fromArray(FLOATS, x, at);
        FloatVector b = FloatVector.fromArray(FLOATS, x, at + 4 * stride);
        FloatVector c = FloatVector.fromArray(FLOATS, x, at + 8 * stride);
        FloatVector d = FloatVector.fromArray(FLOATS, x, at + 12 * stride);
        FloatVector ac = a.blend(c.rearrange(UP_8), ODD_8);
        FloatVector ca = a.rearrange(DOWN_8).blend(c, ODD_8);
        FloatVector bd = b.blend(d.rearrange(UP_8), ODD_8);
        FloatVector db = b.rearrange(DOWN_8).blend(d, ODD_8);
        ac.blend(bd.rearrange(UP_4), ODD_4).intoArray(x, at);
        ac.rearrange(DOWN_4).blend(bd, ODD_4).intoArray(x, at + 4 * stride);
        ca.blend(db.rearrange(UP_4), ODD_4).intoArray(x, at + 8 * stride);
        ca.rearrange(DOWN_4).blend(db, ODD_4).intoArray(x, at + 12 * stride);
    }

    private static void stage4(float[] x, int at, int stride) {
        FloatVector a = FloatVector.fromArray(FLOATS, x, at);
        FloatVector b = FloatVector.fromArray(FLOATS, x, at + 4 * stride);
        a.blend(b.rearrange(UP_4), ODD_4).intoArray(x, at);
        a.rearrange(DOWN_4).blend(b, ODD_4).intoArray(x, at + 4 * stride);
    }

    private static void stages2And1(float[] x, int at, int stride, float[] to, int out, int step) {
        FloatVector a = FloatVector.fromArray(FLOATS, x, at);
        FloatVector b = FloatVector.fromArray(FLOATS, x, at + stride);
        FloatVector c = FloatVector.fromArray(FLOATS, x, at + 2 * stride);
        FloatVector d = FloatVector.fromArray(FLOATS, x, at + 3 * stride);
        FloatVector ac = a.blend(c.rearrange(UP_2), ODD_2);
        FloatVector ca = a.rearrange(DOWN_2).blend(c, ODD_2);
        FloatVector bd = b.blend(d.rearrange(UP_2), ODD_2);
        FloatVector db = b.rearrange(DOWN_2).blend(d, ODD_2);
        ac.blend(bd.rearrange(UP_1), ODD_1).intoArray(to, out);
        ac.rearrange(DOWN_1).blend(bd, ODD_1).intoArray(to, out + step);
        ca.blend(db.rearrange(UP_1), ODD_1).intoArray(to, out + 2 * step);
        ca.rearrange(DOWN_1).blend(db, ODD_1).intoArray(to, out + 3 * step);
    }
}
