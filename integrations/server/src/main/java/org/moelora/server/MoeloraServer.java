package org.moelora.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.GenerationEngine;
import org.moelora.server.http.HttpLimits;
import org.moelora.server.http.HttpListener;

/**
 * Answers OpenAI's requests over HTTP with one decoder and any number of adapters on it, each by its name.
 *
 * <pre>{@code
 * try (Decoder base = Decoder.load(Path.of("my-model"));
 *         MoeloraServer server = MoeloraServer.of(base).adapter("support", Path.of("support/last")).port(8080).open()) {
 *     System.out.println(server.uri());
 *     Thread.currentThread().join();
 * }
 * }</pre>
 *
 * <p>Listens on 127.0.0.1 by default, and refuses to listen elsewhere without an {@link Builder#apiKey API key}. What clients may take is bounded: see the builder. All
 * methods may be called by any thread.
 */
public final class MoeloraServer implements AutoCloseable {
    private final GenerationEngine engine;
    private final ServedModels models;
    private final Metrics metrics;
    private final Routes routes;
    private final HttpListener listener;

    private MoeloraServer(Builder values, InetSocketAddress address, GenerationEngine engine, ServedModels models) {
        this.engine = engine;
        this.models = models;
        Passes passes = new Passes(values.waiting);
        metrics = new Metrics(engine, this::connections);
        Answers answers = new Answers(engine, passes, metrics);
        routes = new Routes(
                new TextEndpoints(models, answers, values.maxTokens, values.longest),
                new EmbeddingEndpoint(models, passes),
                new ModelEndpoints(models, values.adapterRoot),
                metrics,
                values.apiKey,
                address.getAddress().isLoopbackAddress());
        listener = new HttpListener(address, values.limits(), routes);
    }

    private int connections() {
        HttpListener listening = listener;
        return listening == null ? 0 : listening.connections();
    }

    /** A server for a decoder, which is to be closed after it. */
    public static Builder of(Decoder decoder) {
        return new Builder(decoder);
    }

    /** What a server answers, where, and what its clients may take. Used by one thread. */
    public static final class Builder {
        private final Decoder decoder;
        private final Map<String, Path> adapters = new LinkedHashMap<>();
        private String name;
        private String host = "127.0.0.1";
        private int port;
        private @Nullable String apiKey;
        private boolean openToAll;
        private @Nullable Path adapterRoot;
        private UnaryOperator<GenerationEngine.Builder> engine = builder -> builder;
        private int waiting = 64;
        private int maxTokens = 1024;
        private Duration longest = Duration.ofMinutes(10);
        private HttpLimits limits = HttpLimits.USUAL;

        private Builder(Decoder decoder) {
            this.decoder = decoder;
            Path source = decoder.source().toAbsolutePath().normalize().getFileName();
            name = source == null ? "model" : source.toString();
        }

        /** What the decoder alone is called in requests: the name of its folder or file. */
        public Builder name(String model) {
            name = model;
            return this;
        }

        /** An adapter, which is loaded by {@link #open}. */
        public Builder adapter(String called, Path folder) {
            if (adapters.putIfAbsent(called, folder) != null) {
                throw new InputException("two adapters are called \"" + called + "\"; expected a name for each");
            }
            return this;
        }

        /** The address to listen on: 127.0.0.1. */
        public Builder host(String nameOrAddress) {
            host = nameOrAddress;
            return this;
        }

        /** The port to listen on: 0, the default, for a free one. */
        public Builder port(int number) {
            port = number;
            return this;
        }

        /** What requests have to bear: none. */
        public Builder apiKey(String key) {
            apiKey = key;
            return this;
        }

        /** Whether an address that other machines reach needs no API key: false. */
        public Builder openToAll(boolean allowed) {
            openToAll = allowed;
            return this;
        }

        /** A folder whose adapters may be loaded, replaced and unloaded while the server runs: none. */
        public Builder adapterRoot(Path folder) {
            adapterRoot = folder;
            return this;
        }

        /** Settings of the engine behind the server: its own. */
        public Builder engine(UnaryOperator<GenerationEngine.Builder> settings) {
            engine = settings;
            return this;
        }

        /** Most requests beside the engine's, for embeddings and routers, that wait: 64. */
        public Builder waiting(int requests) {
            waiting = requests;
            return this;
        }

        /** Most tokens of a chat's answer, if the request does not say it: 1024. */
        public Builder maxTokens(int tokens) {
            maxTokens = tokens;
            return this;
        }

