import org.moelora.learn.Check;

/** Lesson 5. One way to solve it. */
public class Exercise05 {
    private Exercise05() {}

    static double[] backward(double[] y, double[] dy) {
        double mean = 0;
        for (int i = 0; i < y.length; i++) {
            mean += y[i] * dy[i];
        }
        double[] dx = new double[y.length];
        for (int i = 0; i < y.length; i++) {
            dx[i] = y[i] * (dy[i] - mean);
        }
        return dx;
    }

    public static void main(String[] args) {
        System.out.println(Check.softmaxBackward(Exercise05::backward));
    }
}
