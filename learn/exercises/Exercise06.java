import org.moelora.learn.Check;

/** Lesson 6. One step of AdamW: rate 0.1, decay 0.01, and 0.9, 0.999, 1e-8. mv[0] is m and mv[1] is v; t counts steps from 1. Returns the new w. */
public class Exercise06 {
    private Exercise06() {}

    static double step(double w, double dw, double[] mv, int t) {
        throw new UnsupportedOperationException("the step is still to be written");
    }

    public static void main(String[] args) {
        System.out.println(Check.adamW(Exercise06::step));
    }
}
