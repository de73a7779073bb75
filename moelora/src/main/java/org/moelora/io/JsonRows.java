package org.moelora.io;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import org.moelora.engine.InputException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/**
 * Rows of a data file, one at a time: JSON Lines (one object per line, blank lines skipped) or one JSON array of objects,
 * told apart by the first character. Only one row is in memory at once, whatever the size of the file; a row is bounded as a
 * {@link Json} document is. A row's
 * {@link JsonObject#source()} is the file with the line ({@code train.jsonl line 3}, counted as an editor does) or, in an
 * array, the row ({@code train.json row 3}, counted from 1).
 */
public final class JsonRows {
    private static final int BUFFER = 1 << 16;

    private JsonRows() {}

    /**
     * Hands every row of the file to the consumer, in order.
     *
     * @return how many rows there were; zero for an empty file
     * @throws InputException if the file cannot be read, is not UTF-8, or holds something other than rows of strict JSON of whole characters; a file of
     *     another kind, such as CSV or Parquet, is called what it is
     */
    public static long read(Path file, Consumer<JsonObject> consumer) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            checkFormat(in, file);
            skipMark(in);
            return firstCharacter(in) == '[' ? array(in, file, consumer) : lines(in, file, consumer);
        } catch (IOException e) {
            throw InputException.unreadable(file, "a JSON Lines file or a JSON array", e);
        }
    }

    private static void checkFormat(InputStream in, Path file) throws IOException {
        in.mark(RowsFormat.LENGTH);
        String complaint = RowsFormat.complaint(in.readNBytes(RowsFormat.LENGTH));
        in.reset();
        if (complaint != null) {
            throw new InputException(file + ": " + complaint);
        }
    }

    private static void skipMark(InputStream in) throws IOException {
        in.mark(3);
        if (!Json.startsWithMark(in.readNBytes(3))) {
            in.reset();
        }
    }

    /** The first byte that is not white space, or -1; the stream is left where it was. */
    private static int firstCharacter(InputStream in) throws IOException {
        in.mark(BUFFER);
        int c = in.read();
        for (int n = 1; n < BUFFER && (c == ' ' || c == '\t' || c == '\r' || c == '\n'); n++) {
            c = in.read();
        }
        in.reset();
        return c;
    }

    private static long lines(InputStream in, Path file, Consumer<JsonObject> consumer) throws IOException {
        byte[] line = new byte[BUFFER];
        int length = 0;
        long number = 1;
        long rows = 0;
        byte[] chunk = new byte[BUFFER];
        int read;
        while ((read = in.read(chunk)) > 0) {
            int from = 0;
            for (int i = 0; i < read; i++) {
                if (chunk[i] == '\n') {
                    line = append(line, length, chunk, from, i, file, number);
                    rows += row(line, length + i - from, file, number++, consumer);
                    length = 0;
                    from = i + 1;
                }
            }
            line = append(line, length, chunk, from, read, file, number);
            length += read - from;
        }
        return rows + row(line, length, file, number, consumer);
    }

    private static byte[] append(byte[] line, int length, byte[] chunk, int from, int to, Path file, long number) {
        int needed = length + to - from;
        if (needed > Json.MAX_BYTES) {
            throw new InputException(
                    file + " line " + number + ": too long; expected at most " + Json.MAX_BYTES + " bytes in a line");
        }
        byte[] room = needed <= line.length ? line : Arrays.copyOf(line, Math.max(needed, 2 * line.length));
        System.arraycopy(chunk, from, room, length, to - from);
        return room;
    }

    private static int row(byte[] line, int length, Path file, long number, Consumer<JsonObject> consumer) {
        String source = file + " line " + number;
        String text = Json.decode(line, 0, length, source);
        if (text.isBlank()) {
            return 0;
        }
        consumer.accept(Json.parseRow(text, source));
        return 1;
    }

    private static long array(InputStream in, Path file, Consumer<JsonObject> consumer) throws IOException {
        var decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        var reader = new InputStreamReader(in, decoder);
        long rows = 0;
        try (JsonParser parser = Json.FACTORY.createParser(ObjectReadContext.empty(), reader)) {
            parser.nextToken();
            JsonToken token;
            while ((token = parser.nextToken()) != JsonToken.END_ARRAY) {
                String source = file + " row " + ++rows;
                if (token != JsonToken.START_OBJECT) {
                    throw new InputException(source + ": not an object; expected an array of JSON objects");
                }
                consumer.accept(new JsonReading(parser, source, true).object(Place.root(source)));
            }
            if (parser.nextToken() != null) {
                throw new InputException(file + ": something follows the JSON array; expected the end of the file");
            }
        } catch (JacksonException e) {
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            throw Json.malformed(file.toString(), e);
        }
        return rows;
    }
}
