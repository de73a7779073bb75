package org.moelora.train;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardOpenOption;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileStoreAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The machine's file system, through which every change can be made to fail: {@link #path} gives paths on it, and what is asked before each
 * change decides. Closing always works, since the end of a process closes everything too.
 */
final class FragileDisk extends FileSystemProvider {
    /** Decides about changes. */
    interface Fault {
        /**
         * @param change such as {@code write} or {@code move}, with the file's name
         * @param bytes to be written; 0 for any other change
         * @return how many of them are written before {@link #fail} is called; {@code bytes} if all goes well
         * @throws IOException if nothing of it happens
         */
        int before(String change, int bytes) throws IOException;

        /** Called before a lock is taken. */
        default void lock() throws IOException {}

        /** What happens after a write that was cut short. */
        default void fail() throws IOException {
            throw new IOException("No space left on device");
        }
    }

    /** The end of the world as this disk sees it: no program is meant to catch it. */
    static final class Crash extends Error {
        private static final long serialVersionUID = 1;
    }

    /** From the n-th change on nothing happens any more; a write that is the n-th is done by half. */
    static final class CrashAt implements Fault {
        private final long n;
        private long count;

        CrashAt(long n) {
            this.n = n;
        }

        @Override
        public int before(String change, int bytes) {
            if (++count < n) {
                return bytes;
            }
            if (count == n && bytes > 1) {
                return bytes / 2;
            }
            throw new Crash();
        }

        @Override
        public void fail() {
            throw new Crash();
        }

        boolean happened() {
            return count >= n;
        }
    }

    /** Nothing fails; but nothing waits for the machine's disk either. */
    static final class None implements Fault {
        @Override
        public int before(String change, int bytes) {
            return bytes;
        }
    }

    /** Takes a number of bytes, then no more. */
    static final class Full implements Fault {
        private long room;

        Full(long room) {
            this.room = room;
        }

        @Override
        public int before(String change, int bytes) {
            int written = (int) Math.min(room, bytes);
            room -= written;
            return written;
        }
    }

    /** Says that so many bytes are free. */
    record Small(long free) implements Fault {
        @Override
        public int before(String change, int bytes) {
            return bytes;
        }

        FileStore store(FileStore whole) {
            return new FileStore() {
                @Override
                public String name() {
                    return whole.name();
                }

                @Override
                public String type() {
                    return whole.type();
                }

                @Override
                public boolean isReadOnly() {
                    return whole.isReadOnly();
                }

                @Override
                public long getTotalSpace() {
                    return Math.max(1, 2 * free);
                }

                @Override
                public long getUsableSpace() {
                    return free;
                }

                @Override
                public long getUnallocatedSpace() {
                    return free;
                }

                @Override
                public boolean supportsFileAttributeView(Class<? extends FileAttributeView> type) {
                    return whole.supportsFileAttributeView(type);
                }

                @Override
                public boolean supportsFileAttributeView(String name) {
                    return whole.supportsFileAttributeView(name);
                }

                @Override
                public <V extends FileStoreAttributeView> @Nullable V getFileStoreAttributeView(Class<V> type) {
                    return whole.getFileStoreAttributeView(type);
                }

                @Override
                public Object getAttribute(String attribute) throws IOException {
                    return whole.getAttribute(attribute);
                }
            };
        }
    }

    private final Fault fault;
    private final FileSystem fileSystem = new Wrapped();

    FragileDisk(Fault fault) {
        this.fault = fault;
    }

    /** A path of the machine's, on this disk. */
    Path path(Path real) {
        return new OnDisk(real);
    }

    private Path wrap(Path real) {
        return new OnDisk(real);
    }

    private @Nullable Path wrapOrNull(@Nullable Path real) {
        return real == null ? null : new OnDisk(real);
    }

    private static Path real(Path path) {
        return path instanceof OnDisk on ? on.real : path;
    }

    private void change(String what, Path path) throws IOException {
        fault.before(what + " " + path.getFileName(), 0);
    }

