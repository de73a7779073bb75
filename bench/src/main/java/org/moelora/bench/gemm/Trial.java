package org.moelora.bench.gemm;

import java.io.IOException;
import java.util.Optional;
import org.moelora.bench.lab.Repeated;

/**
 * A JVM that measures one step on one size: it warms up, says how many rows it multiplies, and then for each line that it reads answers
 * with a rate and the bytes allocated by a product.
 */
final class Trial {
    private static final long SECOND = 1_000_000_000L;
    private static final int PEAK_STEPS = 5_000_000;

    private Trial() {}

    public static void main(String[] args) throws IOException {
        int m = Integer.parseInt(args[1]);
        int n = Integer.parseInt(args[2]);
        int k = Integer.parseInt(args[3]);
        int threads = Integer.parseInt(args[4]);
        if (args[0].equals(GemmSteps.PEAK)) {
            Repeated.answer(new Repeated(() -> peak(threads), threads * Peak.flops(PEAK_STEPS)), 32 * Vectors.L);
            return;
        }
        Optional<TrainingProduct> ofTraining = TrainingProduct.find(args[0]);
        if (ofTraining.isPresent()) {
            TrainingProduct of = ofTraining.get();
            try (Product product = new EngineProduct(of.form(), of.size(), threads)) {
                Repeated.answer(
                        new Repeated(product::run, of.flops()), of.size().m());
            }
            return;
        }
        Step step = Step.of(args[0]);
        int rows = Math.min(m, affordable(step, m, n, k, threads));
        Operands operands = Operands.random(rows, n, k);
        try (Product product = step.on(operands, threads)) {
            Repeated.answer(new Repeated(product::run, operands.flops()), rows);
        }
    }

    /** Rows that are multiplied in about a second, a multiple of 48 so that tiles are whole, by a first guess on few rows. */
    private static int affordable(Step step, int m, int n, int k, int threads) {
        if (m <= 48) {
            return m;
        }
        Operands few = Operands.random(48, n, k);
        try (Product product = step.on(few, threads)) {
            product.run();
            product.run();
            long start = System.nanoTime();
            product.run();
            double perRow = (System.nanoTime() - start) / 48.0;
            return perRow * m < 2 * SECOND ? m : Math.max(48, (int) (SECOND / perRow) / 48 * 48);
        }
    }

    private static void peak(int threads) {
        Thread[] others = new Thread[threads - 1];
        for (int t = 0; t < others.length; t++) {
            others[t] = Thread.ofPlatform().start(Trial::peak);
        }
        peak();
        for (Thread other : others) {
            try {
                other.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static void peak() {
        float sum = Peak.run(PEAK_STEPS);
        if (Math.abs(sum - 24 * Vectors.L) > 1) {
            throw new IllegalStateException("the peak's chains ended at " + sum);
        }
    }
}
