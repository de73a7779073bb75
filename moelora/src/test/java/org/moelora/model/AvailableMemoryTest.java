package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AvailableMemoryTest {
    @TempDir
    private Path root;

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    @BeforeEach
    void aMachineOf8Gib() throws IOException {
        write(
                "proc/meminfo",
                "MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:    8388608 kB\n");
    }

    @Test
    void withoutAGroupItIsWhatTheSystemHas() throws IOException {
        assertThat(AvailableMemory.read(root)).hasValue(8L << 30);
        write("proc/self/cgroup", "0::/\n");
        assertThat(AvailableMemory.read(root)).hasValue(8L << 30);
    }

    @Test
    void aGroupOrOneAboveItMayAllowLess() throws IOException {
        write("proc/self/cgroup", "0::/user/service\n");
        write("sys/fs/cgroup/user/service/memory.max", "max\n");
        write("sys/fs/cgroup/user/service/memory.current", "1000\n");
        assertThat(AvailableMemory.read(root)).hasValue(8L << 30);
        write("sys/fs/cgroup/user/memory.max", "5000\n");
        write("sys/fs/cgroup/user/memory.current", "3000\n");
        assertThat(AvailableMemory.read(root)).hasValue(2000);
        write("sys/fs/cgroup/user/memory.stat", "anon 1000\ninactive_file 700\nactive_file 100\n");
        assertThat(AvailableMemory.read(root)).hasValue(2700);
        write("sys/fs/cgroup/user/service/memory.max", "1500\n");
        assertThat(AvailableMemory.read(root)).hasValue(500);
        write("sys/fs/cgroup/user/service/memory.current", "1600\n");
        assertThat(AvailableMemory.read(root)).hasValue(0);
    }

    /** In a container the path is often the host's, and the group is mounted as the root. */
    @Test
    void theFirstVersionOfGroupsHasOtherNames() throws IOException {
        write("proc/self/cgroup", "12:pids:/docker/1\n9:memory:/docker/1\n1:cpu,cpuacct:/docker/1\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9000\n");
        write("sys/fs/cgroup/memory/memory.usage_in_bytes", "5000\n");
        write("sys/fs/cgroup/memory/memory.stat", "cache 10\ntotal_inactive_file 400\n");
        assertThat(AvailableMemory.read(root)).hasValue(4400);
    }

    @Test
    void elsewhereItIsUnknown() throws IOException {
        Files.delete(root.resolve("proc/meminfo"));
        assertThat(AvailableMemory.read(root)).isEmpty();
    }
}
