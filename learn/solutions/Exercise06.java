import org.moelora.learn.Check;

/** Lesson 6. One way to solve it. */
public class Exercise06 {
    private Exercise06() {}

    static double step(double w, double dw, double[] mv, int t) {
        mv[0] = 0.9 * mv[0] + 0.1 * dw;
        mv[1] = 0.999 * mv[1] + 0.001 * dw * dw;
        double m = mv[0] / (1 - Math.pow(0.9, t));
        double v = mv[1] / (1 - Math.pow(0.999, t));
        return w - 0.1 * 0.01 * w - 0.1 * m / (Math.sqrt(v) + 1e-8);
    }

    public static void main(String[] args) {
        System.out.println(Check.adamW(Exercise06::step));
    }
}
