package org.moelora.testing;

/** What this thread has taken from the heap. By reflection, since the module under test must not require a module for its tests' sake. */
public final class Heap {
    private Heap() {}

    /** Bytes that the current thread has allocated so far. */
    public static long allocatedBytes() throws ReflectiveOperationException {
        Object bean = Class.forName("java.lang.management.ManagementFactory")
                .getMethod("getThreadMXBean")
                .invoke(null);
        return (long) Class.forName("com.sun.management.ThreadMXBean")
                .getMethod("getCurrentThreadAllocatedBytes")
                .invoke(bean);
    }
}
