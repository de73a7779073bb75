package org.moelora.learn;

import static org.moelora.learn.MoeLora.dot;
import static org.moelora.learn.MoeLora.plus;
import static org.moelora.learn.MoeLora.times;
import static org.moelora.learn.MoeLora.transposed;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Gradients by a tape: each op writes down how to go back through itself, and the backward pass reads that in reverse. The rule is the chain
 * rule: an op that made y from x is told dy, and adds {@code (df/dx)^T dy} to dx.
 *
 * <p>What the engine's {@code Tape} adds:
 *
 * <ul>
 *   <li>Memory of a device: values lie outside the Java heap, and a kernel of that device fills them.
 *   <li>Nothing unneeded: an input that wants no gradient, such as a frozen weight, gets none, and an op without such an input is not written down.
 *   <li>The place of a gradient: the first kernel overwrites it and later ones add, so it need not be zeroed.
 *   <li>Earlier freeing: an op says which values its backward pass reads; all others go at the end of the layer.
 *   <li>Recomputing: a layer may keep its result alone, and runs again when the backward pass comes to it.
 *   <li>Names: what goes wrong in a backward pass says in which op, and an op without a derivative refuses to be written down.
 *   <li>Lifetimes: a model cannot be freed while a tape uses it, and a freed tensor refuses to be read.
 * </ul>
 */
public final class TinyTape {
    /** A matrix, and the gradient of the loss with respect to it as far as it has been added up; empty before that. */
    public static final class Value {
        public double[][] x;
        public double[][] dx = {};

        private Value(double[][] x) {
            this.x = x;
        }

        /** {@code dx += part}: a value that was used twice gets a gradient from each use. */
        public void receive(double[][] part) {
            dx = dx.length == 0 ? part : plus(dx, 1, part);
        }
    }

    private record Entry(String op, Value y, Consumer<double[][]> backward) {}

    private final List<Entry> entries = new ArrayList<>();

    /** How many numbers the tape held after each op, forward and then backward. */
    public final List<Integer> held = new ArrayList<>(List.of(0));

    /** An input, or a parameter. */
    public static Value value(double[][] x) {
        return new Value(x);
    }

    /** Writes an op down: its result, and what it does with dy. */
    public Value record(String op, double[][] x, Consumer<double[][]> backward) {
        Value y = new Value(x);
        entries.add(new Entry(op, y, backward));
        held.add(held.getLast() + size(x));
        return y;
    }

    /** {@code y = a + b; da += dy, db += dy}. */
    public Value add(Value a, Value b) {
        return record("add", plus(a.x, 1, b.x), dy -> {
            a.receive(dy);
            b.receive(dy);
        });
    }

    /** {@code y = a .* b; da += dy .* b, db += dy .* a}. */
    public Value multiply(Value a, Value b) {
        return record("multiply", product(a.x, b.x), dy -> {
            a.receive(product(dy, b.x));
            b.receive(product(dy, a.x));
        });
    }

    /** {@code y = a b; da += dy b^T, db += a^T dy}. */
    public Value matmul(Value a, Value b) {
        return record("matmul", times(1, a.x, b.x), dy -> {
            a.receive(times(1, dy, transposed(b.x)));
            b.receive(times(1, transposed(a.x), dy));
        });
    }

    /** {@code y_t = softmax(x_t); dx_t += y_t .* (dy_t - <y_t, dy_t>)}. */
    public Value softmax(Value x) {
        double[][] y = MoeLora.softmax(x.x);
        return record("softmax", y, dy -> {
            double[][] dx = product(y, dy);
            for (int t = 0; t < dx.length; t++) {
                double mean = dot(y[t], dy[t]);
                for (int i = 0; i < dx[t].length; i++) {
                    dx[t][i] -= y[t][i] * mean;
                }
            }
            x.receive(dx);
        });
    }

    /** From {@code dy} at the result y to every value that it was made of. An op's result is let go when the pass is through that op. */
    public void backward(Value y, double[][] dy) {
        y.receive(dy);
        for (Entry entry : entries.reversed()) {
            double[][] gradient = entry.y.dx;
            if (gradient.length > 0) { // otherwise the result was of no use for y
                entry.backward.accept(gradient);
            }
            held.add(held.getLast() - size(entry.y.x));
            entry.y.x = new double[0][];
            entry.y.dx = new double[0][];
        }
        entries.clear();
    }

    /** The names of the ops in the order in which they were written down. */
    public List<String> ops() {
        return entries.stream().map(Entry::op).toList();
    }

    private static int size(double[][] x) {
        return x.length == 0 ? 0 : x.length * x[0].length;
    }

    static double[][] product(double[][] x, double[][] y) {
        double[][] z = new double[x.length][x[0].length];
        for (int i = 0; i < z.length; i++) {
            for (int j = 0; j < z[i].length; j++) {
                z[i][j] = x[i][j] * y[i][j];
            }
        }
        return z;
    }
}
