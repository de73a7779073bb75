import org.moelora.learn.Check;

/** Lesson 1. The product c = a b, with c_ij = sum over p of a_ip b_pj. Which order of the loops walks along rows? */
public class Exercise01 {
    private Exercise01() {}

    static double[][] product(double[][] a, double[][] b) {
        throw new UnsupportedOperationException("the product is still to be written");
    }

    public static void main(String[] args) {
        System.out.println(Check.product(Exercise01::product));
    }
}
