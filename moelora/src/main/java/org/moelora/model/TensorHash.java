package org.moelora.model;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.moelora.io.Checksums;

/**
 * SHA-256 over the names, formats and shapes of all tensors and, of each, the first, middle and last 16 KiB: reading every byte would cost minutes on a
 * large model, and no training leaves those parts of every tensor as they were.
 */
final class TensorHash {
    private static final int SAMPLE = 16 << 10;

    private final MessageDigest digest = Checksums.sha256();

    /**
     * @param header name, format and shape
     */
    void add(String header, MemorySegment bytes) {
        digest.update((header + "\n").getBytes(StandardCharsets.UTF_8));
        long size = bytes.byteSize();
        digest.update(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(size)
                .flip());
        if (size <= 3L * SAMPLE) {
            digest.update(bytes.asByteBuffer());
        } else {
            for (long from : new long[] {0, (size - SAMPLE) / 2, size - SAMPLE}) {
                digest.update(bytes.asSlice(from, SAMPLE).asByteBuffer());
            }
        }
    }

    /** In hexadecimal digits. */
    String value() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
