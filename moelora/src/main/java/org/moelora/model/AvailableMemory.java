package org.moelora.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * Bytes that this process may still take: what Linux has available, or what the process's control group allows if that is less. Caches that can be
 * dropped count as available. Unknown on other systems.
 */
final class AvailableMemory {
    private AvailableMemory() {}

    static OptionalLong now() {
        return read(Path.of("/"));
    }

    /**
     * @param root the folder that holds {@code proc} and {@code sys}
     */
    static OptionalLong read(Path root) {
        OptionalLong system = field(root.resolve("proc/meminfo"), "MemAvailable:");
        if (system.isEmpty()) {
            return system;
        }
        long least = system.getAsLong() * 1024; // in kB there
        for (String line : lines(root.resolve("proc/self/cgroup"))) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && parts[1].isEmpty()) {
                Path group = root.resolve("sys/fs/cgroup");
                least = Math.min(least, left(group, parts[2], "memory.max", "memory.current", "inactive_file"));
            } else if (parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
                Path group = root.resolve("sys/fs/cgroup/memory");
                least = Math.min(
                        least,
                        left(group, parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"));
            }
        }
        return OptionalLong.of(Math.max(0, least));
    }

    /** The least that a group and those above it have left. A container may see its own group as the root. */
    private static long left(Path mount, String group, String limitFile, String usageFile, String reclaimable) {
        long least = Long.MAX_VALUE;
        Path folder = mount.resolve(group.replaceFirst("^/+", "")).normalize();
        for (; folder != null && folder.startsWith(mount); folder = folder.getParent()) {
            OptionalLong limit = number(folder.resolve(limitFile));
            OptionalLong usage = number(folder.resolve(usageFile));
            if (limit.isPresent() && usage.isPresent()) {
                long cache = field(folder.resolve("memory.stat"), reclaimable).orElse(0);
                least = Math.min(least, limit.getAsLong() - Math.max(0, usage.getAsLong() - cache));
            }
        }
        return least;
    }

    private static OptionalLong number(Path file) {
        List<String> lines = lines(file);
        return lines.isEmpty() ? OptionalLong.empty() : parse(lines.getFirst());
    }

    /** The number after a name at the beginning of a line. */
    private static OptionalLong field(Path file, String name) {
        for (String line : lines(file)) {
            String[] words = line.strip().split("\\s+");
            if (words.length > 1 && words[0].equals(name)) {
                return parse(words[1]);
            }
        }
        return OptionalLong.empty();
    }

    private static OptionalLong parse(String text) {
        try {
            return OptionalLong.of(Long.parseLong(text.strip()));
        } catch (NumberFormatException e) {
            return OptionalLong.empty(); // "max"
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.isReadable(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            return List.of();
        }
    }
}
