package org.moelora.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.server.MoeloraServer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moelora serve}. */
@Command(
        name = "serve",
        customSynopsis = "moelora serve --model=DIR [--adapter=NAME=DIR]... [OPTIONS]",
        header = "Answer OpenAI's requests over HTTP, with an adapter per request.",
        description = "%nEnds with Ctrl-C or SIGTERM, after the requests that are under way.",
        footer = {
            "",
            "Examples:",
            "  moelora serve --model llama",
            "  moelora serve --model llama --adapter support=a/last --port 9000",
            "  curl localhost:8080/v1/models",
        })
final class ServeCommand implements Callable<Integer> {
    private static final int LONGEST_KEY = 4096;

    /** The environment's variable with the API key. */
    static final String KEY = "MOELORA_API_KEY";

    private final Streams streams;
    private final Consumer<MoeloraServer> untilStopped;

    @Under(Section.MODEL)
    @Option(
            names = "--model",
            paramLabel = "PATH",
            required = true,
            description = "The model: a Hugging Face folder with config.json and safetensors, or a GGUF file.")
    private @Nullable Path model;

    @Under(Section.MODEL)
    @Option(
            names = "--adapter",
            paramLabel = "NAME=DIR",
            description = "An adapter on it, and the name that requests have for it; can be given several times.")
    private List<String> adapters = new ArrayList<>();

    @Under(Section.MODEL)
    @Option(names = "--name", paramLabel = "NAME", description = "What requests call the model: its folder's name.")
    private @Nullable String name;

    @Under(Section.MODEL)
    @Option(
            names = "--adapter-root",
            paramLabel = "DIR",
            description = "A folder whose adapters clients may load, replace and unload; without it none.")
    private @Nullable Path adapterRoot;

    @Mixin
    private final LoadFlags load = new LoadFlags();

    @Under(Section.MACHINE)
    @Option(
            names = "--host",
            paramLabel = "NAME",
            defaultValue = "127.0.0.1",
            description =
                    "The address to listen on: 127.0.0.1, which no other machine reaches. Others need an API key.")
    private String host = "";