        /** Most time for an answer, from its request on; a text ends there with what it has: 10 minutes. */
        public Builder longest(Duration time) {
            longest = time;
            return this;
        }

        /** Most open connections: 512. */
        public Builder connections(int most) {
            limits = new HttpLimits(
                    most, limits.headerBytes(), limits.bodyBytes(), limits.receive(), limits.idle(), limits.send());
            return this;
        }

        /** Most bytes of a request's headers: 32 KiB. */
        public Builder headerBytes(int most) {
            limits = new HttpLimits(
                    limits.connections(), most, limits.bodyBytes(), limits.receive(), limits.idle(), limits.send());
            return this;
        }

        /** Most bytes of a request's body: 8 MiB. */
        public Builder bodyBytes(int most) {
            limits = new HttpLimits(
                    limits.connections(), limits.headerBytes(), most, limits.receive(), limits.idle(), limits.send());
            return this;
        }

        /**
         * Most time for a request to arrive, between two requests of a connection, and for a client to take what is sent: 30 seconds each.
         */
        public Builder times(Duration receive, Duration idle, Duration send) {
            limits =
                    new HttpLimits(limits.connections(), limits.headerBytes(), limits.bodyBytes(), receive, idle, send);
            return this;
        }

        HttpLimits limits() {
            return limits;
        }

        /**
         * Loads the adapters and listens.
         *
         * @throws InputException if a value is out of range, an adapter is not one of the model's, the address cannot be listened on, or other machines reach it and
         *     there is no API key
         */
        public MoeloraServer open() {
            if (maxTokens < 1 || waiting < 1 || port < 0 || port > 65_535) {
                throw new InputException("max-tokens is " + maxTokens + ", waiting " + waiting + " and port " + port
                        + "; expected 1 or more of the first two, and a port of 0 to 65535");
            }
            if (apiKey != null && !apiKey.matches("[!-~]+")) {
                throw new InputException(
                        "the API key is empty, or has other characters than visible ASCII; expected such a key, or none");
            }
            if (adapterRoot != null && !Files.isDirectory(adapterRoot)) {
                throw new InputException(adapterRoot + ": is no folder; expected one with adapters for --adapter-root");
            }
            InetSocketAddress address = address();
            ServedModels models = new ServedModels(decoder, name);
            GenerationEngine opened = null;
            try {
                adapters.forEach((called, folder) -> models.load(called, folder, false));
                opened = engine.apply(GenerationEngine.of(decoder)).open();
                return new MoeloraServer(this, address, opened, models);
            } catch (RuntimeException | Error e) {
                if (opened != null) {
                    opened.close();
                }
                models.close();
                throw e;
            }
        }

        private InetSocketAddress address() {
            InetAddress found;
            try {
                found = InetAddress.getByName(host);
            } catch (UnknownHostException e) {
                throw new InputException("the host " + host + " is not known; expected an address of this machine", e);
            }
            if (!found.isLoopbackAddress() && apiKey == null && !openToAll) {
                throw new InputException("other machines reach " + host
                        + ", and there is no API key; expected --api-key-file, or --open-to-all if everyone may ask");
            }
            return new InetSocketAddress(found, port);
        }
    }

    /** Where it listens, such as {@code http://127.0.0.1:8080}. */
    public URI uri() {
        InetSocketAddress address = listener.address();
        String host = address.getAddress().getHostAddress();
        return URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort());
    }

    /** What the engine behind it is doing. */
    public GenerationEngine.Load load() {
        return engine.load();
    }

    /** Loads an adapter, or puts it in the place of one with its name, whose requests end with it. */
    public void load(String adapter, Path folder) {
        models.load(adapter, folder, true);
    }

    /**
     * Takes an adapter out; its requests end with it.
     *
     * @throws InputException if there is none of that name
     */
    public void unload(String adapter) {
        try {
            models.unload(adapter);
        } catch (ApiException e) {
            throw new InputException(String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Takes no more requests, lets those under way end for so long, and closes.
     *
     * @return whether all of them ended
     */
    public boolean stop(Duration grace) {
        routes.stops();
        listener.end();
        boolean ended = listener.await(grace);
        close();
        return ended;
    }

    /** Ends all requests, frees what the server has, and waits for its threads. Closing twice does nothing. */
    @Override
    public void close() {
        routes.stops();
        listener.end();
        engine.close();
        listener.await(Duration.ofSeconds(1)); // answers that tell of the end
        listener.close();
        models.close();
        metrics.close();
    }
}
