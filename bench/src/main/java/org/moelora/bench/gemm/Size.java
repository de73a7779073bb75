package org.moelora.bench.gemm;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.moelora.engine.InputException;

/** The size of a product, written {@code MxNxK}. */
record Size(int m, int n, int k) {
    private static final Pattern FORM = Pattern.compile("([1-9]\\d{0,4})x([1-9]\\d{0,4})x([1-9]\\d{0,4})");

    static Size of(String text) {
        Matcher parts = FORM.matcher(text);
        if (!parts.matches()) {
            throw new InputException(
                    "--size is \"" + text + "\"; expected rows x columns x depth, as in 1008x2048x2048");
        }
        Size size = new Size(
                Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2)), Integer.parseInt(parts.group(3)));
        if (Math.max(Math.max((long) size.m * size.n, (long) size.n * size.k), (long) size.m * size.k) > 1 << 28) {
            throw new InputException("--size is " + text + "; expected matrices of at most 1 GiB");
        }
        return size;
    }

    @Override
    public String toString() {
        return m + "x" + n + "x" + k;
    }
}
