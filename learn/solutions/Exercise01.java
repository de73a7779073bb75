import org.moelora.learn.Check;

/** Lesson 1. One way to solve it. */
public class Exercise01 {
    private Exercise01() {}

    static double[][] product(double[][] a, double[][] b) {
        double[][] c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int p = 0; p < b.length; p++) {
                for (int j = 0; j < b[0].length; j++) {
                    c[i][j] += a[i][p] * b[p][j];
                }
            }
        }
        return c;
    }

    public static void main(String[] args) {
        System.out.println(Check.product(Exercise01::product));
    }
}
