import org.moelora.learn.Check;

/** Lesson 2. Operations per byte of a product [m, k] x [k, n], if each number of the three matrices moves once. Mind what an int can hold. */
public class Exercise02 {
    private Exercise02() {}

    static double intensity(int m, int k, int n, int bytes) {
        return 2 * m * k * n / (bytes * (m * k + k * n + m * n)); // not yet right for large products, nor for small ones
    }

    public static void main(String[] args) {
        System.out.println(Check.intensity(Exercise02::intensity));
    }
}
