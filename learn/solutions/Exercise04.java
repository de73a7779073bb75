import org.moelora.learn.Check;

/** Lesson 4. One way to solve it. */
public class Exercise04 {
    private Exercise04() {}

    static double slope(double x) {
        double y = Math.tanh(x);
        return 1 - y * y;
    }

    public static void main(String[] args) {
        System.out.println(Check.slope(Exercise04::slope));
    }
}
