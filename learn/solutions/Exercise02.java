import org.moelora.learn.Check;

/** Lesson 2. One way to solve it. */
public class Exercise02 {
    private Exercise02() {}

    static double intensity(int m, int k, int n, int bytes) {
        double operations = 2.0 * m * k * n;
        double numbers = (double) m * k + (double) k * n + (double) m * n;
        return operations / (bytes * numbers);
    }

    public static void main(String[] args) {
        System.out.println(Check.intensity(Exercise02::intensity));
    }
}