    @Override
    public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        Path real = real(path);
        if (!options.contains(StandardOpenOption.WRITE) && !Files.isDirectory(real)) {
            return FileChannel.open(real, options, attributes);
        }
        if (!Files.exists(real)) {
            change("create", real);
        }
        return new Channel(FileChannel.open(real, options, attributes), real);
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
        return newFileChannel(path, options, attributes);
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(Path folder, DirectoryStream.Filter<? super Path> filter)
            throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(real(folder))) {
            for (Path entry : all) {
                Path wrapped = folder.resolve(entry.getFileName().toString());
                if (filter.accept(wrapped)) {
                    entries.add(wrapped);
                }
            }
        }
        return new DirectoryStream<>() {
            @Override
            public java.util.Iterator<Path> iterator() {
                return entries.iterator();
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
        change("make folder", folder);
        Files.createDirectory(real(folder), attributes);
    }

    @Override
    public void delete(Path path) throws IOException {
        change("delete", path);
        Files.delete(real(path));
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) throws IOException {
        change("copy", target);
        Files.copy(real(source), real(target), options);
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
        change("move to", target);
        Files.move(real(source), real(target), options);
    }

    @Override
    public boolean isSameFile(Path a, Path b) throws IOException {
        return Files.isSameFile(real(a), real(b));
    }

    @Override
    public boolean isHidden(Path path) throws IOException {
        return Files.isHidden(real(path));
    }

    @Override
    public FileStore getFileStore(Path path) throws IOException {
        FileStore store = Files.getFileStore(real(path));
        return fault instanceof Small small ? small.store(store) : store;
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
        real(path).getFileSystem().provider().checkAccess(real(path), modes);
    }

    @Override
    public <V extends FileAttributeView> @Nullable V getFileAttributeView(
            Path path, Class<V> type, LinkOption... options) {
        return Files.getFileAttributeView(real(path), type, options);
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
            throws IOException {
        return Files.readAttributes(real(path), type, options);
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String names, LinkOption... options) throws IOException {
        return Files.readAttributes(real(path), names, options);
    }

    @Override
    public void setAttribute(Path path, String name, Object value, LinkOption... options) throws IOException {
        change("set attribute", path);
        Files.setAttribute(real(path), name, value, options);
    }

    @Override
    public String getScheme() {
        return "fragile";
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> environment) {
        throw new UnsupportedOperationException();
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Path getPath(URI uri) {
        throw new UnsupportedOperationException();
    }

    /** A file that is written. */
    private final class Channel extends FileChannel {
        private final FileChannel real;
        private final Path file;

        Channel(FileChannel real, Path file) {
            this.real = real;
            this.file = file;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            int bytes = source.remaining();
            int allowed = fault.before("write " + file.getFileName(), bytes);
            int limit = source.limit();
            source.limit(source.position() + allowed);
            while (source.hasRemaining()) {
                real.write(source);
            }
            source.limit(limit);
            if (allowed < bytes) {
                fault.fail();
            }
            return bytes;
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            if (size < real.size()) {
                change("truncate", file);
            }
            real.truncate(size);
            return this;
        }

        @Override
        public void force(boolean metadata) throws IOException {
            change("force", file); // the disk itself need not be waited for
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            return real.read(target);
        }

        @Override
        public long position() throws IOException {
            return real.position();
        }

        @Override
        public FileChannel position(long position) throws IOException {
            real.position(position);
            return this;
        }

        @Override
        public long size() throws IOException {
            return real.size();
        }

        @Override
        public @Nullable FileLock tryLock(long position, long size, boolean shared) throws IOException {
            fault.lock();
            return real.tryLock(position, size, shared);
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) throws IOException {
            return real.lock(position, size, shared);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            real.close();
        }

        @Override
        public long read(ByteBuffer[] targets, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long write(ByteBuffer[] sources, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferFrom(ReadableByteChannel source, long position, long count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int read(ByteBuffer target, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int write(ByteBuffer source, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) {
            throw new UnsupportedOperationException();
        }
    }

    private final class Wrapped extends FileSystem {
        @Override
        public FileSystemProvider provider() {
            return FragileDisk.this;
        }

        @Override
        public Path getPath(String first, String... more) {
            return wrap(Path.of(first, more));
        }

        @Override
        public void close() {}

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public boolean isReadOnly() {
            return false;
        }

        @Override
        public String getSeparator() {
            return Path.of("").getFileSystem().getSeparator();
        }

        @Override
        public Iterable<Path> getRootDirectories() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Iterable<FileStore> getFileStores() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Set<String> supportedFileAttributeViews() {
            return Set.of("basic");
        }

        @Override
        public PathMatcher getPathMatcher(String pattern) {
            throw new UnsupportedOperationException();
        }

        @Override
        public UserPrincipalLookupService getUserPrincipalLookupService() {
            throw new UnsupportedOperationException();
        }

        @Override
        public WatchService newWatchService() {
            throw new UnsupportedOperationException();
        }
    }

    private final class OnDisk implements Path {
        private final Path real;

        OnDisk(Path real) {
            this.real = real;
        }

        @Override
        public FileSystem getFileSystem() {
            return fileSystem;
        }

        @Override
        public boolean isAbsolute() {
            return real.isAbsolute();
        }

        @Override
        public @Nullable Path getRoot() {
            return wrapOrNull(real.getRoot());
        }

        @Override
        public @Nullable Path getFileName() {
            return wrapOrNull(real.getFileName());
        }

        @Override
        public @Nullable Path getParent() {
            return wrapOrNull(real.getParent());
        }

        @Override
        public int getNameCount() {
            return real.getNameCount();
        }

        @Override
        public Path getName(int index) {
            return wrap(real.getName(index));
        }

        @Override
        public Path subpath(int from, int to) {
            return wrap(real.subpath(from, to));
        }

        @Override
        public boolean startsWith(Path other) {
            return real.startsWith(real(other));
        }

        @Override
        public boolean endsWith(Path other) {
            return real.endsWith(real(other));
        }

        @Override
        public Path normalize() {
            return wrap(real.normalize());
        }

        @Override
        public Path resolve(Path other) {
            return wrap(real.resolve(real(other)));
        }

        @Override
        public Path relativize(Path other) {
            return wrap(real.relativize(real(other)));
        }

        @Override
        public URI toUri() {
            return real.toUri();
        }

        @Override
        public Path toAbsolutePath() {
            return wrap(real.toAbsolutePath());
        }

        @Override
        public Path toRealPath(LinkOption... options) throws IOException {
            return wrap(real.toRealPath(options));
        }

        @Override
        public WatchKey register(WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int compareTo(Path other) {
            return real.compareTo(real(other));
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof OnDisk that && real.equals(that.real);
        }

        @Override
        public int hashCode() {
            return real.hashCode();
        }

        @Override
        public String toString() {
            return real.toString();
        }
    }
}
