package org.moelora.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.FrozenWeight;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Quantizer;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Owner;

/**
 * Weights of files: matrices are read in place, or made blocks one after the other, and vectors are copied, which kernels want in float32. With Q4_0 the
 * embedding and the last linear are made Q8_0: they are a small part of a large model, and every loss goes through them.
 */
final class StoredWeights implements Weights.Source {
    private static final System.Logger LOG = System.getLogger(StoredWeights.class.getName());

    private final WeightFiles files;
    private final Device device;
    private final Quantization quantization;
    private final List<AutoCloseable> resources;
    private final ParameterBlock vectors;
    private final Arena arena;
    private final List<String> tables;
    private long quantized;
    private int kept;
    private String keptOne = "";

    /**
     * @param resources what is to be closed, in order, is added to
     */
    @SuppressWarnings("MustBeClosedChecker") // The arena is among the resources.
    StoredWeights(
            WeightFiles files,
            DecoderConfig config,
            Device device,
            Quantization quantization,
            List<AutoCloseable> resources) {
        this.files = files;
        this.device = device;
        this.quantization = quantization;
        this.resources = resources;
        TensorNames names = Architectures.of(config.architecture()).names();
        this.tables = List.of(names.embedding() + ".weight", names.head() + ".weight");
        // All sizes are in the files, or nothing is made: a configuration alone must not ask for gigabytes.
        Collection<Weights.Stored> all = Weights.stored(config).values();
        all.forEach(files::check);
        this.arena = Arena.ofShared();
        resources.addFirst(arena);
        ParameterBlock.Builder builder = ParameterBlock.builder(device, Owner.MODEL);
        all.stream().filter(stored -> !stored.isMatrix()).forEach(stored -> builder.add(stored.name(), stored.shape()));
        this.vectors = builder.build();
        resources.addFirst(vectors);
    }

    @Override
    public Weight matrix(Weights.Stored stored) {
        WeightFiles.Matrix matrix = blocks(files.matrix(stored), target(stored.name()));
        FrozenWeight weight = matrix.transposed()
                ? FrozenWeight.transposed(device, matrix.bytes(), matrix.dtype(), matrix.rows(), matrix.cols())
                : FrozenWeight.of(device, matrix.bytes(), matrix.dtype(), matrix.rows(), matrix.cols());
        resources.addFirst(weight);
        return weight;
    }

    private @Nullable DType target(String name) {
        DType dtype = quantization.dtype();
        return dtype == DType.Q4_0 && tables.contains(name) ? DType.Q8_0 : dtype;
    }

    private WeightFiles.Matrix blocks(WeightFiles.Matrix matrix, @Nullable DType dtype) {
        if (dtype == null || matrix.dtype().isQuantized()) {
            return matrix;
        }
        if (matrix.cols() % dtype.blockElements() != 0) {
            kept++;
            keptOne = keptOne.isEmpty() ? matrix.source() + ", rows of " + matrix.cols() : keptOne;
            return matrix;
        }
        long n = (long) matrix.rows() * matrix.cols();
        MemorySegment bytes = arena.allocate(dtype.bytes(n), Long.BYTES);
        try {
            Quantizer.quantize(matrix.bytes(), matrix.dtype(), n, dtype, bytes);
        } catch (ArithmeticException e) {
            throw new InputException(
                    matrix.source() + ": " + e.getMessage() + "; expected numbers that blocks can be made of", e);
        }
        quantized += bytes.byteSize();
        return new WeightFiles.Matrix(matrix.source(), bytes, dtype, matrix.rows(), matrix.cols(), matrix.transposed());
    }

    /** Says once what was made of the weights. */
    void log() {
        if (quantization == Quantization.NONE) {
            return;
        }
        LOG.log(
                System.Logger.Level.INFO,
                "quantized to {0}: {1} MiB{2}",
                quantization.id(),
                Long.toString(quantized >> 20),
                kept == 0
                        ? ""
                        : "; " + kept + " matrices stay in floats, as blocks do not divide their rows: " + keptOne);
    }

    @Override
    public Tensor vector(Weights.Stored stored) {
        Parameter vector = vectors.get(stored.name());
        vector.set(files.vector(stored));
        return vector;
    }
}
