package org.moelora.bench.peers;

import org.ejml.EjmlVersion;
import org.ejml.concurrency.EjmlConcurrency;
import org.ejml.data.FMatrixRMaj;
import org.ejml.dense.row.CommonOps_FDRM;
import org.ejml.dense.row.CommonOps_MT_FDRM;
import org.moelora.bench.contest.Performer;
import org.moelora.bench.products.Product;
import org.moelora.bench.products.ProductPerformer;

/** EJML's dense float product. Arguments: threads. */
public final class EjmlProduct implements Product {
    private final int threads;
    private FMatrixRMaj x = new FMatrixRMaj(1, 1);
    private FMatrixRMaj w = new FMatrixRMaj(1, 1);
    private FMatrixRMaj y = new FMatrixRMaj(1, 1);

    private EjmlProduct(int threads) {
        this.threads = threads;
        EjmlConcurrency.setMaxThreads(threads);
    }

    public static void main(String[] args) {
        Performer.serve(() -> new ProductPerformer(new EjmlProduct(Integer.parseInt(args[0]))));
    }

    @Override
    public String version() {
        return "EJML " + EjmlVersion.VERSION;
    }

    @Override
    public void prepare(int rows, int out, int in, float[] x, float[] w) {
        this.x = FMatrixRMaj.wrap(rows, in, x);
        this.w = FMatrixRMaj.wrap(out, in, w);
        this.y = new FMatrixRMaj(rows, out);
    }

    @Override
    public void multiply() {
        if (threads == 1) {
            CommonOps_FDRM.multTransB(x, w, y);
        } else {
            CommonOps_MT_FDRM.multTransB(x, w, y);
        }
    }

    @Override
    public float get(int row, int col) {
        return y.get(row, col);
    }
}
