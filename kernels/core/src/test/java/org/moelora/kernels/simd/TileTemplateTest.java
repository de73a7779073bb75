package org.moelora.kernels.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The template of {@link UnrolledTile}: the class must be what this writes, but for white space. */
class TileTemplateTest {
    private static final Path FILE = Path.of("src/main/java/org/moelora/kernels/simd/UnrolledTile.java");

    private static final String HEAD = """
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
            """;

    /**
     * A loop for any number of rows. In its texts {@code #} is a row; a factor in front of a stride is left out for row 1, and the whole term for row 0.
     *
     * @param a where element (#, p) of A lies in its array
     * @param panel how the left and the right vector of a row of the panel are loaded, by {@code bl} and {@code br}
     * @param added how the left and right vector of row # of C are loaded, to be added if {@code add}; empty if they never are
     * @param stored how they are stored
     */
    private record Loop(
            String name, String parameters, String a, List<String> panel, List<String> added, List<String> stored) {
        String unrolled(int rows) {
            StringBuilder text = new StringBuilder("\n    static void " + name + rows + "(" + parameters + ") {\n");
            if (!added.isEmpty()) {
                line(text, 2, "long right = cAt + (long) COUNT * Float.BYTES;");
            }
            for (int row = 0; row < rows; row++) {
                line(text, 2, "FloatVector c" + row + "l = FloatVector.zero(FLOATS);");
                line(text, 2, "FloatVector c" + row + "r = FloatVector.zero(FLOATS);");
            }
            line(text, 2, "for (int p = 0; p < depth; p++) {");
            line(text, 3, "FloatVector bl = " + panel.getFirst() + ";");
            line(text, 3, "FloatVector br = " + panel.getLast() + ";");
            for (int row = 0; row < rows; row++) {
                line(text, 3, of(row, "FloatVector a# = FloatVector.broadcast(FLOATS, a[" + a + "]);"));
                line(text, 3, of(row, "c#l = a#.fma(bl, c#l);"));
                line(text, 3, of(row, "c#r = a#.fma(br, c#r);"));
            }
            line(text, 2, "}");
            if (!added.isEmpty()) {
                line(text, 2, "if (add) {");
                for (int row = 0; row < rows; row++) {
                    line(text, 3, of(row, "c#l = c#l.add(" + added.getFirst() + ");"));
                    line(text, 3, of(row, "c#r = c#r.add(" + added.getLast() + ");"));
                }
                line(text, 2, "}");
            }
            for (int row = 0; row < rows; row++) {
                line(text, 2, of(row, "c#l." + stored.getFirst() + ";"));
                line(text, 2, of(row, "c#r." + stored.getLast() + ";"));
            }
            line(text, 1, "}");
            return text.toString();
        }

        private static void line(StringBuilder text, int depth, String line) {
            text.append("    ".repeat(depth)).append(line).append('\n');
        }

        /** A text of a row: {@code x + # y} is {@code x}, {@code x + y}, {@code x + 2 * y} ... */
        private static String of(int row, String text) {
            String term = row == 0 ? "" : row == 1 ? "$1$2" : "$1" + row + " * $2";
            String sum = text.replaceAll("( \\+ )# (\\w+)", term);
            // Where the term of row 0 was all there was.
            return sum.replaceAll("# (\\w+) \\+ ", row == 0 ? "" : row == 1 ? "$1 + " : row + " * $1 + ")
                    .replaceAll("# (\\w+)", row == 0 ? "0" : row == 1 ? "$1" : row + " * $1")
                    .replaceAll(" \\+ #", row == 0 ? "" : " + " + row)
                    .replace("#", "" + row);
        }
    }

    private static final List<String> HEAP_PANEL = List.of(
            "FloatVector.fromArray(FLOATS, b, bAt + p * COLS)",
            "FloatVector.fromArray(FLOATS, b, bAt + p * COLS + COUNT)");

    private static final List<String> HEAP_RESULT = List.of("intoArray(t, # COLS)", "intoArray(t, # COLS + COUNT)");

    private static final List<Loop> LOOPS = List.of(
            new Loop(
                    "multiply",
                    "int depth, float[] a, int aAt, float[] b, int bAt, float[] t",
                    "aAt + p + # STRIDE",
                    HEAP_PANEL,
                    List.of(),
                    HEAP_RESULT),
            new Loop(
                    "multiplyTransposed",
                    "int depth, float[] a, int aAt, int aStep, float[] b, int bAt, float[] t",
                    "aAt + p * aStep + #",
                    HEAP_PANEL,
                    List.of(),
                    HEAP_RESULT),
            new Loop(
                    "into",
                    "int depth, float[] a, int aAt, MemorySegment b, long bAt, boolean add, MemorySegment c, long cAt,"
                            + " long rowBytes",
                    "aAt + p + # STRIDE",
                    List.of(
                            "FloatVector.fromMemorySegment(FLOATS, b, bAt + p * PANEL_ROW, ORDER)",
                            "FloatVector.fromMemorySegment(FLOATS, b, bAt + p * PANEL_ROW + PANEL_ROW / 2, ORDER)"),
                    List.of(
                            "FloatVector.fromMemorySegment(FLOATS, c, cAt + # rowBytes, ORDER)",
                            "FloatVector.fromMemorySegment(FLOATS, c, right + # rowBytes, ORDER)"),
                    List.of(
                            "intoMemorySegment(c, cAt + # rowBytes, ORDER)",
                            "intoMemorySegment(c, right + # rowBytes, ORDER)")));

    @Test
    void theUnrolledLoopsAreWhatTheTemplateWrites() throws IOException {
        StringBuilder text = new StringBuilder(HEAD);
        for (Loop loop : LOOPS) {
            text.append(loop.unrolled(8)).append(loop.unrolled(4));
        }
        text.append("}\n");
        assertThat(withoutSpace(Files.readString(FILE)))
                .withFailMessage(() -> FILE + " differs from its template; paste this and format it:\n" + text)
                .isEqualTo(withoutSpace(text.toString()));
    }

    /** The formatter may break lines elsewhere. */
    private static String withoutSpace(String text) {
        return text.replaceAll("\\s+", "");
    }
}
