package org.moelora.learn;

import static org.moelora.learn.MoeLora.plus;

import java.util.LinkedHashMap;
import java.util.List;
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
        int sign = page.whole("sign", 1, -1, 1);
        Random random = new Random(3);
        page.say(
                "A computation is a list of ops, such as a product or a sum. Each op that computes y also writes down how to get from dy, the gradient of y, to the gradients of its inputs. Read from the last op to the first, that list is the chain rule. It is called a tape.");
        page.say(
                "TinyTape.java has four ops. Here they compute y = softmax(x W) .* (x + x), where .* multiplies element by element, and this is what the tape holds after each op:");
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
        draw(page, tape.held, ops);
        page.say("");
        page.say(
                "Most memory is held where the forward pass ends, as the backward pass needs what the forward pass has computed. So long texts need much memory. With the flag --recompute, bin/moelora train keeps less and computes the rest a second time.");
        page.say("");
        page.say(
                "The gradient check of lesson 4, op by op, in parts of the norm |g|, the root of the sum of squares. The op subtract is new, and it is wrong on purpose:");
        page.say("  y = a - b;  da += dy,  db += %sdy", sign < 0 ? "-" : sign == 0 ? "0 " : "");
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
        page.say("An error of 2.00 times the norm is the mark of a flipped sign: |-g - g| = 2 |g|.");
        page.question("by how much is db off if subtract sends nothing to b? And which sign is right?", "sign=0", 5);
    }

    private static void draw(Page page, List<Integer> held, String[] ops) {
        Picture picture = page.picture("How many numbers TinyTape holds during y = softmax(x W) .* (x + x)", 640, 270);
        for (int i = 1; i < held.size(); i++) {
            boolean forward = i <= ops.length;
            double left = 40 + 72 * (i - 1);
            double height = held.get(i) * 1.2;
            picture.rect(left, 210 - height, 64, height, forward ? "c0" : "c1", 0.8);
            picture.text(left + 32, 204 - height, "middle", String.valueOf(held.get(i)));
            picture.text(left + 32, 228, "quiet middle", forward ? ops[i - 1] : ops[2 * ops.length - i]);
        }
        picture.line(40, 210, 612, 210, "grid");
        picture.text(180, 252, "middle", "forward: each op adds its result");
        picture.text(468, 252, "middle", "back: each op lets its result go");
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
