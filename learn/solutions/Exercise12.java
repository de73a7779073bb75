import org.moelora.learn.Check;

/** Lesson 12. One way to solve it. */
public class Exercise12 {
    private Exercise12() {}

    static double[] backward(double[] p, int[] chosen, double[] dg) {
        double z = 0;
        for (int e : chosen) {
            z += p[e];
        }
        double mean = 0; // sum over the chosen of g dg
        for (int e : chosen) {
            mean += p[e] / z * dg[e];
        }
        double[] dp = new double[p.length];
        double dot = 0; // <p, dp>
        for (int e : chosen) {
            dp[e] = (dg[e] - mean) / z;
            dot += p[e] * dp[e];
        }
        double[] dl = new double[p.length];
        for (int e = 0; e < p.length; e++) {
            dl[e] = p[e] * (dp[e] - dot);
        }
        return dl;
    }

    public static void main(String[] args) {
        System.out.println(Check.routerBackward(Exercise12::backward));
    }
}
