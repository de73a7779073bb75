import org.moelora.learn.Check;

/** Lesson 11. One way to solve it. */
public class Exercise11 {
    private Exercise11() {}

    static double balance(double[][] p, int[][] chosen) {
        int experts = p[0].length;
        double loss = 0;
        for (int e = 0; e < experts; e++) {
            double share = 0;
            double mean = 0;
            for (int t = 0; t < p.length; t++) {
                for (int choice : chosen[t]) {
                    share += choice == e ? 1.0 / (p.length * chosen[t].length) : 0;
                }
                mean += p[t][e] / p.length;
            }
            loss += experts * share * mean;
        }
        return loss;
    }

    public static void main(String[] args) {
        System.out.println(Check.balance(Exercise11::balance));
    }
}
