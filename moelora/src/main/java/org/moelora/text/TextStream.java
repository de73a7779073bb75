package org.moelora.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * A text whose tokens arrive one by one, as a model writes it. A character whose bytes are spread over several tokens comes out
 * when it is complete, so that what {@link #push} and {@link #finish} gave, put together, is {@link Tokenizer#decode} of all
 * ids. For one text and one thread.
 */
public final class TextStream {
    private final Tokenizer tokenizer;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private byte[] pending = new byte[0];
    private int spacesToDrop;

    TextStream(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        spacesToDrop = tokenizer.leadingSpaces();
    }

    /** Takes the next id and gives the characters that are now complete, often none or several. */
    public String push(int id) {
        return decode(tokenizer.bytes(id), false);
    }

    /** Ends the text: gives U+FFFD for a character that stayed incomplete, else nothing. The next id begins a new text. */
    public String finish() {
        String rest = decode(new byte[0], true);
        decoder.reset();
        pending = new byte[0];
        spacesToDrop = tokenizer.leadingSpaces();
        return rest;
    }

    private String decode(byte[] more, boolean last) {
        ByteBuffer in = ByteBuffer.allocate(pending.length + more.length)
                .put(pending)
                .put(more)
                .flip();
        CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
        decoder.decode(in, out, last);
        if (last) {
            decoder.flush(out);
        }
        pending = new byte[in.remaining()];
        in.get(pending);
        return withoutLeadingSpaces(out.flip().toString());
    }

    private String withoutLeadingSpaces(String text) {
        int from = 0;
        while (from < text.length() && spacesToDrop > 0) {
            if (text.charAt(from) == ' ') {
                from++;
                spacesToDrop--;
            } else {
                spacesToDrop = 0;
            }
        }
        return text.substring(from);
    }
}
