package org.moelora.bench.gemm;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.moelora.engine.InputException;

/** The steps in their order, and by name what goes wrong. */
enum Step {
    THREE_LOOPS("1", "three loops", "2 / 1"),
    UNIT_STRIDE("2", "unit stride", "3 / 1"),
    VECTOR_ROWS("3", "vectors", "3 / 1"),
    SUMS_IN_REGISTERS("4", "sums in registers", "9 / 8"),
    REGISTER_TILE("5", "a tile of 4 x 4 vectors", "8 / 16"),
    PACKED_PANELS("6", "packed panels", "8 / 16"),
    TALL_TILE("7", "a taller tile, 12 x 2", "14 / 24"),
    CACHE_BLOCKS("8", "blocks for the caches", "14 / 24"),
    WHOLE_EDGES("9", "whole tiles at the edges", "14 / 24"),
    PACKED_ONCE("10", "packed once", "14 / 24"),
    ALL_CORES("11", "all cores", "14 / 24"),
    ENGINE("12", "the engine, all cores", ""),
    ENGINE_ALONE("engine", "the engine, one thread", ""),
    BOXED("boxed", "step 7 with boxed sums", "14 / 24"),
    MASKED("masked", "step 7 with masks", "14 / 24");

    private final String id;
    private final String title;
    private final String accesses;

    Step(String id, String title, String accesses) {
        this.id = id;
        this.title = title;
        this.accesses = accesses;
    }

    /** What it is called on the command line: its number in the page, or a word. */
    String id() {
        return id;
    }

    String title() {
        return title;
    }

    /** Loads and stores / multiply-adds of the innermost loop; a broadcast from memory is a load. */
    String accesses() {
        return accesses;
    }

    /** Whether it is one of the steps that each improve on the one before. */
    boolean numbered() {
        return Character.isDigit(id.charAt(0));
    }

    boolean allCores() {
        return this == ALL_CORES || this == ENGINE;
    }

    /** A product by this step on {@code threads} threads; the weight B is prepared here by the steps that do so. */
    Product on(Operands o, int threads) {
        int m = o.m();
        int n = o.n();
        int k = o.k();
        float[] a = o.a();
        float[] b = o.b();
        float[] c = o.c();
        return switch (this) {
            case THREE_LOOPS -> () -> ThreeLoops.multiply(m, n, k, a, b, c);
            case UNIT_STRIDE -> () -> UnitStride.multiply(m, n, k, a, b, c);
            case VECTOR_ROWS -> () -> VectorRows.multiply(m, n, k, a, b, c);
            case SUMS_IN_REGISTERS -> () -> SumsInRegisters.multiply(m, n, k, a, b, c);
            case REGISTER_TILE -> () -> RegisterTile.multiply(m, n, k, a, b, c);
            case PACKED_PANELS -> {
                PackedPanels panels = new PackedPanels(n, k);
                yield () -> panels.multiply(m, n, k, a, b, c);
            }
            case TALL_TILE -> {
                TallTile tile = new TallTile(n, k);
                yield () -> tile.multiply(m, n, k, a, b, c);
            }
            case CACHE_BLOCKS -> {
                CacheBlocks blocks = new CacheBlocks();
                yield () -> blocks.multiply(m, n, k, a, b, c);
            }
            case WHOLE_EDGES -> {
                WholeEdges edges = new WholeEdges();
                yield () -> edges.multiply(m, n, k, a, b, c);
            }
            case PACKED_ONCE -> {
                PackedOnce weight = new PackedOnce(n, k, b);
                yield () -> weight.multiply(m, a, c);
            }
            case ALL_CORES -> {
                AllCores weight = new AllCores(n, k, b, threads);
                yield () -> weight.multiply(m, a, c);
            }
            case ENGINE -> new EngineLinear(o, threads);
            case ENGINE_ALONE -> new EngineLinear(o, 1);
            case BOXED -> {
                BoxedSums tile = new BoxedSums(n, k);
                yield () -> tile.multiply(m, n, k, a, b, c);
            }
            case MASKED -> {
                MaskedTile tile = new MaskedTile(n, k);
                yield () -> tile.multiply(m, n, k, a, b, c);
            }
        };
    }

    static Step of(String id) {
        return Arrays.stream(values())
                .filter(step -> step.id.equals(id))
                .findFirst()
                .orElseThrow(() -> new InputException("there is no step \"" + id + "\"; expected one of " + ids()));
    }

    static List<String> ids() {
        return Arrays.stream(values()).map(Step::id).collect(Collectors.toList());
    }
}
