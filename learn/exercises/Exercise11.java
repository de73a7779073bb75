import org.moelora.learn.Check;

/** Lesson 11. L_bal = E sum over e of f_e P_e: f_e is the share of all choices that went to e, P_e the mean of p_te over the tokens. */
public class Exercise11 {
    private Exercise11() {}

    static double balance(double[][] p, int[][] chosen) {
        throw new UnsupportedOperationException("the balance loss is still to be written");
    }

    public static void main(String[] args) {
        System.out.println(Check.balance(Exercise11::balance));
    }
}
