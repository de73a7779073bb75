package org.moelora.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.engine.InputException;

/**
 * The header of a GGUF file: magic, version, counts, keys with values, tensors.
 *
 * @param metadata keys and values
 * @param tensors by name, in the file's order
 * @param dataStart where tensors begin
 */
record GgufHeader(GgufMetadata metadata, Map<String, GgufTensor> tensors, long dataStart) {
    private static final int MAGIC = 0x46554747; // "GGUF"
    private static final int MAX_KEY = (1 << 16) - 1;
    private static final int MAX_DIMS = 4;
    private static final int DEFAULT_ALIGNMENT = 32;
    private static final int MAX_ALIGNMENT = 1 << 20;

    /** The least bytes of a key with its value, and of a tensor's entry. */
    private static final int LEAST_VALUE = 8 + 1 + 4 + 1;

    private static final int LEAST_TENSOR = 8 + 1 + 4 + 8 + 4 + 8;

    static GgufHeader read(MemorySegment file, String source) {
        return new Reading(file, source).header();
    }

    private static final class Reading {
        private final MemorySegment file;
        private final String source;
        private long at;

        Reading(MemorySegment file, String source) {
            this.file = file;
            this.source = source;
        }

        GgufHeader header() {
            if (file.byteSize() < 4 || file.get(GgufMetadata.INT, 0) != MAGIC) {
                throw problem("does not begin with GGUF", "a GGUF file");
            }
            at = 4;
            int version = integer("the version");
            if (version != 2 && version != 3) {
                boolean other = Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3;
                throw problem(
                        other ? "is big-endian" : "has the version " + Integer.toUnsignedString(version),
                        "a little-endian GGUF file of version 2 or 3");
            }
            long tensorCount = count("tensors", LEAST_TENSOR);
            long valueCount = count("keys", LEAST_VALUE);
            Map<String, GgufMetadata.Value> values = new LinkedHashMap<>();
            for (long i = 0; i < valueCount; i++) {
                String key = key("a key");
                if (values.put(key, value(key)) != null) {
                    throw problem("has the key " + Json.shown(key) + " twice", "each once");
                }
            }
            GgufMetadata metadata = new GgufMetadata(source, file, values);
            long alignment = metadata.integer("general.alignment", DEFAULT_ALIGNMENT);
            if (alignment < 1 || alignment > MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
                throw metadata.error("general.alignment", "a power of two up to " + MAX_ALIGNMENT);
            }
            Map<String, GgufTensor> tensors = new LinkedHashMap<>();
            List<GgufTensor> all = new ArrayList<>();
            for (long i = 0; i < tensorCount; i++) {
                GgufTensor tensor = tensor(alignment);
                all.add(tensor);
                if (tensors.put(tensor.name(), tensor) != null) {
                    throw problem("has the tensor " + Json.shown(tensor.name()) + " twice", "each once");
                }
            }
            long start = Math.min(file.byteSize(), Math.ceilDiv(at, alignment) * alignment);
            checkPlaces(all, file.byteSize() - start);
            return new GgufHeader(metadata, Collections.unmodifiableMap(tensors), start);
        }

        /** Every tensor inside the data, and none on another. */
        private void checkPlaces(List<GgufTensor> tensors, long bytes) {
            List<GgufTensor> sorted = new ArrayList<>(tensors);
            sorted.sort(Comparator.comparingLong(GgufTensor::offset));
            long end = 0;
            for (GgufTensor tensor : sorted) {
                if (tensor.offset() < end) {
                    throw tensor(tensor.name(), "lies on another one", "tensors apart from each other");
                }
                if (tensor.bytes() > bytes - tensor.offset()) {
                    throw tensor(tensor.name(), "ends after the file", "a whole file");
                }
                end = tensor.offset() + tensor.bytes();
            }
        }

        private GgufMetadata.Value value(String key) {
            int type = integer("the type of " + Json.shown(key));
            if (type != GgufMetadata.ARRAY) {
                long from = at;
                skip(type, 1, key);
                return new GgufMetadata.Value(type, -1, from);
            }
            int element = integer("the type of " + Json.shown(key));
            if (element == GgufMetadata.ARRAY) {
                throw key(key, "is an array of arrays", "an array of numbers or texts");
            }
            int least = element == GgufMetadata.STRING ? Long.BYTES : Math.max(1, GgufMetadata.size(element));
            long count = count("elements of " + Json.shown(key), least);
            long from = at;
            skip(element, count, key);
            return new GgufMetadata.Value(element, count, from);
        }

