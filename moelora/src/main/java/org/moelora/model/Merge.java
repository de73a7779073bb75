package org.moelora.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LinearSite;
import org.moelora.adapter.LoraConfig;
import org.moelora.engine.InputException;
import org.moelora.io.AtomicFile;
import org.moelora.io.AtomicFolder;
import org.moelora.io.Bfloat16;
import org.moelora.io.FolderFile;
import org.moelora.io.JsonWriter;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.io.StoredType;
import org.moelora.io.TensorInfo;

/**
 * A LoRA put into the weights it sits beside, {@code W = W0 + s B A} on each adapted linear, with DoRA times {@code m / |W|} of each row, as a checkpoint of its own. Weights keep their names, their
 * places in files and, unless another is asked for, their number format; what is not adapted is copied. Sums are rounded to the format once they
 * are added up, to the nearest number and ties to the even one, so that a merged bfloat16 checkpoint answers a little otherwise than base and adapter.
 *
 * <p>Read and written a row at a time, with DoRA read twice. Immutable; base and adapter are only read, and must stay open meanwhile.
 */
public final class Merge {
    /** Number formats of a merged checkpoint. */
    public enum Dtype {
        /** Each tensor's own. */
        SAME(null, ""),
        F32(StoredType.F32, "float32"),
        BF16(StoredType.BF16, "bfloat16"),
        F16(StoredType.F16, "float16");

        private final @Nullable StoredType type;

        /** What config.json calls it. */
        private final String word;

        Dtype(@Nullable StoredType type, String word) {
            this.type = type;
            this.word = word;
        }

        private StoredType of(StoredType stored) {
            return type != null && FLOATS.contains(stored) ? type : stored;
        }
    }

    private static final Set<StoredType> FLOATS = Set.of(StoredType.F32, StoredType.BF16, StoredType.F16);

    /** What a folder has beside its weights that a reader of them needs, or has to be given with them. */
    private static final Pattern BESIDE = Pattern.compile(
            "config\\.json|generation_config\\.json|tokenizer.*|special_tokens_map\\.json|chat_template.*"
                    + "|added_tokens\\.json|vocab\\.(json|txt)|merges\\.txt|(LICENSE|NOTICE)(\\.(md|txt))?");

    private static final Pattern DTYPE_FIELD =
            Pattern.compile("(\"(?:torch_)?dtype\"\\s*:\\s*)\"(?:float32|bfloat16|float16)\"");

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Of a tensor that is not adapted, and is only rounded. */
    private static final int PIECE = 1 << 14;

    private final Decoder base;
    private final Checkpoint checkpoint;
    private final Adapter adapter;
    private final Dtype dtype;

    private Merge(Decoder base, Checkpoint checkpoint, Adapter adapter, Dtype dtype) {
        this.base = base;
        this.checkpoint = checkpoint;
        this.adapter = adapter;
        this.dtype = dtype;
    }

    /**
     * A merge in the base's own number formats.
     *
     * @throws InputException if the adapter has gates, or does not fit this base, or the base is no folder of safetensors
     */
    public static Merge of(Decoder base, Adapter adapter) {
        if (!(adapter.config() instanceof LoraConfig)) {
            throw new InputException("an adapter with experts cannot be merged: how much of each is added to a weight"
                    + " depends on the token, and a merged weight is the same for all; expected a LoRA");
        }
        if (!(base.files() instanceof Checkpoint checkpoint)) {
            throw new InputException("the base has no safetensors to merge into; expected one that was loaded from a"
                    + " folder of them");
        }
        Set<LinearSite> linears = new HashSet<>(base.linears());
        for (LinearSite site : adapter.sites()) {
            if (!linears.contains(site)) {
                throw new InputException("the adapter is on " + site.name() + " [" + site.out() + ", " + site.in()
                        + "]; expected linears that " + base.source() + " has");
            }
        }
        return new Merge(base, checkpoint, adapter, Dtype.SAME);
    }

    /** This merge with all F32, BF16 and F16 tensors in another number format. */
    public Merge as(Dtype other) {
        return new Merge(base, checkpoint, adapter, other);
    }

