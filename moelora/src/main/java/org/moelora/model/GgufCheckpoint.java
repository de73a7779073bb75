package org.moelora.model;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.moelora.engine.InputException;
import org.moelora.io.GgufFile;
import org.moelora.io.GgufTensor;
import org.moelora.kernels.DType;

/** The weights of a GGUF file, in place and in the formats they have there. Immutable and safe for use by several threads until it is closed. */
final class GgufCheckpoint implements WeightFiles {
    private final GgufFile file;
    private final Map<String, String> names;

    /** Takes the file over: it is closed with this. */
    GgufCheckpoint(GgufFile file, DecoderConfig config) {
        this.file = file;
        Architecture architecture = Architectures.of(config.architecture());
        this.names = Objects.requireNonNull(architecture.gguf()).names(config, architecture.names());
    }

    @Override
    public Path source() {
        return file.file();
    }

    @Override
    public Set<String> names() {
        return file.names();
    }

    @Override
    public String nameOf(Weights.Stored stored) {
        String name = names.get(stored.name());
        if (name == null) {
            throw new IllegalArgumentException(stored.name() + " has no name in GGUF");
        }
        return name;
    }

    /** Factors of rope are read with the configuration. */
    @Override
    public boolean isHarmless(String name) {
        return name.equals(GgufLayout.ROPE_FACTORS);
    }

    private GgufTensor tensor(Weights.Stored stored) {
        return tensor(file, nameOf(stored), stored.shape());
    }

    private static GgufTensor tensor(GgufFile file, String name, int... shape) {
        GgufTensor info = file.info(name);
        List<Long> expected = Arrays.stream(shape).asLongStream().boxed().toList();
        if (!info.shape().equals(expected)) {
            throw new InputException(file.file() + ": tensor " + name + " has the shape " + info.shape() + "; expected "
                    + expected + " by the metadata");
        }
        return info;
    }

    @Override
    public void check(Weights.Stored stored) {
        tensor(stored);
    }

    @Override
    public Matrix matrix(Weights.Stored stored) {
        GgufTensor info = tensor(stored);
        DType dtype = info.type().dtype();
        if (dtype == null) {
            throw new InputException(file.file() + ": tensor " + info.name() + " has the format " + info.type()
                    + "; expected F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K, as in a file made with"
                    + " Q8_0 or Q4_K_M");
        }
        return new Matrix(
                file.file() + ": tensor " + info.name(),
                file.segment(info.name()),
                dtype,
                stored.shape()[0],
                stored.shape()[1],
                false);
    }

    @Override
    public float[] vector(Weights.Stored stored) {
        String name = tensor(stored).name();
        return floats(file, name, stored.shape()[0]);
    }

    /**
     * The n elements of a vector.
     *
     * @throws InputException if there is no such tensor, or its shape or its format is another
     */
    static float[] floats(GgufFile file, String name, int n) {
        tensor(file, name, n);
        return file.readFloats(name);
    }

    @Override
    public String hash() {
        TensorHash hash = new TensorHash();
        file.names().stream().sorted().forEach(name -> hash.add(file.info(name).toString(), file.segment(name)));
        return hash.value();
    }

    @Override
    public void checkWhole() {
        file.checkWhole();
    }

    @Override
    public void close() {
        file.close();
    }
}
