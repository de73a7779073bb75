package org.moelora.kernels.opencl;

import org.moelora.kernels.Attention.Plan;
import org.moelora.kernels.Ragged;

/**
 * Which group owns which rows of which sequence, as numbers for {@code attention.cl}. No group owns rows of two sequences. Later tiles of a sequence see more
 * keys, so they stand first and start first.
 *
 * @param table for each sequence its first query row, queries, first key row, keys; then for each tile its sequence and first row
 * @param queryTilesFrom where in it the tiles of query rows begin
 * @param queryTiles their number
 * @param keyTilesFrom where in it the tiles of keys begin
 * @param keyTiles their number
 */
record AttentionGroups(int[] table, int queryTilesFrom, int queryTiles, int keyTilesFrom, int keyTiles) {
    /** The most rows that the queries of one sequence are for one key/value head. */
    static int mostRows(Plan plan) {
        Ragged rows = plan.rows();
        int most = 0;
        for (int s = 0; s < rows.sequences(); s++) {
            most = Math.max(most, rows.queryStart()[s + 1] - rows.queryStart()[s]);
        }
        return Math.multiplyExact(most, plan.heads() / plan.kvHeads());
    }

    /**
     * @param own rows of a group
     */
    static AttentionGroups of(Plan plan, int own) {
        Ragged rows = plan.rows();
        int share = plan.heads() / plan.kvHeads();
        int sequences = rows.sequences();
        int[] queryRows = new int[sequences];
        int queryTiles = 0;
        int keyTiles = 0;
        for (int s = 0; s < sequences; s++) {
            queryRows[s] = Math.multiplyExact(rows.queryStart()[s + 1] - rows.queryStart()[s], share);
            queryTiles += Math.ceilDiv(queryRows[s], own);
            keyTiles += Math.ceilDiv(rows.keyLength()[s], own);
        }
        int[] table = new int[4 * sequences + 2 * (queryTiles + keyTiles)];
        for (int s = 0; s < sequences; s++) {
            table[4 * s] = rows.queryStart()[s];
            table[4 * s + 1] = rows.queryStart()[s + 1] - rows.queryStart()[s];
            table[4 * s + 2] = rows.keyStart()[s];
            table[4 * s + 3] = rows.keyLength()[s];
        }
        int queryTilesFrom = 4 * sequences;
        int keyTilesFrom = queryTilesFrom + 2 * queryTiles;
        putTiles(table, queryTilesFrom, queryRows, own);
        putTiles(table, keyTilesFrom, rows.keyLength(), own);
        return new AttentionGroups(table, queryTilesFrom, queryTiles, keyTilesFrom, keyTiles);
    }

    private static void putTiles(int[] table, int from, int[] lengths, int own) {
        int at = from;
        for (int s = 0; s < lengths.length; s++) {
            for (int tile = Math.ceilDiv(lengths[s], own) - 1; tile >= 0; tile--) {
                table[at++] = s;
                table[at++] = tile * own;
            }
        }
    }
}