    @Under(Section.MACHINE)
    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "8080",
            description = "The port to listen on: 8080; 0 for a free one.")
    private int port;

    @Under(Section.MACHINE)
    @Option(
            names = "--api-key-file",
            paramLabel = "FILE",
            description = "A file with the key that requests have to bear; or put it into " + KEY + ".")
    private @Nullable Path keyFile;

    @Under(Section.MACHINE)
    @Option(names = "--open-to-all", description = "Answer other machines without an API key.")
    private boolean openToAll;

    @Under(Section.MACHINE)
    @Option(names = "--batch", paramLabel = "N", defaultValue = "8", description = "Most texts at a time: 8.")
    private int batch;

    @Under(Section.MACHINE)
    @Option(
            names = "--queue",
            paramLabel = "N",
            defaultValue = "64",
            description = "Most requests that wait: 64. One more is refused with the status 429.")
    private int queue;

    @Under(Section.MACHINE)
    @Option(
            names = "--max-context",
            paramLabel = "N",
            defaultValue = "0",
            description = "Most tokens of a text, prompt included; 0, the default, for the model's positions.")
    private int maxContext;

    @Under(Section.MACHINE)
    @Option(
            names = "--max-cache",
            paramLabel = "MIB",
            defaultValue = "0",
            description =
                    "Most MiB of keys and values of all texts; 0, the default, for a full batch or half of what is free.")
    private long maxCache;

    @Under(Section.MACHINE)
    @Option(
            names = "--prompt-lookup",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Guess up to N tokens at a time from where the last ones stood before, which changes no text and pays"
                            + " where answers repeat their prompts: 0 (none) to 16.")
    private int promptLookup;

    @Under(Section.ANSWERS)
    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "1024",
            description = "Most tokens of a chat's answer, if a request does not say it: 1024.")
    private int maxTokens;

    @Under(Section.ANSWERS)
    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "600",
            description = "Most time for an answer, which ends there with what it has: 600.")
    private long timeout;

    @Under(Section.MACHINE)
    @Option(
            names = "--grace",
            paramLabel = "SECONDS",
            defaultValue = "30",
            description = "How long requests that are under way may take to end after Ctrl-C or SIGTERM: 30.")
    private long grace;

    ServeCommand(Streams streams) {
        this(streams, server -> {
            try {
                Thread.currentThread().join(); // until the JVM ends
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /**
     * @param untilStopped returns when the server is to stop
     */
    ServeCommand(Streams streams, Consumer<MoeloraServer> untilStopped) {
        this.streams = streams;
        this.untilStopped = untilStopped;
    }

    @Override
    public Integer call() {
        String key = key();
        if (timeout < 1 || grace < 0 || maxCache < 0) {
            throw new InputException("--timeout is " + timeout + ", --grace " + grace + " and --max-cache " + maxCache
                    + "; expected 1 or more of the first, and 0 or more of the others");
        }
        try (Decoder base = load.load(Flags.given("--model", model))) {
            MoeloraServer.Builder builder = MoeloraServer.of(base)
                    .host(host)
                    .port(port)
                    .openToAll(openToAll)
                    .maxTokens(maxTokens)
                    .longest(Duration.ofSeconds(timeout))
                    .engine(engine -> engine.batch(batch)
                            .queue(queue)
                            .maxContext(maxContext)
                            .promptLookup(promptLookup)
                            .maxMemory(Math.multiplyExact(maxCache, 1L << 20)));
            if (name != null) {
                builder.name(name);
            }
            if (key != null) {
                builder.apiKey(key);
            }
            if (adapterRoot != null) {
                builder.adapterRoot(adapterRoot);
            }
            adapters.forEach(adapter -> add(builder, adapter));
            serve(builder);
        }
        return 0;
    }

    private void serve(MoeloraServer.Builder builder) {
        try (MoeloraServer server = builder.open()) {
            Thread stop = new Thread(() -> stop(server), "stop");
            Runtime.getRuntime().addShutdownHook(stop);
            streams.out().println("serving at " + server.uri() + " (Ctrl-C ends)");
            streams.out().flush();
            try {
                untilStopped.accept(server);
            } finally {
                try {
                    Runtime.getRuntime().removeShutdownHook(stop);
                } catch (IllegalStateException e) {
                    streams.err().println("moelora: the process ends");
                }
            }
        }
    }

    private void stop(MoeloraServer server) {
        streams.err().println("moelora: stopping; requests under way have " + grace + " seconds");
        if (!server.stop(Duration.ofSeconds(grace))) {
            streams.err().println("moelora: some requests were ended before they were done");
        }
    }

    private static void add(MoeloraServer.Builder builder, String adapter) {
        int at = adapter.indexOf('=');
        if (at < 1 || at == adapter.length() - 1) {
            throw new InputException("--adapter is \"" + adapter + "\"; expected NAME=DIR");
        }
        builder.adapter(adapter.substring(0, at), Path.of(adapter.substring(at + 1)));
    }

    /** Not a flag's value, which other users of the machine see. */
    private @Nullable String key() {
        if (keyFile == null) {
            return System.getenv(KEY);
        }
        try {
            if (Files.size(keyFile) > LONGEST_KEY) {
                throw new InputException(
                        keyFile + ": has more than " + LONGEST_KEY + " bytes; expected an API key alone");
            }
            String key = Files.readString(keyFile).strip();
            if (key.isEmpty() || !key.chars().allMatch(c -> c > ' ' && c < 127)) {
                throw new InputException(
                        keyFile + ": is empty, or has something else than an API key; expected one of ASCII letters");
            }
            return key;
        } catch (IOException e) {
            throw InputException.unreadable(keyFile, "a file with an API key", e);
        }
    }
}
