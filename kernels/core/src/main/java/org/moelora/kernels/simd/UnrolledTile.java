package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;
import static org.moelora.kernels.simd.Tile.COLS;
import static org.moelora.kernels.simd.Tile.PANEL_ROW;
import static org.moelora.kernels.simd.Tile.STRIDE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The loops of {@link Tile}, of eight rows and of four: one loop with A as a strip, A as it lies, and the result in C. Written by TileTemplateTest, which
 * compares: to change them, change its template and paste what it prints. They are unrolled, and store their sums in the same method, because C2 keeps a
 * vector in a register only while it stays a local of one compiled method.
 */
final class UnrolledTile {
    private UnrolledTile() {}

    static void multiply8(int depth, float[] a, int aAt, float[] b, int bAt, float[] t) {
        FloatVector c0l = FloatVector.zero(FLOATS);
        FloatVector c0r = FloatVector.zero(FLOATS);
        FloatVector c1l = FloatVector.zero(FLOATS);
        FloatVector c1r = FloatVector.zero(FLOATS);
        FloatVector c2l = FloatVector.zero(FLOATS);
        FloatVector c2r = FloatVector.zero(FLOATS);
        FloatVector c3l = FloatVector.zero(FLOATS);
        FloatVector c3r = FloatVector.zero(FLOATS);
        FloatVector c4l = FloatVector.zero(FLOATS);
        FloatVector c4r = FloatVector.zero(FLOATS);
        FloatVector c5l = FloatVector.zero(FLOATS);
        FloatVector c5r = FloatVector.zero(FLOATS);
        FloatVector c6l = FloatVector.zero(FLOATS);
        FloatVector c6r = FloatVector.zero(FLOATS);
        FloatVector c7l = FloatVector.zero(FLOATS);
        FloatVector c7r = FloatVector.zero(FLOATS);
        for (int p = 0; p < depth; p++) {
            FloatVector bl = FloatVector.fromArray(FLOATS, b, bAt + p * COLS);
            FloatVector br = FloatVector.fromArray(FLOATS, b, bAt + p * COLS + COUNT);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[aAt + p]);
            c0l = a0.fma(bl, c0l);
            c0r = a0.fma(br, c0r);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[aAt + p + STRIDE]);
            c1l = a1.fma(bl, c1l);
            c1r = a1.fma(br, c1r);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[aAt + p + 2 * STRIDE]);
            c2l = a2.fma(bl, c2l);
            c2r = a2.fma(br, c2r);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[aAt + p + 3 * STRIDE]);
            c3l = a3.fma(bl, c3l);
            c3r = a3.fma(br, c3r);
            FloatVector a4 = FloatVector.broadcast(FLOATS, a[aAt + p + 4 * STRIDE]);
            c4l = a4.fma(bl, c4l);
            c4r = a4.fma(br, c4r);
            FloatVector a5 = FloatVector.broadcast(FLOATS, a[aAt + p + 5 * STRIDE]);
            c5l = a5.fma(bl, c5l);
            c5r = a5.fma(br, c5r);
            FloatVector a6 = FloatVector.broadcast(FLOATS, a[aAt + p + 6 * STRIDE]);
            c6l = a6.fma(bl, c6l);
            c6r = a6.fma(br, c6r);
            FloatVector a7 = FloatVector.broadcast(FLOATS, a[aAt + p + 7 * STRIDE]);
            c7l = a7.fma(bl, c7l);
            c7r = a7.fma(br, c7r);
        }
        c0l.intoArray(t, 0);
        c0r.intoArray(t, COUNT);
        c1l.intoArray(t, COLS);
        c1r.intoArray(t, COLS + COUNT);
        c2l.intoArray(t, 2 * COLS);
        c2r.intoArray(t, 2 * COLS + COUNT);
        c3l.intoArray(t, 3 * COLS);
        c3r.intoArray(t, 3 * COLS + COUNT);
        c4l.intoArray(t, 4 * COLS);
        c4r.intoArray(t, 4 * COLS + COUNT);
        c5l.intoArray(t, 5 * COLS);
        c5r.intoArray(t, 5 * COLS + COUNT);
        c6l.intoArray(t, 6 * COLS);
        c6r.intoArray(t, 6 * COLS + COUNT);
        c7l.intoArray(t, 7 * COLS);
        c7r.intoArray(t, 7 * COLS + COUNT);
    }

    static void multiply4(int depth, float[] a, int aAt, float[] b, int bAt, float[] t) {
        FloatVector c0l = FloatVector.zero(FLOATS);
        FloatVector c0r = FloatVector.zero(FLOATS);
        FloatVector c1l = FloatVector.zero(FLOATS);
        FloatVector c1r = FloatVector.zero(FLOATS);
        FloatVector c2l = FloatVector.zero(FLOATS);
        FloatVector c2r = FloatVector.zero(FLOATS);
        FloatVector c3l = FloatVector.zero(FLOATS);
        FloatVector c3r = FloatVector.zero(FLOATS);
        for (int p = 0; p < depth; p++) {
            FloatVector bl = FloatVector.fromArray(FLOATS, b, bAt + p * COLS);
            FloatVector br = FloatVector.fromArray(FLOATS, b, bAt + p * COLS + COUNT);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[aAt + p]);
            c0l = a0.fma(bl, c0l);
            c0r = a0.fma(br, c0r);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[aAt + p + STRIDE]);
            c1l = a1.fma(bl, c1l);
            c1r = a1.fma(br, c1r);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[aAt + p + 2 * STRIDE]);
            c2l = a2.fma(bl, c2l);
            c2r = a2.fma(br, c2r);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[aAt + p + 3 * STRIDE]);
            c3l = a3.fma(bl, c3l);
            c3r = a3.fma(br, c3r);
        }
        c0l.intoArray(t, 0);
        c0r.intoArray(t, COUNT);
        c1l.intoArray(t, COLS);
        c1r.intoArray(t, COLS + COUNT);
        c2l.intoArray(t, 2 * COLS);
        c2r.intoArray(t, 2 * COLS + COUNT);
        c3l.intoArray(t, 3 * COLS);
        c3r.intoArray(t, 3 * COLS + COUNT);
    }

    static void multiplyTransposed8(int depth, float[] a, int aAt, int aStep, float[] b, int bAt, float[] t) {
        FloatVector c0l = FloatVector.zero(FLOATS);
        FloatVector c0r = FloatVector.zero(FLOATS);
        FloatVector c1l = FloatVector.zero(FLOATS);
        FloatVector c1r = FloatVector.zero(FLOATS);
        FloatVector c2l = FloatVector.zero(FLOATS);
        FloatVector c2r = FloatVector.zero(FLOATS);
        FloatVector c3l = FloatVector.zero(FLOATS);
        FloatVector c3r = FloatVector.zero(FLOATS);
        FloatVector c4l = FloatVector.zero(FLOATS);
        FloatVector c4r = FloatVector.zero(FLOATS);
        FloatVector c5l = FloatVector.zero(FLOATS);
        FloatVector c5r = FloatVector.zero(FLOATS);
        FloatVector c6l = FloatVector.zero(FLOATS);
        FloatVector c6r = FloatVector.zero(FLOATS);
        FloatVector c7l = FloatVector.zero(FLOATS);
        FloatVector c7r = FloatVector.zero(FLOATS);
        for (int p = 0; p < depth; p++) {
            FloatVector bl = FloatVector.fromArray(FLOATS, b, bAt + p * COLS);
            FloatVector br = FloatVector.fromArray(FLOATS, b, bAt + p * COLS + COUNT);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep]);
            c0l = a0.fma(bl, c0l);
            c0r = a0.fma(br, c0r);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep + 1]);
            c1l = a1.fma(bl, c1l);
            c1r = a1.fma(br, c1r);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep + 2]);
            c2l = a2.fma(bl, c2l);
            c2r = a2.fma(br, c2r);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep + 3]);
            c3l = a3.fma(bl, c3l);
            c3r = a3.fma(br, c3r);
            FloatVector a4 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep + 4]);
            c4l = a4.fma(bl, c4l);
            c4r = a4.fma(br, c4r);
            FloatVector a5 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep + 5]);
            c5l = a5.fma(bl, c5l);
            c5r = a5.fma(br, c5r);
            FloatVector a6 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep + 6]);
            c6l = a6.fma(bl, c6l);
            c6r = a6.fma(br, c6r);
            FloatVector a7 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep + 7]);
            c7l = a7.fma(bl, c7l);
            c7r = a7.fma(br, c7r);
        }
        c0l.intoArray(t, 0);
        c0r.intoArray(t, COUNT);
        c1l.intoArray(t, COLS);
        c1r.intoArray(t, COLS + COUNT);
        c2l.intoArray(t, 2 * COLS);
        c2r.intoArray(t, 2 * COLS + COUNT);
        c3l.intoArray(t, 3 * COLS);
        c3r.intoArray(t, 3 * COLS + COUNT);
        c4l.intoArray(t, 4 * COLS);
        c4r.intoArray(t, 4 * COLS + COUNT);
        c5l.intoArray(t, 5 * COLS);
        c5r.intoArray(t, 5 * COLS + COUNT);
        c6l.intoArray(t, 6 * COLS);
        c6r.intoArray(t, 6 * COLS + COUNT);
        c7l.intoArray(t, 7 * COLS);
        c7r.intoArray(t, 7 * COLS + COUNT);
    }

    static void multiplyTransposed4(int depth, float[] a, int aAt, int aStep, float[] b, int bAt, float[] t) {
        FloatVector c0l = FloatVector.zero(FLOATS);
        FloatVector c0r = FloatVector.zero(FLOATS);
        FloatVector c1l = FloatVector.zero(FLOATS);
        FloatVector c1r = FloatVector.zero(FLOATS);
        FloatVector c2l = FloatVector.zero(FLOATS);
        FloatVector c2r = FloatVector.zero(FLOATS);
        FloatVector c3l = FloatVector.zero(FLOATS);
        FloatVector c3r = FloatVector.zero(FLOATS);
        for (int p = 0; p < depth; p++) {
            FloatVector bl = FloatVector.fromArray(FLOATS, b, bAt + p * COLS);
            FloatVector br = FloatVector.fromArray(FLOATS, b, bAt + p * COLS + COUNT);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep]);
            c0l = a0.fma(bl, c0l);
            c0r = a0.fma(br, c0r);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep + 1]);
            c1l = a1.fma(bl, c1l);
            c1r = a1.fma(br, c1r);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep + 2]);
            c2l = a2.fma(bl, c2l);
            c2r = a2.fma(br, c2r);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[aAt + p * aStep + 3]);
            c3l = a3.fma(bl, c3l);
            c3r = a3.fma(br, c3r);
        }
        c0l.intoArray(t, 0);
        c0r.intoArray(t, COUNT);
        c1l.intoArray(t, COLS);
        c1r.intoArray(t, COLS + COUNT);
        c2l.intoArray(t, 2 * COLS);
        c2r.intoArray(t, 2 * COLS + COUNT);
        c3l.intoArray(t, 3 * COLS);
        c3r.intoArray(t, 3 * COLS + COUNT);
    }

    static void into8(
            int depth,
            float[] a,
            int aAt,
            MemorySegment b,
            long bAt,
            boolean add,
            MemorySegment c,
            long cAt,
            long rowBytes) {
        long right = cAt + (long) COUNT * Float.BYTES;
        FloatVector c0l = FloatVector.zero(FLOATS);
        FloatVector c0r = FloatVector.zero(FLOATS);
        FloatVector c1l = FloatVector.zero(FLOATS);
        FloatVector c1r = FloatVector.zero(FLOATS);
        FloatVector c2l = FloatVector.zero(FLOATS);
        FloatVector c2r = FloatVector.zero(FLOATS);
        FloatVector c3l = FloatVector.zero(FLOATS);
        FloatVector c3r = FloatVector.zero(FLOATS);
        FloatVector c4l = FloatVector.zero(FLOATS);
        FloatVector c4r = FloatVector.zero(FLOATS);
        FloatVector c5l = FloatVector.zero(FLOATS);
        FloatVector c5r = FloatVector.zero(FLOATS);
        FloatVector c6l = FloatVector.zero(FLOATS);
        FloatVector c6r = FloatVector.zero(FLOATS);
        FloatVector c7l = FloatVector.zero(FLOATS);
        FloatVector c7r = FloatVector.zero(FLOATS);
        for (int p = 0; p < depth; p++) {
            FloatVector bl = FloatVector.fromMemorySegment(FLOATS, b, bAt + p * PANEL_ROW, ORDER);
            FloatVector br = FloatVector.fromMemorySegment(FLOATS, b, bAt + p * PANEL_ROW + PANEL_ROW / 2, ORDER);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[aAt + p]);
            c0l = a0.fma(bl, c0l);
            c0r = a0.fma(br, c0r);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[aAt + p + STRIDE]);
            c1l = a1.fma(bl, c1l);
            c1r = a1.fma(br, c1r);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[aAt + p + 2 * STRIDE]);
            c2l = a2.fma(bl, c2l);
            c2r = a2.fma(br, c2r);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[aAt + p + 3 * STRIDE]);
            c3l = a3.fma(bl, c3l);
            c3r = a3.fma(br, c3r);
            FloatVector a4 = FloatVector.broadcast(FLOATS, a[aAt + p + 4 * STRIDE]);
            c4l = a4.fma(bl, c4l);
            c4r = a4.fma(br, c4r);
            FloatVector a5 = FloatVector.broadcast(FLOATS, a[aAt + p + 5 * STRIDE]);
            c5l = a5.fma(bl, c5l);
            c5r = a5.fma(br, c5r);
            FloatVector a6 = FloatVector.broadcast(FLOATS, a[aAt + p + 6 * STRIDE]);
            c6l = a6.fma(bl, c6l);
            c6r = a6.fma(br, c6r);
            FloatVector a7 = FloatVector.broadcast(FLOATS, a[aAt + p + 7 * STRIDE]);
            c7l = a7.fma(bl, c7l);
            c7r = a7.fma(br, c7r);
        }
        if (add) {
            c0l = c0l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt, ORDER));
            c0r = c0r.add(FloatVector.fromMemorySegment(FLOATS, c, right, ORDER));
            c1l = c1l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt + rowBytes, ORDER));
            c1r = c1r.add(FloatVector.fromMemorySegment(FLOATS, c, right + rowBytes, ORDER));
            c2l = c2l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt + 2 * rowBytes, ORDER));
            c2r = c2r.add(FloatVector.fromMemorySegment(FLOATS, c, right + 2 * rowBytes, ORDER));
            c3l = c3l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt + 3 * rowBytes, ORDER));
            c3r = c3r.add(FloatVector.fromMemorySegment(FLOATS, c, right + 3 * rowBytes, ORDER));
            c4l = c4l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt + 4 * rowBytes, ORDER));
            c4r = c4r.add(FloatVector.fromMemorySegment(FLOATS, c, right + 4 * rowBytes, ORDER));
            c5l = c5l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt + 5 * rowBytes, ORDER));
            c5r = c5r.add(FloatVector.fromMemorySegment(FLOATS, c, right + 5 * rowBytes, ORDER));
            c6l = c6l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt + 6 * rowBytes, ORDER));
            c6r = c6r.add(FloatVector.fromMemorySegment(FLOATS, c, right + 6 * rowBytes, ORDER));
            c7l = c7l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt + 7 * rowBytes, ORDER));
            c7r = c7r.add(FloatVector.fromMemorySegment(FLOATS, c, right + 7 * rowBytes, ORDER));
        }
        c0l.intoMemorySegment(c, cAt, ORDER);
        c0r.intoMemorySegment(c, right, ORDER);
        c1l.intoMemorySegment(c, cAt + rowBytes, ORDER);
        c1r.intoMemorySegment(c, right + rowBytes, ORDER);
        c2l.intoMemorySegment(c, cAt + 2 * rowBytes, ORDER);
        c2r.intoMemorySegment(c, right + 2 * rowBytes, ORDER);
        c3l.intoMemorySegment(c, cAt + 3 * rowBytes, ORDER);
        c3r.intoMemorySegment(c, right + 3 * rowBytes, ORDER);
        c4l.intoMemorySegment(c, cAt + 4 * rowBytes, ORDER);
        c4r.intoMemorySegment(c, right + 4 * rowBytes, ORDER);
        c5l.intoMemorySegment(c, cAt + 5 * rowBytes, ORDER);
        c5r.intoMemorySegment(c, right + 5 * rowBytes, ORDER);
        c6l.intoMemorySegment(c, cAt + 6 * rowBytes, ORDER);
        c6r.intoMemorySegment(c, right + 6 * rowBytes, ORDER);
        c7l.intoMemorySegment(c, cAt + 7 * rowBytes, ORDER);
        c7r.intoMemorySegment(c, right + 7 * rowBytes, ORDER);
    }

    static void into4(
            int depth,
            float[] a,
            int aAt,
            MemorySegment b,
            long bAt,
            boolean add,
            MemorySegment c,
            long cAt,
            long rowBytes) {
        long right = cAt + (long) COUNT * Float.BYTES;
        FloatVector c0l = FloatVector.zero(FLOATS);
        FloatVector c0r = FloatVector.zero(FLOATS);
        FloatVector c1l = FloatVector.zero(FLOATS);
        FloatVector c1r = FloatVector.zero(FLOATS);
        FloatVector c2l = FloatVector.zero(FLOATS);
        FloatVector c2r = FloatVector.zero(FLOATS);
        FloatVector c3l = FloatVector.zero(FLOATS);
        FloatVector c3r = FloatVector.zero(FLOATS);
        for (int p = 0; p < depth; p++) {
            FloatVector bl = FloatVector.fromMemorySegment(FLOATS, b, bAt + p * PANEL_ROW, ORDER);
            FloatVector br = FloatVector.fromMemorySegment(FLOATS, b, bAt + p * PANEL_ROW + PANEL_ROW / 2, ORDER);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[aAt + p]);
            c0l = a0.fma(bl, c0l);
            c0r = a0.fma(br, c0r);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[aAt + p + STRIDE]);
            c1l = a1.fma(bl, c1l);
            c1r = a1.fma(br, c1r);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[aAt + p + 2 * STRIDE]);
            c2l = a2.fma(bl, c2l);
            c2r = a2.fma(br, c2r);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[aAt + p + 3 * STRIDE]);
            c3l = a3.fma(bl, c3l);
            c3r = a3.fma(br, c3r);
        }
        if (add) {
            c0l = c0l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt, ORDER));
            c0r = c0r.add(FloatVector.fromMemorySegment(FLOATS, c, right, ORDER));
            c1l = c1l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt + rowBytes, ORDER));
            c1r = c1r.add(FloatVector.fromMemorySegment(FLOATS, c, right + rowBytes, ORDER));
            c2l = c2l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt + 2 * rowBytes, ORDER));
            c2r = c2r.add(FloatVector.fromMemorySegment(FLOATS, c, right + 2 * rowBytes, ORDER));
            c3l = c3l.add(FloatVector.fromMemorySegment(FLOATS, c, cAt + 3 * rowBytes, ORDER));
            c3r = c3r.add(FloatVector.fromMemorySegment(FLOATS, c, right + 3 * rowBytes, ORDER));
        }
        c0l.intoMemorySegment(c, cAt, ORDER);
        c0r.intoMemorySegment(c, right, ORDER);
        c1l.intoMemorySegment(c, cAt + rowBytes, ORDER);
        c1r.intoMemorySegment(c, right + rowBytes, ORDER);
        c2l.intoMemorySegment(c, cAt + 2 * rowBytes, ORDER);
        c2r.intoMemorySegment(c, right + 2 * rowBytes, ORDER);
        c3l.intoMemorySegment(c, cAt + 3 * rowBytes, ORDER);
        c3r.intoMemorySegment(c, right + 3 * rowBytes, ORDER);
    }
}
