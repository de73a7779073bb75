package org.moelora.kernels;

/**
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011):
 * a pure function from (key, counter) to 128 random bits, so any element of any stream can be had at once, in any order.
 */
public final class Philox {
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final long LOW = 0xFFFFFFFFL;

    private Philox() {}

    /**
     * Block {@code counter} of the stream {@code key}.
     *
     * @param counter the lower half of the 128-bit counter; the upper half is 0
     * @param out [4], four uniform 32-bit words
     */
    public static void block(long key, long counter, int[] out) {
        block((int) key, (int) (key >>> 32), (int) counter, (int) (counter >>> 32), 0, 0, out);
    }

    /** The general form: key words 0 and 1, counter words 0 to 3, least significant first. */
    public static void block(int key0, int key1, int c0, int c1, int c2, int c3, int[] out) {
        int k0 = key0;
        int k1 = key1;
        int x0 = c0;
        int x1 = c1;
        int x2 = c2;
        int x3 = c3;
        for (int round = 0; round < 10; round++) {
            long product0 = MULTIPLIER_0 * (x0 & LOW);
            long product1 = MULTIPLIER_1 * (x2 & LOW);
            x0 = (int) (product1 >>> 32) ^ x1 ^ k0;
            x1 = (int) product1;
            x2 = (int) (product0 >>> 32) ^ x3 ^ k1;
            x3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        out[0] = x0;
        out[1] = x1;
        out[2] = x2;
        out[3] = x3;
    }
}
