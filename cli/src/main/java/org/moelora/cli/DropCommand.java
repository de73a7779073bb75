package org.moelora.cli;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLora;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moelora drop}. */
@Command(
        name = "drop",
        customSynopsis = "moelora drop MIXTURE --model=DIR --expert=E --out=DIR",
        header = "Take an expert out of a mixture, as a new adapter.",
        description =
                "%nThe others share what it did, as their gates say. Of a mixture that mix made, an expert is one of the"
                        + " adapters that went in; where experts were trained together, those of different linears have nothing in"
                        + " common but their number.",
        footer = {"", "Examples:", "  moelora drop mixture/last --model llama --expert 2 --out smaller"})
final class DropCommand implements Callable<Integer> {
    private final Streams streams;

    @Under(Section.ARGUMENTS)
    @Parameters(paramLabel = "MIXTURE", arity = "1", description = "The adapter's folder.")
    private @Nullable Path mixture;

    @Under(Section.MODEL)
    @Option(names = "--model", paramLabel = "DIR", required = true, description = "The base.")
    private @Nullable Path model;

    @Under(Section.ADAPTER)
    @Option(names = "--expert", paramLabel = "E", required = true, description = "Which expert, from 0; see inspect.")
    private int expert;

    @Under(Section.OUTPUT)
    @Option(names = "--out", paramLabel = "DIR", required = true, description = "The new adapter's folder.")
    private @Nullable Path out;

    @Mixin
    private final LoadFlags load = new LoadFlags();

    DropCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Path from = Flags.given("MIXTURE", mixture);
        Path to = Flags.given("--out", out);
        if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
            throw new InputException(to + ": exists already; give --out a folder that does not exist yet");
        }
        try (Decoder base = load.load(Flags.given("--model", model));
                Adapter whole = Adapter.load(from, base);
                Adapter rest = MoeLora.drop(base, whole, expert)) {
            rest.save(to);
            List<String> origins = whole.origins();
            streams.out()
                    .println("dropped expert " + expert + (origins.isEmpty() ? "" : " (" + origins.get(expert) + ")")
                            + "; " + rest.config().experts() + " are left in " + to);
        }
        return 0;
    }
}