        /** Passes over so many values of a type. */
        private void skip(int type, long count, String key) {
            if (type == GgufMetadata.STRING) {
                for (long i = 0; i < count; i++) {
                    long length = longInteger("a text of " + Json.shown(key));
                    need(length, "a text of " + Json.shown(key));
                    at += length;
                }
                return;
            }
            int size = GgufMetadata.size(type);
            if (size == 0) {
                throw key(
                        key, "has the type " + Integer.toUnsignedString(type), "a type that the format knows, 0 to 12");
            }
            need(count * size, Json.shown(key));
            at += count * size;
        }

        private GgufTensor tensor(long alignment) {
            String name = key("a tensor's name");
            int dims = integer("the tensor " + Json.shown(name));
            if (dims < 1 || dims > MAX_DIMS) {
                throw tensor(name, "has " + Integer.toUnsignedString(dims) + " dimensions", "1 to " + MAX_DIMS);
            }
            List<Long> shape = new ArrayList<>();
            long elements = 1;
            for (int i = 0; i < dims; i++) {
                long size = longInteger("the tensor " + Json.shown(name));
                if (size < 0 || (size > 0 && elements > Long.MAX_VALUE / 64 / size)) {
                    throw tensor(name, "has more elements than any file", "sizes that fit in the file");
                }
                elements *= size;
                shape.addFirst(size);
            }
            int id = integer("the tensor " + Json.shown(name));
            GgmlType type = GgmlType.numbered(id);
            if (type == null) {
                throw tensor(name, "has the type " + Integer.toUnsignedString(id), "a type that the format knows");
            }
            if (shape.getLast() % type.blockElements() != 0) {
                throw tensor(
                        name,
                        "has rows of " + shape.getLast(),
                        "whole blocks of " + type.blockElements() + " for " + type);
            }
            long offset = longInteger("the tensor " + Json.shown(name));
            if (offset < 0 || offset % alignment != 0) {
                throw tensor(name, "begins at " + Long.toUnsignedString(offset), "a multiple of " + alignment);
            }
            return new GgufTensor(name, type, shape, offset, elements / type.blockElements() * type.blockBytes());
        }

        private String key(String what) {
            long length = longInteger(what);
            if (length < 1 || length > MAX_KEY) {
                throw problem(
                        "has " + what + " of " + Long.toUnsignedString(length) + " bytes",
                        "1 to " + MAX_KEY + " bytes");
            }
            need(length, what);
            byte[] bytes = file.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
            at += length;
            return new String(bytes, StandardCharsets.UTF_8);
        }

        /** A number of things that take so many bytes each, at least. */
        private long count(String what, int least) {
            long count = longInteger("the number of " + what);
            if (count < 0 || count > (file.byteSize() - at) / least) {
                throw problem(
                        "claims " + Long.toUnsignedString(count) + " " + what + " where only " + (file.byteSize() - at)
                                + " bytes follow",
                        "a whole GGUF file");
            }
            return count;
        }

        private int integer(String what) {
            need(Integer.BYTES, what);
            int value = file.get(GgufMetadata.INT, at);
            at += Integer.BYTES;
            return value;
        }

        private long longInteger(String what) {
            need(Long.BYTES, what);
            long value = file.get(GgufMetadata.LONG, at);
            at += Long.BYTES;
            return value;
        }

        private void need(long bytes, String what) {
            if (bytes < 0 || bytes > file.byteSize() - at) {
                throw problem("ends inside " + what, "a whole GGUF file");
            }
        }

        private InputException problem(String found, String expected) {
            return new InputException(source + ": " + found + "; expected " + expected);
        }

        private InputException key(String key, String found, String expected) {
            return problem("key " + Json.shown(key) + " " + found, expected);
        }

        private InputException tensor(String name, String found, String expected) {
            return problem("tensor " + Json.shown(name) + " " + found, expected);
        }
    }
}