    /**
     * Refuses a folder that {@link #into} would.
     *
     * @throws InputException if a file of that name exists
     */
    public static void checkNew(Path folder) {
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            throw new InputException(folder + ": exists already; merge into a folder that does not exist yet");
        }
    }

    /**
     * Writes the merged checkpoint, whole or not at all.
     *
     * @param folder a new one
     * @throws InputException if it exists or cannot be written, or a number is too large for the number format asked for
     * @throws IllegalStateException if base or adapter are closed
     */
    public void into(Path folder) {
        checkNew(folder);
        try (LanguageModel.Uses uses = base.with(adapter).enter()) {
            Map<String, LinearSite> adapted = new HashMap<>();
            adapter.sites().forEach(site -> adapted.put(checkpoint.nameOf(site.name() + ".weight"), site));
            AtomicFolder.write(folder, Set.of(), part -> {
                copyBeside(part);
                long bytes = 0;
                for (SafetensorsFile file : checkpoint.files()) {
                    bytes += write(file, adapted, part.resolve(file.file().getFileName()));
                }
                if (checkpoint.indexed()) {
                    writeIndex(part, bytes);
                }
            });
        } catch (InternalError e) {
            throw base.explained(e);
        }
    }

    /** Returns how many bytes its tensors have. */
    private long write(SafetensorsFile file, Map<String, LinearSite> adapted, Path to) {
        SafetensorsWriter writer = new SafetensorsWriter();
        file.metadata().forEach(writer::metadata);
        long bytes = 0;
        for (String name : file.names()) {
            TensorInfo info = file.info(name);
            StoredType type = dtype.of(info.type());
            LinearSite site = adapted.get(name);
            bytes += info.elements() * type.bits() / 8;
            if (site != null) {
                int columns = Math.toIntExact(info.shape()[1]);
                writer.values(name, type, info.shape(), columns, new MergedRows(file, info, type, site));
            } else if (type == info.type()) {
                writer.bytes(name, type, info.shape(), file.segment(name));
            } else {
                writer.values(name, type, info.shape(), PIECE, (from, piece) -> {
                    read(file, info, from, piece);
                    checkRange(file, info, type, piece);
                });
            }
        }
        writer.write(to);
        return bytes;
    }

    /** Rows of one adapted weight. Its update is on the heap from the first row to the last, so that only one ever is. */
    private final class MergedRows implements SafetensorsWriter.Values {
        private final SafetensorsFile file;
        private final TensorInfo info;
        private final StoredType type;
        private final LinearSite site;
        private @Nullable LowRankUpdate update;
        private double @Nullable [] factors;

        MergedRows(SafetensorsFile file, TensorInfo info, StoredType type, LinearSite site) {
            this.file = file;
            this.info = info;
            this.type = type;
            this.site = site;
        }

        @Override
        public void read(long from, float[] row) {
            LowRankUpdate rows = update;
            if (rows == null) {
                rows = LowRankUpdate.of(
                        adapter,
                        site,
                        Architectures.of(base.config().architecture()).transposedLinears());
                float[] m = adapter.magnitudes(site);
                factors = m == null
                        ? null
                        : rows.factors(
                                m,
                                info.elements() / row.length,
                                (index, into) -> Merge.read(file, info, index * into.length, into));
            }
            Merge.read(file, info, from, row);
            long index = from / row.length;
            double[] sum = rows.plus(index, row);
            if (factors != null) {
                rows.scale(index, sum, factors);
            }
            for (int j = 0; j < row.length; j++) {
                row[j] = (float) sum[j];
            }
            checkRange(file, info, type, row);
            update = from + row.length < info.elements() ? rows : null;
        }
    }

    private static void read(SafetensorsFile file, TensorInfo info, long from, float[] into) {
        MemorySegment bytes = file.segment(info.name());
        switch (info.type()) {
            case F32 -> MemorySegment.copy(bytes, FLOAT, from * Float.BYTES, into, 0, into.length);
            case BF16 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = Bfloat16.toFloat(bytes.get(SHORT, (from + i) * Short.BYTES));
                }
            }
            case F16 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = Float.float16ToFloat(bytes.get(SHORT, (from + i) * Short.BYTES));
                }
            }
            default ->
                throw new InputException(
                        file.file() + ": tensor " + info + "; expected a linear's weight in F32, BF16 or F16");
        }
    }

    private static void checkRange(SafetensorsFile file, TensorInfo info, StoredType type, float[] values) {
        for (float value : values) {
            float rounded = switch (type) {
                case BF16 -> Bfloat16.toFloat(Bfloat16.fromFloat(value));
                case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
                default -> value;
            };
            if (Float.isInfinite(rounded) || Float.isNaN(rounded)) {
                throw new InputException(file.file() + ": tensor " + info.name() + " would hold " + value
                        + ", which is no finite number in " + type + "; expected another --dtype, or other weights");
            }
        }
    }

    private void copyBeside(Path part) throws IOException {
        List<Path> entries;
        try (Stream<Path> all = Files.list(checkpoint.source())) {
            entries = all.sorted().toList();
        }
        for (Path entry : entries) {
            String name = entry.getFileName().toString();
            if (!BESIDE.matcher(name).matches() || !Files.isRegularFile(entry)) {
                continue;
            }
            Path from = FolderFile.of(checkpoint.source(), name);
            Path to = part.resolve(name);
            if (name.equals("config.json") && dtype != Dtype.SAME) {
                String text = Files.readString(from, StandardCharsets.UTF_8);
                AtomicFile.write(to, DTYPE_FIELD.matcher(text).replaceAll("$1\"" + dtype.word + "\""));
                continue;
            }
            // Bytes alone: the permissions of a file that may not be written would be copied too.
            try (InputStream in = Files.newInputStream(from);
                    OutputStream out = Files.newOutputStream(to, StandardOpenOption.CREATE_NEW)) {
                in.transferTo(out);
            }
        }
    }

    private void writeIndex(Path part, long bytes) {
        Map<String, String> home = new TreeMap<>();
        for (SafetensorsFile file : checkpoint.files()) {
            String name = String.valueOf(file.file().getFileName());
            file.names().forEach(tensor -> home.put(tensor, name));
        }
        AtomicFile.write(
                part.resolve(Checkpoint.INDEX),
                JsonWriter.pretty(new TreeMap<>(Map.of("metadata", Map.of("total_size", bytes), "weight_map", home))));
    }
}
