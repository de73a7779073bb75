package org.moelora.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.data.Batch;
import org.moelora.data.Examples;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;
import org.moelora.train.PromptStatistics;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moelora grow}. */
@Command(
        name = "grow",
        customSynopsis = "moelora grow ADAPTER --model=DIR --data=FILE... --out=DIR [OPTIONS]",
        header = "Teach an adapter a new job without touching its old ones.",
        description =
                "%nNew experts learn the rows of --data; the adapter that is there stays as it is. Each prompt is answered by"
                        + " the one whose prompts it is nearer to, so what the old one answers does not change by a bit. The result is"
                        + " DIR/last. Flags are those of train.",
        footer = {
            "",
            "Examples:",
            "  moelora grow run1/last --model llama --data new.jsonl --out run2",
            "  moelora grow lora --model llama --data b.jsonl --old-data a.jsonl --out run2",
            "  moelora train --resume run2",
        })
final class GrowCommand implements Callable<Integer>, SettingFlags.Owner {
    private static final int BATCH_TOKENS = 2048;

    private final Streams streams;

    @Under(Section.ARGUMENTS)
    @Parameters(paramLabel = "ADAPTER", arity = "1", description = "The adapter's folder.")
    private @Nullable Path adapter;

    @Under(Section.DATA)
    @Option(
            names = "--old-data",
            paramLabel = "FILE",
            arity = "1..*",
            description =
                    "Rows of the old jobs: shows how many of them the new experts would take. Needed where the adapter"
                            + " does not know its prompts, as one without the router prompt does not.")
    private @Nullable List<Path> oldData;

    @Mixin
    private final TrainFlags flags = new TrainFlags();

    @Mixin
    private final MemoryFlags memory = new MemoryFlags();

    @Mixin
    private final LoadFlags load = new LoadFlags();

    GrowCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public SettingFlags settings() {
        return flags.settings();
    }

    @Override
    public Integer call() {
        Path from = Flags.given("ADAPTER", adapter);
        flags.refuseResume("grow");
        flags.adapter().refuseShape("grow", false);
        int code = new TrainCommand(streams, flags, memory, load).run(base -> grow(base, from));
        if (code == 0 && !flags.dryRun()) {
            report();
        }
        return code;
    }

    private Adapter grow(Decoder base, Path from) {
        Adapter older = Adapter.load(from, base);
        try {
            if (!older.knowsPrompts()) {
                if (oldData == null) {
                    throw new InputException(
                            from + ": does not know what its prompts look like, as only the router prompt"
                                    + " remembers that; expected --old-data with some rows of its jobs");
                }
                PromptStatistics.measure(base.with(older), rows(base, oldData));
            }
            Adapter newer = Adapter.create(base, like(older), flags.seed());
            try {
                return MoeLora.grow(older, newer);
            } catch (RuntimeException e) {
                newer.close();
                throw e;
            }
        } catch (RuntimeException e) {
            older.close();
            throw e;
        }
    }

    /** As many new experts as there are, if they have a router of prompts; else eight of rank 4 on the same linears. */
    private static MoeLoraConfig like(Adapter older) {
        if (older.config() instanceof MoeLoraConfig mixture && mixture.router() instanceof Router.Prompt) {
            return mixture;
        }
        return MoeLoraConfig.builder()
                .router(new Router.Prompt())
                .targets(older.config().targets())
                .build();
    }

    private List<TokenRow> rows(Decoder base, List<Path> files) {
        return View.encoder(base, flags.date())
                .with(flags.rowLimit())
                .encodeAll(Examples.read(files))
                .rows();
    }

    /** Which of the rows each of the two answers now. */
    private void report() {
        try (Decoder base = load.load(flags.model());
                Adapter grown = Adapter.load(flags.out().resolve("last"), base)) {
            LanguageModel model = base.with(grown);
            streams.out().println("new rows that the new experts answer: " + share(model, rows(base, flags.data())));
            if (oldData != null) {
                streams.out().println("old rows that the new experts take:   " + share(model, rows(base, oldData)));
            }
        }
    }

    private static String share(LanguageModel model, List<TokenRow> rows) {
        int newest = 0;
        for (Batch batch : Batch.byTokens(rows, BATCH_TOKENS)) {
            for (int generation : model.answeredBy(batch.ids(), batch.layout())) {
                newest += generation == 0 ? 1 : 0;
            }
        }
        return Figures.count(newest) + " of " + Figures.count(rows.size()) + " ("
                + Figures.percent((double) newest / Math.max(1, rows.size())) + ")";
    }
}
