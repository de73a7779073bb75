package org.moelora.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.io.JsonWriter;
import org.moelora.server.http.Exchange;
import org.moelora.server.http.HttpException;
import org.moelora.server.http.HttpListener;

/** Which path is answered by what, who may ask, and how a failure is told. */
final class Routes implements HttpListener.Handler {
    private static final String JSON = "application/json";

    /** The page loads nothing from elsewhere and talks to this server alone. */
    private static final String PAGE_POLICY =
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:;"
                    + " frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    @FunctionalInterface
    private interface Endpoint {
        void answer(Exchange exchange) throws IOException;
    }

    private record Route(String method, boolean open, Endpoint endpoint) {}

    private final Map<String, Route> routes;
    private final Route oneModel;
    private final Metrics metrics;
    private final byte @Nullable [] key;
    private final boolean loopback;
    private final byte[] page = page();
    private volatile boolean stopping;

    /**
     * @param key what requests have to bear; null for nothing
     * @param loopback whether only this machine reaches the server
     */
    Routes(
            TextEndpoints texts,
            EmbeddingEndpoint embeddings,
            ModelEndpoints models,
            Metrics metrics,
            @Nullable String key,
            boolean loopback) {
        this.metrics = metrics;
        this.key = key == null ? null : key.getBytes(StandardCharsets.UTF_8);
        this.loopback = loopback;
        routes = Map.of(
                "/",
                new Route("GET", true, this::page),
                "/health",
                new Route("GET", true, this::health),
                "/metrics",
                new Route("GET", false, this::metrics),
                ModelEndpoints.PATH,
                new Route("GET", false, models::list),
                "/v1/load_lora_adapter",
                new Route("POST", false, models::load),
                "/v1/unload_lora_adapter",
                new Route("POST", false, models::unload),
                "/v1/chat/completions",
                new Route("POST", false, texts::chat),
                "/v1/completions",
                new Route("POST", false, texts::text),
                "/v1/embeddings",
                new Route("POST", false, embeddings::embed));
        oneModel = new Route("GET", false, models::one);
    }

    /** From now on the server is not healthy. */
    void stops() {
        stopping = true;
    }

    @Override
    public void handle(Exchange exchange) throws IOException {
        long begin = System.nanoTime();
        String endpoint = "other";
        try {
            String path = exchange.request().path();
            boolean ofOneModel = path.startsWith(ModelEndpoints.PATH + "/");
            Route route = ofOneModel ? oneModel : routes.get(path);
            if (route != null) {
                endpoint = ofOneModel ? ModelEndpoints.PATH : path;
            }
            checkHost(exchange);
            if (route == null) {
                throw ApiException.of(
                        404,
                        "not_found_error",
                        "not_found",
                        "there is nothing at " + shown(path) + "; expected a path that docs/server.md lists");
            }
            check(exchange, route);
            route.endpoint().answer(exchange);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (RuntimeException e) {
            if (exchange.isGone()) {
                throw new IOException("the client has gone", e);
            }
            fail(exchange, stopping && e instanceof IllegalStateException ? stops(e) : Refusals.of(e));
        } finally {
            metrics.request(endpoint, exchange.status(), Duration.ofNanos(System.nanoTime() - begin));
        }
    }

    private static ApiException stops(RuntimeException e) {
        System.getLogger(Routes.class.getName()).log(System.Logger.Level.DEBUG, "a request came too late", e);
        return ApiException.of(503, "server_error", "stopping", "the server stops; expected a later try");
    }

    private static String shown(String path) {
        return path.length() > 100 ? path.substring(0, 100) + "..." : path;
    }

    /** A page of another site must not reach a server of this machine by a name that the site's owner has pointed here. */
    private void checkHost(Exchange exchange) {
        String host = exchange.request().header("host");
        if (!loopback || host == null) {
            return;
        }
        String name = host.replaceFirst(":[0-9]*$", "").toLowerCase(Locale.ROOT);
        if (!name.equals("localhost") && !name.equals("[::1]") && !name.matches("127(\\.[0-9]{1,3}){3}")) {
            throw ApiException.of(
                    421,
                    "permission_error",
                    "wrong_host",
                    "the request is for another host; expected localhost or 127.0.0.1 as this server is for its own machine");
        }
    }

    private void check(Exchange exchange, Route route) {
        String method = exchange.request().method();
        if (!method.equals(route.method())
                && !(method.equals("HEAD") && route.method().equals("GET"))) {
            throw ApiException.of(
                    405,
                    "invalid_request_error",
                    "method_not_allowed",
                    "the method is " + method + "; expected " + route.method());
        }
        if (!route.open()) {
            checkKey(exchange);
        }
        if (route.method().equals("POST")) {
            String type = exchange.request().header("content-type");
            // Pages of other sites cannot send this type without asking first.
            if (type == null || !type.split(";")[0].strip().equalsIgnoreCase(JSON)) {
                throw ApiException.of(
                        415,
                        "invalid_request_error",
                        "unsupported_media_type",
                        "the Content-Type is not " + JSON + "; expected it");
            }
        }
    }

    private void checkKey(Exchange exchange) {
        if (key == null) {
            return;
        }
        String given = exchange.request().header("authorization");
        boolean bearer = given != null && given.regionMatches(true, 0, "Bearer ", 0, 7);
        byte[] token = bearer
                ? Objects.requireNonNull(given).substring(7).strip().getBytes(StandardCharsets.ISO_8859_1)
                : new byte[0];
        if (!MessageDigest.isEqual(token, key)) {
            throw ApiException.of(
                    401,
                    "authentication_error",
                    "invalid_api_key",
                    "the API key is " + (bearer ? "another one" : "missing") + "; expected Authorization: Bearer KEY");
        }
    }

    private static void fail(Exchange exchange, ApiException e) throws IOException {
        if (exchange.status() != 0) {
            throw new IOException("an answer failed after it had begun", e);
        }
        byte[] body = Answers.utf8(JsonWriter.line(e.body()));
        switch (e.status()) {
            case 429, 503 -> exchange.respond(e.status(), JSON, body, "Retry-After", "1");
            case 401 -> exchange.respond(e.status(), JSON, body, "WWW-Authenticate", "Bearer");
            default -> exchange.respond(e.status(), JSON, body);
        }
    }

    @Override
    public void refuse(Exchange exchange, HttpException why) throws IOException {
        metrics.request("other", why.status(), Duration.ZERO);
        fail(
                exchange,
                ApiException.of(
                        why.status(), "invalid_request_error", "bad_request", String.valueOf(why.getMessage())));
    }

    private void health(Exchange exchange) throws IOException {
        if (stopping) {
            throw ApiException.of(503, "server_error", "stopping", "the server stops; expected a later try");
        }
        exchange.respond(200, JSON, Answers.utf8("{\"status\":\"ok\"}"));
    }

    private void metrics(Exchange exchange) throws IOException {
        exchange.respond(200, "text/plain; version=0.0.4; charset=utf-8", Answers.utf8(metrics.scrape()));
    }

    private void page(Exchange exchange) throws IOException {
        exchange.respond(
                200,
                "text/html; charset=utf-8",
                page,
                "Content-Security-Policy",
                PAGE_POLICY,
                "Referrer-Policy",
                "no-referrer");
    }

    private static byte[] page() {
        try (InputStream in = Objects.requireNonNull(Routes.class.getResourceAsStream("page.html"))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("the page cannot be read", e);
        }
    }
}
