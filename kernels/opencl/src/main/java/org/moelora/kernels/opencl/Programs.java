package org.moelora.kernels.opencl;

import static org.jocl.CL.CL_PROGRAM_BINARIES;
import static org.jocl.CL.CL_PROGRAM_BINARY_SIZES;
import static org.jocl.CL.CL_PROGRAM_BUILD_LOG;
import static org.jocl.CL.clBuildProgram;
import static org.jocl.CL.clCreateKernel;
import static org.jocl.CL.clCreateProgramWithBinary;
import static org.jocl.CL.clCreateProgramWithSource;
import static org.jocl.CL.clGetProgramBuildInfo;
import static org.jocl.CL.clGetProgramInfo;
import static org.jocl.CL.clReleaseProgram;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.cl_device_id;
import org.jocl.cl_program;
import org.jspecify.annotations.Nullable;

/**
 * Kernels by name, compiled when they are first asked for and kept as long as the device; their binaries are kept on disk by {@link BinaryCache}. Every program is
 * {@code common.cl} and one family's file, with its constants as {@code -D} options. Safe for use by several threads.
 */
final class Programs implements AutoCloseable {
    private static final Pattern LINE = Pattern.compile("(?m)^(?=.*error).*?:(\\d+):\\d+:");

    private static final System.Logger LOG = System.getLogger(Programs.class.getName());

    private final Commands commands;
    private final int group;
    private final String options;
    private final BinaryCache cache;
    private final Binaries binaries;
    private boolean saidWithout;
    private final String common = source("common.cl") + "\n";
    private final Map<String, cl_program> programs = new HashMap<>();
    private final Map<Key, Kernel> kernels = new HashMap<>();
    private boolean closed;

    /** A kernel's place: a record, as putting one text together takes longer than starting a small kernel. */
    private record Key(String family, String name, String constants) {}

    /** What a driver says of a program: its binary, or nothing. */
    @FunctionalInterface
    interface Binaries {
        byte[] of(cl_program program);
    }

    /**
     * @param group work-items of a usual group, a power of two
     */
    Programs(Commands commands, int group, BinaryCache cache) {
        this(commands, group, cache, Programs::binary);
    }

    Programs(Commands commands, int group, BinaryCache cache, Binaries binaries) {
        this.binaries = binaries;
        this.commands = commands;
        this.group = group;
        this.options = "-cl-std=CL1.2 -DGROUP=" + group;
        this.cache = cache;
    }

    /** Work-items of a usual group. */
    int group() {
        return group;
    }

    Kernel kernel(String family, String name) {
        return kernel(family, name, "");
    }

    /**
     * @param constants {@code -D} options, separated by spaces
     */
    synchronized Kernel kernel(String family, String name, String constants) {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
        Key key = new Key(family, name, constants);
        Kernel known = kernels.get(key);
        if (known == null) {
            cl_program program = program(family, constants);
            known = new Kernel(name, clCreateKernel(program, name, null), group);
            kernels.put(key, known);
        }
        return known;
    }

    private cl_program program(String family, String constants) {
        String key = family + " " + constants;
        cl_program known = programs.get(key);
        if (known == null) {
            known = build(family + ".cl", source(family + ".cl"), constants);
            programs.put(key, known);
        }
        return known;
    }

    /**
     * Builds a program, or takes what the cache has of it.
     *
     * @throws IllegalStateException if the compiler refuses it, with its log and the first line it names
     */
    cl_program build(String file, String text, String constants) {
        String flags = options + (constants.isEmpty() ? "" : " " + constants);
        String whole = common + text;
        String key = cache.key(flags, whole);
        Optional<byte[]> binary = cache.read(key);
        if (binary.isPresent()) {
            cl_program program = fromBinary(binary.get(), flags);
            if (program != null) {
                return program;
            }
            cache.drop(key);
        }
        cl_program program = clCreateProgramWithSource(
                commands.context(), 1, new String[] {whole}, new long[] {whole.length()}, null);
        try {
            clBuildProgram(program, 1, new cl_device_id[] {commands.device()}, flags, null, null);
        } catch (CLException e) {
            String log = log(program);
            clReleaseProgram(program);
            throw new IllegalStateException(
                    file + " does not compile on " + commands.name() + " with " + flags + where(file, text, log) + "\n"
                            + log,
                    e);
        }
        keep(key, program);
        return program;
    }

    private @Nullable cl_program fromBinary(byte[] binary, String flags) {
        @Nullable cl_program program = null;
        try {
            program = clCreateProgramWithBinary(
                    commands.context(),
                    1,
                    new cl_device_id[] {commands.device()},
                    new long[] {binary.length},
                    new byte[][] {binary},
                    null,
                    null);
            clBuildProgram(program, 1, new cl_device_id[] {commands.device()}, flags, null, null);
            return program;
        } catch (CLException e) { // a driver says no to a binary that it did not make: it is compiled again
            if (program != null) {
                clReleaseProgram(program);
            }
            return null;
        }
    }

    /** Keeps a built program's binary for the next time. A driver that hands none out costs a compilation each time and nothing else. */
    private void keep(String key, cl_program program) {
        try {
            byte[] binary = binaries.of(program);
            if (binary.length > 0) {
                cache.write(key, binary);
                return;
            }
            without("none");
        } catch (CLException e) {
            without(String.valueOf(e.getMessage()));
        }
    }

    private void without(String answer) {
        if (!saidWithout) {
            saidWithout = true;
            LOG.log(
                    System.Logger.Level.INFO,
                    "the driver of {0} hands out no compiled programs ({1}), so they are compiled each time",
                    commands.name(),
                    answer);
        }
    }

    private static byte[] binary(cl_program program) {
        long[] size = new long[1];
        clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, Long.BYTES, Pointer.to(size), null);
        byte[] binary = new byte[Math.toIntExact(size[0])];
        if (binary.length > 0) {
            clGetProgramInfo(program, CL_PROGRAM_BINARIES, Long.BYTES, Pointer.to(Pointer.to(binary)), null);
        }
        return binary;
    }

    private String log(cl_program program) {
        long[] size = new long[1];
        clGetProgramBuildInfo(program, commands.device(), CL_PROGRAM_BUILD_LOG, 0, null, size);
        byte[] log = new byte[Math.toIntExact(size[0])];
        clGetProgramBuildInfo(program, commands.device(), CL_PROGRAM_BUILD_LOG, log.length, Pointer.to(log), null);
        return new String(log, StandardCharsets.UTF_8).replace("\0", "").strip();
    }

    /** Where the compiler stopped: it counts the lines of both files as one, as not every compiler takes {@code #line}. */
    private String where(String file, String text, String log) {
        Matcher line = LINE.matcher(log);
        if (!line.find()) {
            return "";
        }
        int number = Integer.parseInt(line.group(1));
        int before = (int) common.lines().count();
        boolean shared = number <= before;
        String[] lines = (shared ? common : text).split("\n", -1);
        int there = shared ? number : number - before;
        return there > lines.length
                ? ""
                : "; " + (shared ? "common.cl" : file) + ":" + there + ": " + lines[there - 1].strip();
    }

    private static String source(String file) {
        try (InputStream in = Programs.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException(file + " is not in the archive");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        kernels.values().forEach(Kernel::release);
        programs.values().forEach(program -> clReleaseProgram(program));
        kernels.clear();
        programs.clear();
    }
}
