package org.moelora.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.moelora.engine.InputException;
import org.moelora.engine.random.RandomStream;

/**
 * Examples to train or to score on.
 *
 * @param rows the examples, in the order of their files
 * @param sources the files they were read from; empty for examples that a program made
 */
public record Examples(List<Example> rows, List<Source> sources) {
    /**
     * A file that examples were read from.
     *
     * @param rows how many it holds
     */
    public record Source(Path file, int rows) {}

    public Examples {
        rows = List.copyOf(rows);
        sources = List.copyOf(sources);
    }

    /** Examples that a program made. */
    public Examples(List<Example> rows) {
        this(rows, List.of());
    }

    /** {@link #read(List)} of these files. */
    public static Examples read(Path... files) {
        return read(List.of(files));
    }

    /**
     * Reads files of rows: JSON Lines, or one JSON array of objects. A row's fields say which shape it has: {@code input_ids} and
     * {@code labels}; {@code messages} of {@code role} and {@code content}, or {@code conversations} of {@code from} and {@code value}; {@code instruction}, maybe {@code input}, and {@code
     * output}; {@code prompt} and {@code completion}; {@code text}. The first of these that a row has fields of counts. Any row
     * may have a {@code task}, and a {@code weight} of 0 or 1, which says whether it is learned, as a message may. A field that is null is as good as
     * missing. Fields without which a text would be another one are given to the chat template or refused; the others are named once for each
     * file, in the log.
     *
     * @param files at least one
     * @throws InputException if a file cannot be read or holds no rows, or a row is not in one of the shapes
     */
    public static Examples read(List<Path> files) {
        if (files.isEmpty()) {
            throw new IllegalArgumentException("no file to read");
        }
        List<Example> rows = new ArrayList<>();
        List<Source> sources = new ArrayList<>();
        for (Path file : files) {
            int before = rows.size();
            ExampleReader.read(file, rows);
            sources.add(new Source(file, rows.size() - before));
        }
        return new Examples(rows, sources);
    }

    /** How many there are. */
    public int size() {
        return rows.size();
    }

    /**
     * Sets a share of the rows aside, chosen by the seed; both parts keep the rows' order.
     *
     * @param fraction how much is held out, between 0 and 1; at least one row is, and at least one is left
     * @throws IllegalArgumentException if the fraction is not between 0 and 1
     * @throws InputException if there are fewer than two rows
     */
    public Split split(double fraction, long seed) {
        if (!(fraction > 0 && fraction < 1)) {
            throw new IllegalArgumentException("a fraction of " + fraction + " is not between 0 and 1");
        }
        if (size() < 2) {
            throw new InputException("there are too few rows to hold some out: " + size() + "; expected at least 2");
        }
        int count = Math.clamp(Math.round(fraction * size()), 1, size() - 1);
        int[] order = new int[size()];
        Arrays.setAll(order, i -> i);
        RandomStream.of(seed, 0, "split").shuffle(order);
        var chosen = new BitSet();
        for (int i = 0; i < count; i++) {
            chosen.set(order[i]);
        }
        List<Example> train = new ArrayList<>();
        List<Example> heldOut = new ArrayList<>();
        for (int i = 0; i < size(); i++) {
            (chosen.get(i) ? heldOut : train).add(rows.get(i));
        }
        return new Split(new Examples(train, sources), new Examples(heldOut, sources));
    }

    /**
     * Two parts of the same rows.
     *
     * @param train what is trained on
     * @param heldOut what is evaluated on
     */
    public record Split(Examples train, Examples heldOut) {}
}
