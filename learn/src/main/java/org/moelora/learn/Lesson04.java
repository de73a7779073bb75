package org.moelora.learn;

/** Derivatives by a formula and by differences. */
final class Lesson04 {
    private Lesson04() {}

    static void tell(Page page) {
        double x = page.number("x", 1.5);
        double sides = page.number("sides", 2);
        double sigmoid = 1 / (1 + StrictMath.exp(-x));
        double exact = sigmoid * (1 + x * (1 - sigmoid));
        page.say(
                "To learn is to ask of each number: if it were a little larger, would the loss be larger or smaller, and by how much?");
        page.say(
                "That is the slope, the derivative. silu(x) = x sigmoid(x) has the slope  sigmoid(x) (1 + x (1 - sigmoid(x))).");
        page.say("At x = %s it is %.12f.", x, exact);
        page.say("");
        page.say(
                "A formula may be wrong, so it is compared with what the word means:  (f(x + h) - f(%s)) / %s",
                sides == 1 ? "x" : "x - h", sides == 1 ? "h" : "2h");
        page.say("");
        page.say("    h      right digits");
        for (int e = 1; e <= 13; e++) {
            double h = StrictMath.pow(10, -e);
            double slope = sides == 1 ? (silu(x + h) - silu(x)) / h : (silu(x + h) - silu(x - h)) / (2 * h);
            double digits = Math.min(14, -StrictMath.log10(Math.abs(slope - exact) + 1e-16));
            page.say("  1e-%02d   %4.1f  %s", e, digits, Page.bar(digits / 14, 42));
        }
        page.say("");
        page.say(
                "A large h misses the curve, with an error like h^2. A small h loses digits, as two nearly equal numbers are subtracted.");
        page.say(
                "In between there are ten digits, enough to see any wrong sign or factor. That is the gradient check of this project.");
        page.question(
                "how many digits are left at best if only one side is asked, (f(x + h) - f(x)) / h?", "sides=1", 4);
    }

    private static double silu(double x) {
        return x / (1 + StrictMath.exp(-x));
    }
}
