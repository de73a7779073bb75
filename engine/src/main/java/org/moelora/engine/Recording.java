package org.moelora.engine;

import java.util.ArrayList;
import java.util.List;

/** The ops of a tape in the order of the forward pass, and the way back over them. */
final class Recording {
    /**
     * @param outs tensors that the op made, whose gradients its backward pass reads
     * @param reads tensors whose values its backward pass reads
     */
    private record Entry(String op, List<Tensor> outs, Runnable backward, List<Tensor> reads) {
        boolean hasGrad() {
            for (Tensor out : outs) {
                if (out.grad != null) {
                    return true;
                }
            }
            return false;
        }
    }

    /** Says in the stack trace of what an op threw which op it was; the exception itself comes through as it is. */
    private static final class InBackwardPass extends RuntimeException {
        private static final long serialVersionUID = 1;

        InBackwardPass(String op) {
            super("in the backward pass of " + op, null, false, false);
        }
    }

    private final List<Entry> entries = new ArrayList<>();

    void add(String op, List<Tensor> outs, Runnable backward, Tensor... reads) {
        entries.add(new Entry(op, outs, backward, List.of(reads)));
        for (Tensor read : reads) {
            read.readers++;
        }
    }

    /** Leaves all entries to another recording, after those that it has. */
    void join(Recording other) {
        other.entries.addAll(entries);
        entries.clear();
    }

    /**
     * Runs the backward passes, last op first: each when the gradients of its results are complete, and not at all if there are none. Results and what only this
     * op still read are freed behind it.
     */
    void propagate(TapeMemory memory) {
        while (!entries.isEmpty()) {
            Entry entry = entries.removeLast();
            if (entry.hasGrad()) {
                goBack(entry, memory);
            }
            entry.outs.forEach(memory::freeUnlessScalar);
            for (Tensor read : entry.reads) {
                if (--read.readers == 0 && !read.requiresGrad()) {
                    memory.freeUnlessScalar(read);
                }
            }
        }
    }

    private static void goBack(Entry entry, TapeMemory memory) {
        try {
            memory.duringOp(entry.backward);
        } catch (RuntimeException | Error e) {
            e.addSuppressed(new InBackwardPass(entry.op));
            throw e;
        }
    }

    void close() {
        entries.forEach(entry -> entry.reads.forEach(read -> read.readers--));
        entries.clear();
    }
}
