import org.moelora.learn.Check;

/** Lesson 10. The gates of one token: p_e over the sum of the k largest p, for those k, and 0 for the others. Of equals the lower expert is chosen. */
public class Exercise10 {
    private Exercise10() {}

    static double[] gates(double[] p, int k) {
        throw new UnsupportedOperationException("the choice is still to be written");
    }

    public static void main(String[] args) {
        System.out.println(Check.gates(Exercise10::gates));
    }
}
