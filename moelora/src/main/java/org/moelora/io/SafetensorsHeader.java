package org.moelora.io;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.engine.InputException;

/**
 * The JSON at the beginning of a safetensors file, checked against the number of data bytes that follow it: the tensors must
 * cover those bytes exactly, without overlap, hole or rest.
 *
 * @param tensors by name, in the header's order
 * @param metadata the free texts under {@code __metadata__}
 */
record SafetensorsHeader(Map<String, TensorInfo> tensors, Map<String, String> metadata) {
    /** The longest header that is read, as in the format's reference implementation. */
    static final long MAX_BYTES = 100_000_000;

    private static final String METADATA = "__metadata__";

    /**
     * @param json the header's bytes
     * @param dataBytes how many bytes follow the header
     * @param file what complaints call the file
     */
    static SafetensorsHeader parse(byte[] json, long dataBytes, String file) {
        JsonObject header = Json.parse(json, file + " header");
        Map<String, TensorInfo> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        for (String name : header.names()) {
            if (name.equals(METADATA)) {
                // Some writers say null for none.
                JsonObject texts = header.objectOrNull(METADATA);
                if (texts != null) {
                    texts.names().forEach(key -> metadata.put(key, texts.string(key)));
                }
            } else {
                tensors.put(name, tensor(name, header.object(name), file));
            }
        }
        checkCover(new ArrayList<>(tensors.values()), dataBytes, file);
        return new SafetensorsHeader(Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata));
    }

    private static TensorInfo tensor(String name, JsonObject entry, String file) {
        for (String field : entry.names()) {
            if (!field.equals("dtype") && !field.equals("shape") && !field.equals("data_offsets")) {
                throw refuse(file, name, "has a field \"" + field + "\"", "only dtype, shape and data_offsets");
            }
        }
        String typeName = entry.string("dtype");
        StoredType type = StoredType.named(typeName);
        if (type == null) {
            throw refuse(
                    file, name, "has dtype " + Json.shown(typeName), "one of " + Arrays.toString(StoredType.values()));
        }
        long[] shape = entry.array("shape").longIntegers();
        long[] offsets = entry.array("data_offsets").longIntegers();
        if (offsets.length != 2 || offsets[0] < 0 || offsets[1] < offsets[0]) {
            throw refuse(
                    file, name, "has data_offsets " + Arrays.toString(offsets), "[begin, end] with 0 <= begin <= end");
        }
        long taken = offsets[1] - offsets[0];
        long needed = bytes(shape, type, name, file);
        if (taken != needed) {
            String what = type + " " + Arrays.toString(shape);
            throw refuse(file, name, "takes " + taken + " bytes", needed + ", because it is " + what);
        }
        return new TensorInfo(name, type, shape, offsets[0], taken);
    }

    private static long bytes(long[] shape, StoredType type, String name, String file) {
        long bits = type.bits();
        try {
            for (long size : shape) {
                if (size < 0) {
                    throw refuse(file, name, "has shape " + Arrays.toString(shape), "no negative size");
                }
                bits = Math.multiplyExact(bits, size);
            }
        } catch (ArithmeticException e) {
            throw refuse(file, name, "has shape " + Arrays.toString(shape), "one whose size a long can hold");
        }
        if (bits % 8 != 0) {
            throw refuse(file, name, "is " + type + " " + Arrays.toString(shape), "a whole number of bytes");
        }
        return bits / 8;
    }

    private static void checkCover(List<TensorInfo> tensors, long dataBytes, String file) {
        tensors.sort(Comparator.comparingLong(TensorInfo::offset).thenComparingLong(TensorInfo::bytes));
        long end = 0;
        for (TensorInfo tensor : tensors) {
            if (tensor.offset() != end) {
                String found = tensor.offset() < end ? "overlaps another one" : "leaves a hole before it";
                throw refuse(file, tensor.name(), found, "it to begin at byte " + end + ", not " + tensor.offset());
            }
            // No sum of two longs overflows here: offset + bytes is the end that the header states.
            end = tensor.offset() + tensor.bytes();
        }
        if (end > dataBytes) {
            TensorInfo last = tensors.getLast();
            throw refuse(
                    file,
                    last.name(),
                    "ends at byte " + end + " of the data",
                    "at most " + dataBytes + ", the data there is (is the file truncated?)");
        }
        if (end < dataBytes) {
            throw new InputException(file + ": " + (dataBytes - end) + " bytes follow the last tensor; expected none");
        }
    }

    private static InputException refuse(String file, String name, String found, String expected) {
        return new InputException(file + ": tensor " + Json.shown(name) + " " + found + "; expected " + expected);
    }
}
