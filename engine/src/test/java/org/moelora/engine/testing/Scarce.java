package org.moelora.engine.testing;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import org.moelora.kernels.Device;
import org.moelora.kernels.OutOfDeviceMemoryException;
import org.moelora.kernels.Owner;

/** A device that has no room for its n-th lease. */
public final class Scarce {
    private Scarce() {}

    /** Work that leases memory and gives all of it back, whether it ends well or not. */
    @FunctionalInterface
    public interface Work {
        void on(Device device);
    }

    /** Has each lease of the work fail in its turn; nothing may be left leased, and the exception must come through. */
    public static void everyLease(Device device, Work work) {
        long before = device.memoryUse().total();
        for (int n = 0; ; n++) {
            AtomicInteger left = new AtomicInteger(n);
            boolean failed = false;
            try {
                work.on(scarce(device, left));
            } catch (OutOfDeviceMemoryException e) {
                failed = true;
            }
            if (device.memoryUse().total() != before) {
                throw new AssertionError("after lease " + n + " failed, these are left: "
                        + device.memoryUse().leased());
            }
            if (left.get() >= 0) {
                return;
            }
            if (!failed) {
                throw new AssertionError("lease " + n + " failed and nothing was thrown");
            }
        }
    }

    private static Device scarce(Device device, AtomicInteger left) {
        Class<?>[] type = {Device.class};
        return (Device) Proxy.newProxyInstance(Device.class.getClassLoader(), type, (proxy, method, arguments) -> {
            if (method.getName().equals("equals")) {
                return System.identityHashCode(proxy) == System.identityHashCode(arguments[0]);
            }
            boolean lease =
                    method.getName().equals("allocate") || method.getName().equals("freeze");
            if (lease && left.getAndDecrement() == 0) {
                throw new OutOfDeviceMemoryException("scarce", Owner.TAPE, 1, 0, "there is no room", null);
            }
            try {
                return method.invoke(device, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }
}
