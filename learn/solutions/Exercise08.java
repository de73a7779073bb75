import org.moelora.learn.Check;

/** Lesson 8. One way to solve it. */
public class Exercise08 {
    private Exercise08() {}

    static double[] rotation(double[] pair, double angle) {
        double cos = Math.cos(angle);
        double sin = Math.sin(angle);
        return new double[] {pair[0] * cos - pair[1] * sin, pair[1] * cos + pair[0] * sin};
    }

    public static void main(String[] args) {
        System.out.println(Check.rotation(Exercise08::rotation));
    }
}
