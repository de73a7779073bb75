package org.moelora.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.moelora.data.TokenRow;
import org.moelora.io.JsonRows;

/** The parity vectors, as test resources. */
public final class Vectors {
    private static final Path ROOT = Path.of("src/test/resources/vectors");

    private Vectors() {}

    /** A file or folder of the vectors. */
    public static Path path(String name) {
        return ROOT.resolve(name);
    }

    /** The 32 rows of a checkpoint's batches. */
    public static List<TokenRow> rows(String model) {
        List<TokenRow> rows = new ArrayList<>();
        JsonRows.read(
                path(model + ".batches.jsonl"),
                row -> rows.add(new TokenRow(
                        row.array("input_ids").integers(), row.array("labels").integers(), null, rows.size())));
        return rows;
    }
}
