import org.moelora.learn.Check;

/** Lesson 3. p_i = exp(l_i) / sum over j of exp(l_j), where exp(l_i) may be more than a double holds. */
public class Exercise03 {
    private Exercise03() {}

    static double[] softmax(double[] l) {
        throw new UnsupportedOperationException("softmax is still to be written");
    }

    public static void main(String[] args) {
        System.out.println(Check.softmax(Exercise03::softmax));
    }
}
