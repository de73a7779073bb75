package org.moelora.model;

import org.moelora.engine.InputException;
import org.moelora.engine.ops.SequenceCache;

/**
 * What a {@link GenerationEngine} may take.
 *
 * @param batch most texts at a time
 * @param queue most requests that wait
 * @param chunk tokens of prompts that are read between two tokens of the running texts
 * @param maxContext most tokens of a text, prompt included
 * @param maxMemory most bytes of keys and values
 * @param promptLookup most tokens of a text that are guessed at a time
 */
record EngineLimits(
        Decoder decoder,
        int batch,
        int queue,
        int chunk,
        int maxContext,
        long maxMemory,
        boolean prefixCache,
        int promptLookup) {
    /** Parts of a prompt begin at multiples of this: rows of kernels that compute whole vectors come out as in one pass over the prompt. */
    static final int UNIT = 16;

    private static final int MOST_CONTEXT = 1 << 24;

    static EngineLimits of(
            Decoder decoder,
            int batch,
            int queue,
            int chunk,
            int maxContext,
            long maxMemory,
            boolean prefixCache,
            int promptLookup) {
        range("prompt-lookup", promptLookup, 0, 16);
        range("batch", batch, 1, 256);
        range("queue", queue, 1, 1_000_000);
        range("chunk", chunk, UNIT, 65_536);
        if (chunk % UNIT != 0) {
            throw new InputException("chunk is " + chunk + "; expected a multiple of " + UNIT);
        }
        range("max-context", maxContext, 0, MOST_CONTEXT);
        int positions = decoder.config().maxPositions();
        if (decoder.config().design().learnedPositions() && maxContext > positions) {
            throw new InputException("max-context is " + maxContext + ", and the model has positions for " + positions
                    + "; expected at most as many");
        }
        int context = maxContext == 0 ? positions : maxContext;
        if (maxMemory < 0) {
            throw new InputException("max-memory is " + maxMemory + "; expected 0 or more bytes");
        }
        long memory = maxMemory;
        if (memory == 0) {
            long full = batch * atEnd(decoder, context);
            memory = Math.min(full, MemoryPlan.free().orElse(2 * full) / 2);
        }
        long least = atEnd(decoder, SequenceCache.BLOCK);
        if (memory < least) {
            throw new InputException("max-memory is " + memory + " bytes of keys and values, and a text of "
                    + SequenceCache.BLOCK + " tokens takes " + least + "; expected at least as many");
        }
        return new EngineLimits(decoder, batch, queue, chunk, context, memory, prefixCache, promptLookup);
    }

    private static void range(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new InputException(name + " is " + value + "; expected " + least + " to " + most);
        }
    }

    /** Bytes of one text of so many tokens, with what is copied from while a layer's memory grows. */
    private static long atEnd(Decoder decoder, int tokens) {
        long bytes = GenerationEngine.bytes(decoder, tokens);
        return bytes + bytes / decoder.config().layers();
    }

    /** Bytes that a request may need at its end. */
    long bytes(AskedText asked) {
        return asked.request().texts() * atEnd(decoder, asked.mostRead());
    }

    /**
     * The request with as many tokens as the limits leave it.
     *
     * @throws InputException if it does not fit
     */
    AskedText checked(AskedText asked) {
        int prompt = asked.prompt().length;
        if (prompt > maxContext) {
            throw new InputException("the prompt has " + prompt + " tokens, and the engine takes texts of " + maxContext
                    + "; expected a shorter prompt, or a larger maxContext");
        }
        if (asked.request().texts() > batch) {
            throw new InputException("the request is for " + asked.request().texts() + " texts, and the engine writes "
                    + batch + " at a time; expected at most as many, or a larger batch");
        }
        AskedText within = asked.withMost(Math.min(asked.most(), maxContext - prompt + 1));
        long bytes = bytes(within);
        if (bytes > maxMemory) {
            throw new InputException("a prompt of " + prompt + " tokens with up to " + within.most()
                    + " behind it may take " + MemoryPlan.megabytes(bytes) + " of keys and values, and the engine has "
                    + MemoryPlan.megabytes(maxMemory)
                    + "; expected a shorter prompt, fewer maxTokens, or a larger maxMemory");
        }
        return within;
    }

    /** Where the part of a prompt ends that begins at a token: not where few tokens would be left, which kernels sum in another order than more. */
    int partEnd(int from, int length) {
        int end = Math.min(length, from + chunk);
        return length - end <= PrefixCache.FEW ? length : end;
    }
}
