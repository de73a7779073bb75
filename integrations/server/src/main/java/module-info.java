/** A server that answers OpenAI's requests with a decoder and its adapters. */
@SuppressWarnings({"requires-automatic", "module"}) // Micrometer has no descriptors of its own.
module org.moelora.server {
    requires static transitive org.jspecify;
    requires transitive org.moelora;
    requires micrometer.core;
    requires micrometer.registry.prometheus;

    exports org.moelora.server;
}
