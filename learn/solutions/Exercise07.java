import org.moelora.learn.Check;

/** Lesson 7. One way to solve it. */
public class Exercise07 {
    private Exercise07() {}

    static double[][] attention(double[][] q, double[][] k) {
        double[][] p = new double[q.length][k.length];
        for (int i = 0; i < q.length; i++) {
            double sum = 0;
            for (int j = 0; j <= i; j++) {
                double score = 0;
                for (int c = 0; c < q[i].length; c++) {
                    score += q[i][c] * k[j][c];
                }
                p[i][j] = Math.exp(score / Math.sqrt(q[i].length));
                sum += p[i][j];
            }
            for (int j = 0; j <= i; j++) {
                p[i][j] /= sum;
            }
        }
        return p;
    }

    public static void main(String[] args) {
        System.out.println(Check.attention(Exercise07::attention));
    }
}
