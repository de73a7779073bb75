import org.moelora.learn.Check;

/** Lesson 9. The mean of two adapters, as {A, B} with B A = (B1 A1 + B2 A2) / 2. This takes the mean of A and of B apart, which is another thing. */
public class Exercise09 {
    private Exercise09() {}

    static double[][][] average(double[][] a1, double[][] b1, double[][] a2, double[][] b2) {
        double[][] a = new double[a1.length][a1[0].length];
        double[][] b = new double[b1.length][b1[0].length];
        for (int r = 0; r < a.length; r++) {
            for (int i = 0; i < a[0].length; i++) {
                a[r][i] = (a1[r][i] + a2[r][i]) / 2;
            }
            for (int o = 0; o < b.length; o++) {
                b[o][r] = (b1[o][r] + b2[o][r]) / 2;
            }
        }
        return new double[][][] {a, b};
    }

    public static void main(String[] args) {
        System.out.println(Check.average(Exercise09::average));
    }
}
