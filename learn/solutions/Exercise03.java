import java.util.Arrays;
import org.moelora.learn.Check;

/** Lesson 3. One way to solve it. */
public class Exercise03 {
    private Exercise03() {}

    static double[] softmax(double[] l) {
        double most = Arrays.stream(l).max().orElseThrow();
        double[] p = new double[l.length];
        double sum = 0;
        for (int i = 0; i < l.length; i++) {
            p[i] = Math.exp(l[i] - most);
            sum += p[i];
        }
        for (int i = 0; i < l.length; i++) {
            p[i] /= sum;
        }
        return p;
    }

    public static void main(String[] args) {
        System.out.println(Check.softmax(Exercise03::softmax));
    }
}
