package org.moelora.kernels.opencl;

import java.util.List;

/** The tile sizes of products on one device: constants of {@code matmul.cl}. */
final class Tiles {
    /** Numbers that a row of a tile in local memory is longer than the tile. */
    private static final int PADDING = 4;

    /**
     * Sizes of a tile.
     *
     * @param rows of C that a group makes
     * @param columns of C that a group makes
     * @param depth of A and B that lies in local memory at a time
     * @param itemRows rows of C that an item has in registers
     * @param itemColumns columns of C that an item has in registers
     */
    record Tile(int rows, int columns, int depth, int itemRows, int itemColumns) {
        Tile {
            if (rows < 1 || columns < 1 || depth < 1 || itemRows < 1 || itemColumns < 1) {
                throw new IllegalArgumentException("a tile has sizes of at least 1");
            }
            int items = rows / itemRows * (columns / itemColumns);
            if (rows % itemRows != 0
                    || columns % itemColumns != 0
                    || rows * depth % items != 0
                    || columns * depth % items != 0) {
                throw new IllegalArgumentException(rows + "x" + columns + "x" + depth + " is not divided into equal"
                        + " parts by items of " + itemRows + "x" + itemColumns);
            }
        }

        int items() {
            return rows / itemRows * (columns / itemColumns);
        }

        /** Bytes of local memory, two tiles of each factor. */
        long localBytes() {
            return 2L * depth * (rows + PADDING + columns + PADDING) * Float.BYTES;
        }

        boolean fits(Platforms.Listed device) {
            return localBytes() <= device.localMemory() && items() <= device.group();
        }

        long down(int m) {
            return ((long) m + rows - 1) / rows;
        }

        long across(int n) {
            return ((long) n + columns - 1) / columns;
        }

        String constants() {
            return "-DTM=" + rows + " -DTN=" + columns + " -DTK=" + depth + " -DRM=" + itemRows + " -DRN="
                    + itemColumns;
        }

        /**
         * With how many numbers one load brings of A and of B: four where the matrix allows it, and each item has whole loads.
         */
        String constants(boolean foursOfA, boolean foursOfB) {
            return constants()
                    + (foursOfA && wholeFours(rows) ? " -DWIDE_A=4" : "")
                    + (foursOfB && wholeFours(columns) ? " -DWIDE_B=4" : "");
        }

        private boolean wholeFours(int side) {
            return side % 4 == 0 && depth % 4 == 0 && side * depth % (4 * items()) == 0;
        }

        /** As a cache file has it, e.g. {@code 128x128x16 8x8}. */
        String text() {
            return rows + "x" + columns + "x" + depth + " " + itemRows + "x" + itemColumns;
        }

        static Tile parse(String text) {
            String[] sizes = text.strip().split("[x ]");
            if (sizes.length != 5) {
                throw new IllegalArgumentException(text + " are not five sizes");
            }
            return new Tile(
                    Integer.parseInt(sizes[0]),
                    Integer.parseInt(sizes[1]),
                    Integer.parseInt(sizes[2]),
                    Integer.parseInt(sizes[3]),
                    Integer.parseInt(sizes[4]));
        }
    }

    /** What the tuner tries: small and square, wide, and large ones with 8x8 numbers in the registers of an item. */
    static final List<Tile> CANDIDATES = List.of(
            new Tile(32, 32, 32, 8, 8),
            new Tile(32, 32, 16, 4, 4),
            new Tile(64, 64, 16, 4, 4),
            new Tile(64, 64, 16, 8, 8),
            new Tile(64, 64, 32, 8, 8),
            new Tile(128, 64, 16, 8, 8),
            new Tile(64, 128, 16, 8, 8),
            new Tile(128, 128, 8, 8, 8),
            new Tile(128, 128, 16, 8, 8));

    /** Before a device is tuned: of a card. */
    private static final Tile CARD = new Tile(64, 64, 16, 4, 4);

    /** Before a device is tuned: of a processor, whose groups are loops, best of few items with much to do. */
    private static final Tile PROCESSOR = new Tile(32, 32, 32, 8, 8);

    /** Before a device is tuned. */
    static Tile usual(boolean gpu) {
        return gpu ? CARD : PROCESSOR;
    }

    /** For many products of a few rows and columns. */
    private static final Tile SMALL = new Tile(16, 16, 16, 2, 2);

    /** As many columns, or rows, as the experts of a low-rank adapter have ranks together: what is wider is mostly empty. */
    private static final int NARROW = 32;

    private static final Tile TALL = new Tile(128, NARROW, 16, 4, 4);
    private static final Tile FLAT = new Tile(NARROW, 128, 16, 4, 4);

    private final Tile tile;
    private final Tile tall;
    private final Tile flat;

    /** One tile for all products but small ones. */
    Tiles(Tile tile) {
        this(tile, tile, tile);
    }

    private Tiles(Tile tile, Tile tall, Tile flat) {
        this.tile = tile;
        this.tall = tall;
        this.flat = flat;
    }

    /** That, and others for products of low rank. */
    static Tiles withNarrow(Tile tile) {
        return tile.columns <= NARROW ? new Tiles(tile) : new Tiles(tile, TALL, FLAT);
    }

    /** For a device whose large products go by {@code tile}. */
    static Tiles of(Tile tile, Platforms.Listed device) {
        return TALL.fits(device) && FLAT.fits(device) ? withNarrow(tile) : new Tiles(tile);
    }

    /** For a product with so many rows and columns. */
    Tile of(int m, int n) {
        return n <= NARROW && m > NARROW ? tall : m <= NARROW && n > NARROW ? flat : tile;
    }

    Tile smallTile() {
        return SMALL;
    }
}
