package org.moelora.io;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Tells files that are no JSON by how they begin, to say what they are and what to make of them. */
final class RowsFormat {
    /** How many bytes of a file are looked at. */
    static final int LENGTH = 4096;

    private static final String WRITE = "rows written as JSON Lines";
    private static final String UNPACK = "the file in it, unpacked";

    /**
     * A format.
     *
     * @param begin the bytes that such a file begins with, a char each
     * @param is what such a file is
     * @param expected what to give instead
     */
    private record Format(String begin, String is, String expected) {}

    private static final List<Format> FORMATS = List.of(
            new Format("PAR1", "a Parquet file", WRITE),
            new Format("ARROW1", "an Arrow file", WRITE),
            new Format("\u00ff\u00ff\u00ff\u00ff", "an Arrow stream", WRITE),
            new Format("FEA1", "a Feather file", WRITE),
            new Format("Obj\u0001", "an Avro file", WRITE),
            new Format("ORC", "an ORC file", WRITE),
            new Format("SQLite format 3", "an SQLite database", WRITE),
            new Format("\u0089HDF", "an HDF5 file", WRITE),
            new Format("\u00d0\u00cf\u0011\u00e0", "an old Office file", WRITE),
            new Format("\u0093NUMPY", "a NumPy file", WRITE),
            new Format("\u001f\u008b", "compressed with gzip", UNPACK + " (gunzip)"),
            new Format("BZh", "compressed with bzip2", UNPACK + " (bunzip2)"),
            new Format("\u00fd7zXZ", "compressed with xz", UNPACK + " (unxz)"),
            new Format("(\u00b5/\u00fd", "compressed with zstd", UNPACK + " (unzstd)"),
            new Format("\u0004\"M\u0018", "compressed with lz4", UNPACK + " (unlz4)"),
            new Format("7z\u00bc\u00af", "a 7z archive", UNPACK),
            new Format("Rar!", "a RAR archive", UNPACK),
            new Format("GGUF", "a GGUF model", "rows of data; a model is given with --model"),
            new Format("%PDF", "a PDF document", WRITE),
            new Format(
                    "version https://git-lfs",
                    "a pointer of Git LFS, not the file itself",
                    "the file itself (git lfs pull)"));

    /** The name of a column, as opposed to a part of a sentence. */
    private static final Pattern COLUMN = Pattern.compile("\\s*\"?(\\S{1,40}( \\S{1,40}){0,2})?\"?\\s*");

    private RowsFormat() {}

    /** The sentence about a file that begins so, after its name; null if it may be JSON. */
    static @Nullable String complaint(byte[] begin) {
        String bytes = new String(begin, StandardCharsets.ISO_8859_1);
        if (bytes.startsWith("PK\u0003\u0004")) {
            return zip(bytes);
        }
        if (bytes.startsWith("\u00ff\u00fe") || bytes.startsWith("\u00fe\u00ff") || isWide(bytes)) {
            return "is text in UTF-16 or UTF-32; expected text in UTF-8";
        }
        for (Format format : FORMATS) {
            if (bytes.startsWith(format.begin)) {
                return "is " + format.is + "; expected " + format.expected;
            }
        }
        if (bytes.startsWith("ustar", 257)) {
            return "is a tar archive; expected " + UNPACK;
        }
        return text(new String(begin, StandardCharsets.UTF_8).replaceFirst("^\uFEFF", ""));
    }

    /** The first files of an Office document have names of their own. */
    private static String zip(String bytes) {
        if (bytes.contains("xl/")) {
            return "is an Excel workbook; expected " + WRITE;
        }
        if (bytes.contains("[Content_Types].xml")) {
            return "is an Office document; expected " + WRITE;
        }
        return "is a zip archive; expected " + UNPACK;
    }

    /** An ASCII character with a zero byte beside it. */
    private static boolean isWide(String bytes) {
        return bytes.length() >= 2 && (bytes.charAt(0) == 0) != (bytes.charAt(1) == 0);
    }

    private static @Nullable String text(String begin) {
        String text = begin.stripLeading();
        if (text.isEmpty() || text.charAt(0) == '{' || text.charAt(0) == '[') {
            return null;
        }
        String first = text.lines().findFirst().orElse("");
        if (first.regionMatches(true, 0, "<!doctype", 0, 9) || first.regionMatches(true, 0, "<html", 0, 5)) {
            return "is an HTML page, not the data; expected " + WRITE;
        }
        if (first.startsWith("<?xml")) {
            return "is XML; expected " + WRITE;
        }
        for (char separator : new char[] {'\t', ',', ';'}) {
            String[] columns = first.split(Pattern.quote(String.valueOf(separator)), -1);
            if (columns.length > 1
                    && Arrays.stream(columns)
                            .allMatch(name -> COLUMN.matcher(name).matches())) {
                return "is " + (separator == '\t' ? "TSV" : "CSV") + " with the columns " + shown(columns)
                        + "; expected JSON Lines, one object per row with the columns as its fields";
            }
        }
        return null;
    }

    private static String shown(String[] columns) {
        StringBuilder names = new StringBuilder();
        for (int i = 0; i < Math.min(8, columns.length); i++) {
            names.append(i == 0 ? "" : ", ").append(columns[i].strip().replaceAll("^\"|\"$", ""));
        }
        return columns.length > 8 ? names + " and " + (columns.length - 8) + " more" : names.toString();
    }
}
