import org.moelora.learn.Check;

/** Lesson 4. The derivative of tanh(x). A pencil helps: tanh = (e^x - e^-x) / (e^x + e^-x). */
public class Exercise04 {
    private Exercise04() {}

    static double slope(double x) {
        throw new UnsupportedOperationException("the slope of tanh is still to be written");
    }

    public static void main(String[] args) {
        System.out.println(Check.slope(Exercise04::slope));
    }
}
