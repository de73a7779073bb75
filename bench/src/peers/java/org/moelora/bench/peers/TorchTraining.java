package org.moelora.bench.peers;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.moelora.bench.contest.Answer;
import org.moelora.bench.contest.Performer;

/**
 * Training steps of a LoRA on q and v with libtorch through DJL, float32. Arguments: the model's folder, threads, rank, rows, length.
 * {@code steps N} answers the nanoseconds per step.
 */
public final class TorchTraining implements Performer {
    private final String version;
    private final NDManager root;
    private final TorchLlama model;
    private final Optimizer optimizer;
    private final long[] ids;
    private final Shape idsShape;

    private TorchTraining(Path folder, int threads, int rank, int rows, int length) {
        version = Torch.start(threads);
        root = NDManager.newBaseManager();
        model = TorchLlama.load(folder, root, rank, length);
        optimizer = Optimizer.adamW()
                .optLearningRateTracker(Tracker.fixed(3e-4f))
                .optWeightDecays(0)
                .build();
        ids = new SplittableRandom(1)
                .longs((long) rows * length, 3, model.vocabulary())
                .toArray();
        idsShape = new Shape(rows, length);
    }

    public static void main(String[] args) {
        Performer.serve(() -> new TorchTraining(
                Path.of(args[0]),
                Integer.parseInt(args[1]),
                Integer.parseInt(args[2]),
                Integer.parseInt(args[3]),
                Integer.parseInt(args[4])));
    }

    @Override
    public Answer perform(String[] words) {
        if (words[0].equals("about")) {
            return Answer.of("version", version);
        }
        int count = Integer.parseInt(words[1]);
        double loss = 0;
        long begin = System.nanoTime();
        for (int i = 0; i < count; i++) {
            loss = step();
        }
        return Answer.of("nanos", (System.nanoTime() - begin) / (double) count, "loss", loss);
    }

    private double step() {
        try (NDManager step = root.newSubManager()) {
            NDArray batch = step.create(ids, idsShape);
            double value;
            try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray loss = model.loss(step, batch);
                collector.backward(loss);
                value = loss.getFloat();
            }
            model.parameters().forEach((name, parameter) -> {
                NDArray gradient = parameter.getGradient();
                gradient.attach(step);
                optimizer.update(name, parameter, gradient);
            });
            return value;
        }
    }
}
