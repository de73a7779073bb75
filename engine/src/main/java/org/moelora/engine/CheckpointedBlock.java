package org.moelora.engine;

import java.util.List;
import java.util.function.Function;
import org.moelora.kernels.Device;

/**
 * A part of the forward pass of which only the results are used outside; see {@link Tape#checkpointed}.
 *
 * <p>To go back through {@code y = f(x, w)} is to compute {@code dx = (df/dx)^T dy} and {@code dw = (df/dw)^T dy} at the x and w of the forward
 * pass, and those are still there: x was made outside, and w changes only after the backward pass. As kernels have a fixed order and
 * random numbers are functions of a seed, running f again gives the same intermediates, and going back through them adds the same gradients to x
 * and w in the same order. The price is a second forward pass; the gain is that of n equal blocks the results, and the intermediates of
 * one, are held at a time, instead of the intermediates of n.
 *
 * @param name for messages
 * @param body f, made on the tape it is given
 */
record CheckpointedBlock(String name, Function<Tape, List<Tensor>> body) {
    /** Runs the body once, and keeps what its backward passes read. */
    List<Tensor> kept(Tape whole) {
        // Stays open: the backward passes of its ops ask it for memory, which is then the whole's.
        Tape part = Tape.recording(whole.device());
        try {
            List<Tensor> results = run(part, whole);
            part.memory().freeUnread();
            part.join(whole);
            return results;
        } catch (RuntimeException | Error e) {
            part.close();
            throw e;
        }
    }

    /** Runs the body, keeps its results alone, and runs it again when the backward pass comes to it. */
    List<Tensor> recomputed(Tape whole, Tensor... reads) {
        try (Tape part = Tape.recording(whole.device())) {
            List<Tensor> results = run(part, whole);
            if (whole.records(results.toArray(Tensor[]::new))) {
                whole.record(name, results, () -> goBack(whole.device(), results), reads);
            }
            return results;
        }
    }

    /** Results become the whole's. */
    private List<Tensor> run(Tape part, Tape whole) {
        List<Tensor> results = body.apply(part);
        for (Tensor result : results) {
            if (!part.memory().leave(result, whole.memory())) {
                throw new IllegalArgumentException(name + " returned a tensor that it did not make");
            }
        }
        return List.copyOf(results);
    }

    private void goBack(Device device, List<Tensor> results) {
        try (Tape part = Tape.recording(device)) {
            results.stream().filter(result -> result.shape().size() > 1).forEach(Tensor::freeValues);
            List<Tensor> again = body.apply(part);
            if (!shapes(again).equals(shapes(results))) {
                throw new IllegalStateException(name + " gave " + shapes(results) + " at first and " + shapes(again)
                        + " when it was recomputed; expected the same");
            }
            for (int i = 0; i < again.size(); i++) {
                again.get(i).grad = results.get(i).grad;
                results.get(i).grad = null;
            }
            part.propagate();
        }
    }

    private static List<Shape> shapes(List<Tensor> tensors) {
        return tensors.stream().map(Tensor::shape).toList();
    }
}
