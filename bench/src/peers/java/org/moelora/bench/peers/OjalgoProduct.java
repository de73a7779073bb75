package org.moelora.bench.peers;

import org.moelora.bench.contest.Performer;
import org.moelora.bench.products.Product;
import org.moelora.bench.products.ProductPerformer;
import org.ojalgo.OjAlgoUtils;
import org.ojalgo.matrix.store.R032Store;

/** ojAlgo's dense float product of two stores; W is transposed beforehand. Arguments: threads. */
public final class OjalgoProduct implements Product {
    private R032Store x = R032Store.FACTORY.make(1, 1);
    private R032Store w = R032Store.FACTORY.make(1, 1);
    private R032Store y = R032Store.FACTORY.make(1, 1);

    private OjalgoProduct(int threads) {
        OjAlgoUtils.limitThreadsTo(threads);
    }

    public static void main(String[] args) {
        Performer.serve(() -> new ProductPerformer(new OjalgoProduct(Integer.parseInt(args[0]))));
    }

    @Override
    public String version() {
        return "ojAlgo " + OjAlgoUtils.getVersion();
    }

    /** ojAlgo stores by columns. */
    @Override
    public void prepare(int rows, int out, int in, float[] x, float[] w) {
        this.x = R032Store.FACTORY.make(rows, in);
        this.w = R032Store.FACTORY.make(in, out);
        this.y = R032Store.FACTORY.make(rows, out);
        for (int i = 0; i < rows; i++) {
            for (int p = 0; p < in; p++) {
                this.x.set(i, p, x[i * in + p]);
            }
        }
        for (int j = 0; j < out; j++) {
            for (int p = 0; p < in; p++) {
                this.w.set(p, j, w[j * in + p]);
            }
        }
    }

    @Override
    public void multiply() {
        y.fillByMultiplying(x, w);
    }

    @Override
    public float get(int row, int col) {
        return y.floatValue(row, col);
    }
}
