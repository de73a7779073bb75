import org.moelora.learn.Check;

/** Lesson 9. One way to solve it. */
public class Exercise09 {
    private Exercise09() {}

    static double[][][] average(double[][] a1, double[][] b1, double[][] a2, double[][] b2) {
        int first = a1.length;
        int rank = first + a2.length;
        double[][] a = new double[rank][];
        double[][] b = new double[b1.length][rank];
        for (int r = 0; r < rank; r++) {
            a[r] = r < first ? a1[r] : a2[r - first];
            for (int o = 0; o < b.length; o++) {
                b[o][r] = (r < first ? b1[o][r] : b2[o][r - first]) / 2;
            }
        }
        return new double[][][] {a, b};
    }

    public static void main(String[] args) {
        System.out.println(Check.average(Exercise09::average));
    }
}
