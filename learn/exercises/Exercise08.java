import org.moelora.learn.Check;

/** Lesson 8. RoPE turns the pair (x, y) by an angle: (x cos - y sin, y cos + x sin). */
public class Exercise08 {
    private Exercise08() {}

    static double[] rotation(double[] pair, double angle) {
        throw new UnsupportedOperationException("the rotation is still to be written");
    }

    public static void main(String[] args) {
        System.out.println(Check.rotation(Exercise08::rotation));
    }
}
