package org.moelora.hostile;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Damages good files: bytes anywhere, the pieces of JSON, and the length and header of safetensors. Same seed, same damage. */
final class Mutations {
    private static final Pattern PIECE =
            Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*+\"|-?[0-9][0-9.eE+-]*+|true|false|null|[\\[\\]{}:,]");

    private static final List<String> VALUES = List.of(
            "0",
            "-1",
            "-0",
            "1",
            "7",
            "0.5",
            "1e-320",
            "1e308",
            "1e999",
            "NaN",
            "Infinity",
            "16777215",
            "16777216",
            "2147483647",
            "2147483648",
            "-2147483648",
            "4611686018427387904",
            "9223372036854775807",
            "9223372036854775808",
            "1" + "0".repeat(400),
            "null",
            "true",
            "[]",
            "{}",
            "\"\"",
            "\"../../../etc/passwd\"",
            "\"/dev/zero\"",
            "\"a\\u0000b\"",
            "\"\\ud800\"",
            "\"(a|a)*b\"",
            "\"(?:|^)*(\"",
            "\"" + "x".repeat(5000) + "\"",
            "[".repeat(40) + "]".repeat(40),
            "[".repeat(100_000),
            "{\"a\":".repeat(70) + "1" + "}".repeat(70));

    private final Random random;

    Mutations(long seed) {
        random = new Random(seed);
    }

    /** Bytes flipped, cut, doubled, zeroed or put in anywhere. */
    byte[] bytes(byte[] good) {
        byte[] bad = good.clone();
        for (int times = 1 + random.nextInt(3); times > 0 && bad.length > 0; times--) {
            int at = random.nextInt(bad.length);
            int length = 1 + random.nextInt(Math.min(64, bad.length - at));
            bad = switch (random.nextInt(6)) {
                case 0 -> {
                    bad[at] ^= (byte) (1 << random.nextInt(8));
                    yield bad;
                }
                case 1 -> {
                    bad[at] = (byte) random.nextInt(256);
                    yield bad;
                }
                case 2 -> Arrays.copyOf(bad, at);
                case 3 -> spliced(bad, at, at + length, new byte[0]);
                case 4 -> spliced(bad, at, at, Arrays.copyOfRange(bad, at, at + length));
                default -> {
                    Arrays.fill(bad, at, at + length, (byte) 0);
                    yield bad;
                }
            };
        }
        return bad;
    }

    /** A piece of JSON, a value, a name or a bracket, replaced, dropped, doubled or put in the place of another one. */
    byte[] json(byte[] good) {
        String text = new String(good, StandardCharsets.UTF_8);
        List<int[]> pieces = new ArrayList<>();
        Matcher matcher = PIECE.matcher(text);
        while (matcher.find()) {
            pieces.add(new int[] {matcher.start(), matcher.end()});
        }
        if (pieces.isEmpty()) {
            return bytes(good);
        }
        int[] piece = pieces.get(random.nextInt(pieces.size()));
        int[] other = pieces.get(random.nextInt(pieces.size()));
        String old = text.substring(piece[0], piece[1]);
        String with = switch (random.nextInt(8)) {
            case 0 -> "";
            case 1 -> old + "," + old;
            case 2 -> text.substring(other[0], other[1]);
            default -> VALUES.get(random.nextInt(VALUES.size()));
        };
        return (text.substring(0, piece[0]) + with + text.substring(piece[1])).getBytes(StandardCharsets.UTF_8);
    }

    /** A safetensors file's length field, its header with a length that fits, or any bytes. */
    byte[] safetensors(byte[] good) {
        ByteBuffer buffer = ByteBuffer.wrap(good.clone()).order(ByteOrder.LITTLE_ENDIAN);
        int header = Math.toIntExact(buffer.getLong(0));
        return switch (random.nextInt(4)) {
            case 0 -> {
                long[] lengths = {
                    0,
                    1,
                    header - 1,
                    header + 1,
                    good.length,
                    good.length - 8,
                    100_000_001,
                    1L << 60,
                    -1,
                    Long.MIN_VALUE
                };
                yield buffer.putLong(0, lengths[random.nextInt(lengths.length)]).array();
            }
            case 1 -> bytes(good);
            default -> {
                byte[] json = json(Arrays.copyOfRange(good, 8, 8 + header));
                buffer.putLong(0, json.length);
                yield spliced(buffer.array(), 8, 8 + header, json);
            }
        };
    }

    /**
     * A GGUF file: mostly in its header, where counts, lengths, types, sizes and offsets are integers of 32 and 64 bits, which become ones that are too large, too small or
     * those of another place.
     *
     * @param header bytes of it
     */
    byte[] gguf(byte[] good, int header) {
        int choice = random.nextInt(8);
        if (choice == 0) {
            return bytes(good);
        }
        if (choice < 4) {
            byte[] damaged = bytes(Arrays.copyOf(good, header));
            return choice == 1 ? damaged : spliced(good, 0, header, damaged);
        }
        long[] numbers = {
            0,
            1,
            3,
            4,
            8,
            9,
            13,
            32,
            64,
            header,
            good.length,
            1L << 31,
            (1L << 32) - 1,
            1L << 40,
            1L << 60,
            -1,
            Long.MIN_VALUE
        };
        ByteBuffer buffer = ByteBuffer.wrap(good.clone()).order(ByteOrder.LITTLE_ENDIAN);
        int at = random.nextInt(header - Long.BYTES);
        long number = numbers[random.nextInt(numbers.length)];
        if (choice < 6) {
            buffer.putInt(at, (int) number);
        } else {
            buffer.putLong(at, choice == 6 ? number : buffer.getLong(random.nextInt(header - Long.BYTES)));
        }
        return buffer.array();
    }

    /** Whether a mutation of this kind of choice comes out. */
    boolean oneIn(int many) {
        return random.nextInt(many) == 0;
    }

    private static byte[] spliced(byte[] all, int from, int to, byte[] with) {
        return ByteBuffer.allocate(all.length - (to - from) + with.length)
                .put(all, 0, from)
                .put(with)
                .put(all, to, all.length - to)
                .array();
    }
}
