package org.moelora.kernels.opencl;

import static org.moelora.kernels.opencl.DeviceMemory.floats;

import java.util.Locale;
import org.moelora.kernels.Activation;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;

/** {@code elementwise.cl}. */
final class OpenClElementwise extends Family implements Elementwise {
    OpenClElementwise(Commands commands, Programs programs) {
        super("elementwise", commands, programs);
    }

    @Override
    public void fill(Memory x, float value) {
        launch("fill").arg(floats(x, 0)).arg(x.length()).arg(value).items(x.length());
    }

    @Override
    public void scale(float alpha, Memory x, Sink y) {
        long n = y.length();
        launch("scale").arg(n).arg(alpha).arg(floats(x, n)).arg(y, x.length()).items(n);
    }

    @Override
    public void scaleBy(Memory factor, Memory x, Sink y) {
        long n = y.length();
        launch("scaleBy")
                .arg(n)
                .arg(floats(factor, 1))
                .arg(floats(x, n))
                .arg(y, x.length())
                .items(n);
    }

    @Override
    public void add(Memory a, Memory b, Memory y) {
        long n = y.length();
        launch("add")
                .arg(n)
                .arg(floats(a, n))
                .arg(floats(b, n))
                .arg(floats(y, a.length()))
                .items(n);
    }

    @Override
    public void multiply(Memory a, Memory b, Sink y) {
        long n = y.length();
        launch("multiply")
                .arg(n)
                .arg(floats(a, n))
                .arg(floats(b, n))
                .arg(y, a.length())
                .items(n);
    }

    @Override
    public void swiGlu(Memory gate, Memory up, Memory y) {
        long n = y.length();
        launch("swiGlu")
                .arg(n)
                .arg(floats(gate, n))
                .arg(floats(up, n))
                .arg(floats(y, gate.length()))
                .items(n);
    }

    @Override
    public void swiGluGrad(Memory gate, Memory up, Memory dy, Sink dGate, Sink dUp) {
        long n = dy.length();
        launch("swiGluGrad")
                .arg(n)
                .arg(floats(gate, n))
                .arg(floats(up, n))
                .arg(floats(dy, n))
                .arg(dGate, n)
                .arg(dUp, n)
                .items(n);
    }

    /** The kernel of an activation has its name in lower case; that of the backward pass ends in {@code _grad}. */
    @Override
    public void activate(Activation f, Memory x, Memory y) {
        map(f.name().toLowerCase(Locale.ROOT), x, y);
    }

    @Override
    public void activateGrad(Activation f, Memory x, Memory dy, Sink dx) {
        grad(f.name().toLowerCase(Locale.ROOT) + "_grad", x, dy, dx);
    }

    @Override
    public void sigmoid(Memory x, Memory y) {
        map("sigmoid", x, y);
    }

    @Override
    public void sigmoidGrad(Memory y, Memory dy, Sink dx) {
        grad("sigmoidGrad", y, dy, dx);
    }

    @Override
    public void rsqrt(Memory x, Memory y) {
        map("inverseRoot", x, y);
    }

    private void map(String kernel, Memory x, Memory y) {
        long n = y.length();
        launch(kernel).arg(n).arg(floats(x, n)).arg(floats(y, x.length())).items(n);
    }

    private void grad(String kernel, Memory x, Memory dy, Sink dx) {
        long n = dy.length();
        launch(kernel).arg(n).arg(floats(x, n)).arg(floats(dy, n)).arg(dx, n).items(n);
    }

    @Override
    public void dropout(long key, float rate, Memory x, Sink y) {
        long n = y.length();
        launch("dropout")
                .arg(n)
                .arg(key)
                .arg(rate)
                .arg((float) (1.0 - rate))
                .arg(floats(x, n))
                .arg(y, x.length())
                .items(n);
    }
}
