/**
 * What any comparison needs: contenders in processes of their own behind a line protocol, rounds in an order that changes, medians and spreads,
 * and a table.
 */
@NullMarked
package org.moelora.bench.contest;

import org.jspecify.annotations.NullMarked;
