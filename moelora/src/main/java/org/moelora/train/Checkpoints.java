package org.moelora.train;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.TaskHeads;
import org.moelora.engine.InputException;
import org.moelora.engine.optim.AdamW;

/**
 * What a training keeps in its run's folder on the way: when a checkpoint is due, the newest one that is whole, and what is left when the folder cannot be
 * written. Used by one thread.
 */
final class Checkpoints {
    private static final System.Logger LOG = System.getLogger(Checkpoints.class.getName());

    private final RunFolder folder;
    private final CheckpointPolicy policy;
    private final Adapter adapter;
    private final LossSettings losses;
    private final TaskHeads heads;
    private long savedStep = -1;
    private long savedAt;

    Checkpoints(RunFolder folder, CheckpointPolicy policy, Adapter adapter, LossSettings losses, TaskHeads heads) {
        this.folder = folder;
        this.policy = policy;
        this.adapter = adapter;
        this.losses = losses;
        this.heads = heads;
    }

    RunFolder folder() {
        return folder;
    }

    /** The step of the newest checkpoint; -1 before there is one. */
    long savedStep() {
        return savedStep;
    }

    /** Begins to count the minutes to the next checkpoint. */
    void beginToCount() {
        savedAt = System.nanoTime();
    }

    /** Whether there should be a checkpoint of a step that was just done. */
    boolean due(long step) {
        return policy.due(step, (System.nanoTime() - savedAt) * 1e-9 / 60);
    }

    /** Writes a checkpoint and removes those that are too many. */
    void write(TrainingState state, AdamW optimizer) {
        RunCheckpoint checkpoint = RunCheckpoint.of(folder.checkpoints(), state.step());
        try {
            checkpoint.write(adapter, losses, optimizer, heads, state);
        } catch (InputException e) {
            throw e.getCause() instanceof IOException io ? InputException.unwritable(checkpoint.folder(), io) : e;
        }
        savedStep = state.step();
        beginToCount();
        prune(savedStep);
    }

    /** Removes checkpoints that are too many once there is one of a step. */
    void prune(long step) {
        folder.prune(step, policy.keep());
    }

    /**
     * The newest checkpoint that is whole, which counts as saved from here on.
     *
     * @throws InputException if there is none
     */
    RunCheckpoint newest() {
        List<String> damaged = new ArrayList<>();
        for (RunCheckpoint checkpoint : RunCheckpoint.in(folder.checkpoints(), folder.id())) {
            Optional<String> damage = checkpoint.damage();
            if (damage.isEmpty()) {
                damaged.forEach(what ->
                        LOG.log(System.Logger.Level.WARNING, () -> what + "; going on from step " + checkpoint.step()));
                savedStep = checkpoint.step();
                return checkpoint;
            }
            damaged.add(checkpoint.folder() + " is damaged: " + damage.get());
        }
        throw new InputException(folder.path() + ": has no checkpoint that is whole ("
                + (damaged.isEmpty() ? "there is none at all" : String.join("; ", damaged))
                + "); begin the run again in another folder");
    }

    /**
     * Does what writes into the run's folder.
     *
     * @param step that was done last
     * @throws TrainingException if that fails, saying what is left and what to do
     */
    void keeping(long step, Runnable writing) {
        try {
            writing.run();
        } catch (InputException e) {
            String reason = e.getCause() instanceof IOException io ? InputException.reason(io) : e.getMessage();
            throw new TrainingException(
                    "after step " + step + ": " + folder.path() + " could not be written (" + reason + ")" + space()
                            + "; its checkpoint of step " + savedStep
                            + " is whole, and the run can be resumed from it",
                    e);
        }
    }

    private String space() {
        double needed = 3.0 * Float.BYTES * adapter.parameterCount();
        try {
            return String.format(
                    Locale.ROOT,
                    "; a checkpoint takes %.1f MB, and %.1f MB are free",
                    needed / 1e6,
                    Files.getFileStore(folder.path()).getUsableSpace() / 1e6);
        } catch (IOException e) {
            return "";
        }
    }
}
