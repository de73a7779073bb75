package org.moelora.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import org.moelora.bench.contest.Performer;
import org.moelora.bench.products.Product;
import org.moelora.bench.products.ProductPerformer;

/** libtorch's linear through DJL. Arguments: threads. */
public final class TorchProduct implements Product {
    private final String version;
    private final NDManager root = NDManager.newBaseManager();
    private NDManager operands = root.newSubManager();
    private NDArray x = operands.zeros(new Shape(1, 1));
    private NDArray w = x;
    private NDArray y = x;

    private TorchProduct(int threads) {
        version = Torch.start(threads);
    }

    public static void main(String[] args) {
        Performer.serve(() -> new ProductPerformer(new TorchProduct(Integer.parseInt(args[0]))));
    }

    @Override
    public String version() {
        return version;
    }

    @Override
    public void prepare(int rows, int out, int in, float[] x, float[] w) {
        operands.close();
        operands = root.newSubManager();
        this.x = operands.create(x, new Shape(rows, in));
        this.w = operands.create(w, new Shape(out, in));
        this.y = operands.zeros(new Shape(1));
    }

    @Override
    public void multiply() {
        y.close();
        y = Linear.linear(x, w).singletonOrThrow();
    }

    @Override
    public float get(int row, int col) {
        return y.getFloat(row, col);
    }
}
