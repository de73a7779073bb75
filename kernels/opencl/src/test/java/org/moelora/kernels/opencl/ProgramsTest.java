package org.moelora.kernels.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.jocl.CL.clCreateKernel;
import static org.jocl.CL.clReleaseKernel;
import static org.jocl.CL.clReleaseProgram;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.cl_kernel;
import org.jocl.cl_program;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.kernels.DType;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/** Building programs, and keeping their binaries. */
class ProgramsTest {
    private static final String ONE = "__kernel void probe(ARG(float, x)) { USE(float, x); x[0] = 1; }";
    private static final String TWO = "__kernel void probe(ARG(float, x)) { USE(float, x); x[0] = 2; }";

    private @Nullable OpenClDevice opened;

    @BeforeEach
    void open() {
        opened = OpenClConformanceTest.open(new DeviceOptions(0, true), 0);
    }

    @AfterEach
    void close() {
        if (opened != null) {
            opened.close();
        }
    }

    /** What a program's {@code probe} writes, when it is built with an empty cache. */
    private static float probe(OpenClDevice device, Path folder, String text) {
        return probe(device, new Programs(device.commands(), 64, new BinaryCache(folder, "some device")), text);
    }

    private static float probe(OpenClDevice device, Programs built, String text) {
        try (Programs programs = built;
                Memory x = device.allocate(DType.F32, 1, Owner.TAPE)) {
            cl_program program = programs.build("probe.cl", text, "");
            cl_kernel kernel = clCreateKernel(program, "probe", null);
            new Launch(device.commands(), new Kernel("probe", kernel, 64))
                    .arg((DeviceMemory) x)
                    .run(new long[] {1}, new long[] {1});
            float[] found = new float[1];
            device.read(x, 0, found);
            clReleaseKernel(kernel);
            clReleaseProgram(program);
            return found[0];
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.sorted().toList();
        }
    }

    @Test
    void aBinaryThatIsThereIsTaken(@TempDir Path folder) throws IOException {
        assertThat(probe(opened, folder, ONE)).isEqualTo(1);
        List<Path> one = files(folder);
        assertThat(one).hasSize(1);
        assertThat(probe(opened, folder, TWO)).isEqualTo(2);
        Path two = files(folder).stream()
                .filter(file -> !one.contains(file))
                .findFirst()
                .orElseThrow();
        Files.write(two, Files.readAllBytes(one.getFirst()));
        assertThat(probe(opened, folder, TWO))
                .as("the binary of the other program")
                .isEqualTo(1);
    }

    @Test
    void aBinaryThatWasChangedOrCutOffIsMadeAgain(@TempDir Path folder) throws IOException {
        probe(opened, folder, TWO);
        Path file = files(folder).getFirst();
        byte[] whole = Files.readAllBytes(file);
        byte[] changed = whole.clone();
        changed[whole.length / 2] ^= 1;
        for (byte[] bad :
                List.of(changed, new byte[0], new byte[20], java.util.Arrays.copyOf(whole, whole.length - 1))) {
            Files.write(file, bad);
            assertThat(probe(opened, folder, TWO)).isEqualTo(2);
            assertThat(Files.size(file)).as("made again").isGreaterThan(32);
            assertThat(Files.readAllBytes(file)).isNotEqualTo(bad);
        }
    }

    @Test
    void aBinaryThatTheDriverRefusesIsMadeAgain(@TempDir Path folder) throws IOException {
        probe(opened, folder, TWO);
        Path file = files(folder).getFirst();
        String key = file.getFileName().toString().replace(".bin", "");
        new BinaryCache(folder, "some device").write(key, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
        assertThat(probe(opened, folder, TWO)).isEqualTo(2);
        assertThat(Files.size(file)).isGreaterThan(100);
    }

    @Test
    void anotherDeviceDriverOptionOrSourceIsAnotherBinary(@TempDir Path folder) {
        BinaryCache cache = new BinaryCache(folder, "a");
        assertThat(List.of(
                        cache.key("x", "y"),
                        cache.key("xy", ""),
                        cache.key("", "xy"),
                        cache.key("x", "z"),
                        new BinaryCache(folder, "b").key("x", "y")))
                .doesNotHaveDuplicates();
        assertThat(cache.key("x", "y")).isEqualTo(new BinaryCache(folder, "a").key("x", "y"));
    }

    @Test
    void aFolderThatCannotBeWrittenOnlyCostsTime(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("a file"), "and no folder");
        assertThat(probe(opened, file.resolve("cache"), ONE)).isEqualTo(1);
        assertThat(probe(opened, file.resolve("cache"), TWO)).isEqualTo(2);
        assertThat(file).hasContent("and no folder");
    }

    /** Some drivers give a size of zero, some an error. */
    @Test
    void aDriverThatHandsOutNoBinariesOnlyCostsTime(@TempDir Path folder) throws IOException {
        List<Programs.Binaries> answers = List.of(program -> new byte[0], program -> {
            throw new CLException("CL_INVALID_VALUE", CL.CL_INVALID_VALUE);
        });
        for (Programs.Binaries answer : answers) {
            BinaryCache cache = new BinaryCache(folder, "some device");
            for (int time = 0; time < 2; time++) {
                Programs programs = new Programs(opened.commands(), 64, cache, answer);
                assertThat(probe(opened, programs, TWO)).isEqualTo(2);
            }
        }
        assertThat(files(folder)).isEmpty();
    }

    @Test
    void whatDoesNotCompileIsShownWithTheLogAndTheLine(@TempDir Path folder) throws IOException {
        String text = "__kernel void probe(ARG(float, x)) {\n    USE(float, x);\n    x[0] = nowhere + 1;\n}\n";
        assertThatIllegalStateException()
                .isThrownBy(() -> probe(opened, folder, text))
                .withMessageContaining("probe.cl does not compile on opencl:0")
                .withMessageContaining("probe.cl:3: x[0] = nowhere + 1;")
                .withMessageContaining("undeclared identifier 'nowhere'");
        assertThat(files(folder)).isEmpty();
    }
}
