package org.moelora.bench.llama;

import com.sun.management.ThreadMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.bench.contest.Answer;
import org.moelora.bench.contest.Performer;
import org.moelora.engine.optim.Schedule;
import org.moelora.model.Decoder;
import org.moelora.model.DeviceChoice;
import org.moelora.train.FineTuner;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingListener;
import org.moelora.train.WarmUp;

/**
 * This engine's fine-tuning as a user runs it, held between two steps until one is asked for. Arguments: the model's folder, threads, and a
 * {@link TrainingSetup}. {@code steps N} answers the nanoseconds per step, the heap that all threads allocated per step, and collections.
 */
public final class OurTraining implements Performer {
    private final String device;
    private final Semaphore go = new Semaphore(0);
    private final Semaphore done = new Semaphore(0);
    private volatile @Nullable Throwable failure;
    private volatile double loss;

    /** Loads the model there and trains up to the first step. */
    public OurTraining(Path model, DeviceChoice choice, TrainingSetup setup) {
        Decoder base = Decoder.load(model, choice);
        device = base.device().description();
        AdapterConfig config = setup.experts() == 1
                ? LoraConfig.builder().rank(setup.rank()).alpha(8).build()
                : MoeLoraConfig.builder()
                        .experts(setup.experts())
                        .topK(setup.topK())
                        .rank(setup.rank())
                        .build();
        Adapter adapter = Adapter.create(base, config, 0);
        LossSettings losses = setup.experts() == 1
                ? LossSettings.NONE
                : new LossSettings(0.01, setup.contrast() ? 0.01 : 0, 0.1, TrainingSetup.PAIRS);
        FineTuner tuner = FineTuner.of(base.with(adapter))
                .onRows(setup.data(base.config().vocabularySize()))
                .config(TrainingConfig.builder()
                        .losses(losses)
                        .contrastWarmUp(WarmUp.NONE)
                        .warmUp(WarmUp.NONE)
                        .schedule(Schedule.Decay.CONSTANT)
                        .learningRate(3e-4)
                        .steps(Long.MAX_VALUE >> 8)
                        .batchSize(setup.rows())
                        .shuffle(false)
                        .recompute(setup.recompute())
                        .build());
        Thread.ofPlatform().daemon().name("training").start(() -> train(tuner));
    }

    public static void main(String[] args) {
        Performer.serve(() -> new OurTraining(
                Path.of(args[0]), new DeviceChoice("cpu", Integer.parseInt(args[1])), TrainingSetup.parse(args, 2)));
    }

    private void train(FineTuner tuner) {
        try {
            go.acquire();
            tuner.run(new TrainingListener() {
                @Override
                public void step(Step step) {
                    loss = step.loss();
                    done.release();
                    go.acquireUninterruptibly();
                }
            });
        } catch (Throwable e) {
            failure = e;
            done.release();
        }
    }

    @Override
    public Answer perform(String[] words) {
        return switch (words[0]) {
            case "about" -> Answer.of("version", device);
            case "steps" -> steps(Integer.parseInt(words[1]));
            default -> throw new IllegalArgumentException("there is no request " + words[0]);
        };
    }

    private Answer steps(int count) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long heap = threads.getTotalThreadAllocatedBytes();
        long collections = collections();
        long begin = System.nanoTime();
        for (int i = 0; i < count; i++) {
            go.release();
            done.acquireUninterruptibly();
            Throwable e = failure;
            if (e != null) {
                throw new IllegalStateException("training failed: " + e, e);
            }
        }
        long nanos = System.nanoTime() - begin;
        return Answer.of(
                "nanos",
                nanos / (double) count,
                "heap",
                (threads.getTotalThreadAllocatedBytes() - heap) / (double) count,
                "collections",
                collections() - collections,
                "loss",
                loss);
    }

    private static long collections() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                .sum();
    }
}
