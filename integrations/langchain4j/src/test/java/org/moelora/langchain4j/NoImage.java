package org.moelora.langchain4j;

/** Bytes that stand for an image in a test that sees it refused: nothing reads them. */
final class NoImage {
    private NoImage() {}

    /** A file that is there, so that no test needs a connection. */
    static String url() {
        return SharedModel.FOLDER.resolve("config.json").toUri().toString();
    }
}
