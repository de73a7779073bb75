package org.moelora.cli;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.moelora.data.EncodedExamples;
import org.moelora.data.TokenRow;
import org.moelora.model.Decoder;
import org.moelora.text.Tokenizer;
import org.moelora.train.TrainingPlan;

/** What {@code --dry-run} prints. */
final class DryRun {
    private static final int ROWS_SHOWN = 3;

    private final Streams streams;
    private final MemoryFlags memory;
    private final @Nullable Tokenizer tokenizer;

    DryRun(Streams streams, Decoder base, MemoryFlags memory) {
        this.streams = streams;
        this.memory = memory;
        this.tokenizer = base.tokenizer();
    }

    void print(EncodedExamples train, List<TokenRow> heldOut, TrainingPlan plan) {
        streams.out().println("The first rows, with loss on what stands in {{ }}:");
        for (TokenRow row :
                train.rows().subList(0, Math.min(ROWS_SHOWN, train.rows().size()))) {
            streams.out()
                    .println("row " + row.row() + (row.task() == null ? "" : " (" + row.task() + ")") + ": "
                            + row.length() + " tokens, " + row.labelCount() + " with loss");
            shown(row).lines().forEach(line -> streams.out().println("    " + line));
        }
        streams.out().println();
        line(
                "rows",
                Figures.count(train.rows().size()) + " (" + Figures.count(train.tokens()) + " tokens, "
                        + Figures.count(train.labels()) + " with loss)");
        line("cut at --max-length", Figures.count(train.cut()));
        line("skipped, too long", Figures.count(train.skipped()));
        line("left out, no label", Figures.count(train.dropped()));
        line("rows to evaluate on", Figures.count(heldOut.size()));
        line("steps", Figures.count(plan.steps()));
        line("tokens in all", Figures.count(plan.tokens()));
        line("trained parameters", Figures.count(plan.parameters()));
        line("memory at the peak", memory.describe(plan.memory()));
        line("time", "about " + Figures.duration(plan.seconds()) + ", without evaluations");
    }

    private void line(String name, String value) {
        streams.out().printf("%-20s %s%n", name, value);
    }

    private String shown(TokenRow row) {
        StringBuilder text = new StringBuilder();
        int from = 0;
        while (from < row.length()) {
            boolean loss = hasLoss(row, from);
            int to = from + 1;
            while (to < row.length() && hasLoss(row, to) == loss) {
                to++;
            }
            String part = decoded(Arrays.copyOfRange(row.inputIds(), from, to));
            text.append(loss ? "{{" + part + "}}" : part);
            from = to;
        }
        return text.toString();
    }

    /** The first token is never predicted, whatever its label. */
    private static boolean hasLoss(TokenRow row, int i) {
        return i > 0 && row.labels()[i] != TokenRow.IGNORED;
    }

    private String decoded(int[] ids) {
        Tokenizer words = tokenizer;
        if (words == null) {
            return " "
                    + String.join(
                            " ", Arrays.stream(ids).mapToObj(Integer::toString).toList()) + " ";
        }
        StringBuilder text = new StringBuilder();
        int from = 0;
        for (int i = 0; i <= ids.length; i++) {
            if (i == ids.length || words.isSpecial(ids[i])) {
                text.append(words.decode(Arrays.copyOfRange(ids, from, i)));
                text.append(i == ids.length ? "" : name(words, ids[i]));
                from = i + 1;
            }
        }
        return text.toString();
    }

    private static String name(Tokenizer words, int id) {
        if (words.eosId().equals(OptionalInt.of(id))) {
            return "<EOS>";
        }
        return words.bosId().equals(OptionalInt.of(id)) ? "<BOS>" : "<" + id + ">";
    }
}
