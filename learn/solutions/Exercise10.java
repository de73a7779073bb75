import org.moelora.learn.Check;

/** Lesson 10. One way to solve it. */
public class Exercise10 {
    private Exercise10() {}

    static double[] gates(double[] p, int k) {
        double[] g = new double[p.length];
        double sum = 0;
        for (int n = 0; n < k; n++) {
            int best = -1;
            for (int e = 0; e < p.length; e++) {
                if (g[e] == 0 && (best < 0 || p[e] > p[best])) {
                    best = e;
                }
            }
            g[best] = p[best];
            sum += p[best];
        }
        for (int e = 0; e < p.length; e++) {
            g[e] /= sum;
        }
        return g;
    }

    public static void main(String[] args) {
        System.out.println(Check.gates(Exercise10::gates));
    }
}
