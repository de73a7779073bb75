package org.moelora.learn;

import static org.moelora.learn.MoeLora.plus;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import org.moelora.learn.TinyTape.Value;

/** The tape, its memory, and a check that names the op that is wrong. */
final class Lesson05 {
    private interface Op {
        Value apply(TinyTape tape, Value a, Value b);
    }

    private Lesson05() {}

    static void tell(Page page) {
        double sign = page.number("sign", 1);
        Random random = new Random(3);
        page.say(
                "An op that makes y writes down how to go from dy to the gradients of what it was made of. Read backwards, that is the chain rule.");
        page.say(
                "TinyTape.java has four ops. Here y = softmax(x W) .* (x + x), and what the tape holds after each op:");
        page.say("");
        TinyTape tape = new TinyTape();
        Value x = TinyTape.value(MoeLora.normal(8, 4, 1, random));
        Value w = TinyTape.value(MoeLora.normal(4, 4, 1, random));
        Value product = tape.matmul(x, w);
        Value y = tape.multiply(tape.softmax(product), tape.add(x, x));
        String[] ops = tape.ops().toArray(String[]::new);
        tape.backward(y, MoeLora.normal(8, 4, 1, random));
        for (int i = 0; i < tape.held.size(); i++) {
            String op = i == 0 ? "" : i <= ops.length ? ops[i - 1] : "back through " + ops[2 * ops.length - i];
            page.say("  %-24s %3d numbers  %s", op, tape.held.get(i), Page.bar(tape.held.get(i) / 128.0, 32));
        }
        page.say("");
        page.say(
                "Memory is fullest where forward ends. That is why long texts need much of it, and why --recompute keeps less and computes twice.");
        page.say("");
        page.say("Each op alone against finite differences. Here subtract is new, and it is wrong on purpose:");
        page.say("  a - b; da += dy, db += %sdy", sign < 0 ? "-" : "");
        Map<String, Op> all = new LinkedHashMap<>();
        all.put("add", TinyTape::add);
        all.put(
                "subtract",
                (t, a, b) -> t.record("subtract", plus(a.x, -1, b.x), dy -> {
                    a.receive(dy);
                    b.receive(plus(MoeLora.normal(dy.length, dy[0].length, 0, random), sign, dy));
                }));
        all.put("multiply", TinyTape::multiply);
        all.put("matmul", TinyTape::matmul);
        all.put("softmax", (t, a, b) -> t.multiply(t.softmax(a), b));
        all.forEach((name, op) -> {
            double[][] a = MoeLora.normal(4, 4, 1, random);
            double[][] b = MoeLora.normal(4, 4, 1, random);
            double[][] dy = MoeLora.normal(4, 4, 1, random);
            double[] off = check(op, a, b, dy);
            page.say(
                    "  %-10s da is off by %.2f of its norm, db by %.2f  %s",
                    name, off[0], off[1], off[0] + off[1] < 1e-6 ? "right" : "WRONG");
        });
        page.say("Off by 2.00 of its norm is the mark of a flipped sign: |-g - g| = 2 |g|.");
        page.question("which sign makes all five right?", "sign=-1", 5);
    }

    private static double[] check(Op op, double[][] a, double[][] b, double[][] dy) {
        Value left = TinyTape.value(a);
        Value right = TinyTape.value(b);
        TinyTape tape = new TinyTape();
        tape.backward(op.apply(tape, left, right), dy);
        BiFunction<double[][], double[][], Double> loss = (p, q) -> {
            double[][] y = op.apply(new TinyTape(), TinyTape.value(p), TinyTape.value(q)).x;
            double sum = 0;
            for (int t = 0; t < y.length; t++) {
                sum += MoeLora.dot(y[t], dy[t]);
            }
            return sum;
        };
        return new double[] {
            FiniteDifferences.distance(left.dx, FiniteDifferences.of(a, () -> loss.apply(a, b))),
            FiniteDifferences.distance(right.dx, FiniteDifferences.of(b, () -> loss.apply(a, b)))
        };
    }
}
