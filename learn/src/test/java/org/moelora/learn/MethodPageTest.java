package org.moelora.learn;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/method.md: each number of its example is computed, and each of its formulas is where its link says. */
class MethodPageTest {
    private static final Path DOCS = Path.of("../docs");
    private static final Pattern NUMBERS = Pattern.compile("^ {4}(\\S+) += (\\([-\\d. ;]+\\)|-?[\\d.]+)(?: .*)?$");
    private static final Pattern QUOTE = Pattern.compile("\\[`(\\w+\\.java)`:\\s`([^`]+)`]\\(([^)]+)\\)");

    private static String page() throws IOException {
        return Files.readString(DOCS.resolve("method.md"));
    }

    /** T = 2, E = 3, r = 1, k = 2, s = 2. */
    private static MoeLora example() {
        MoeLora layer = new MoeLora(new double[][] {{1, 0}, {0, 1}}, 3, 2, 1, 2, new Random(0));
        copy(new double[][] {{1, 0}, {0, 1}, {1, -1}}, layer.a);
        copy(new double[][] {{0.5, 1, -0.5}, {0, 0.5, 0.5}}, layer.b);
        copy(new double[][] {{0.5, 0}, {0, 0.5}, {0, 0}}, layer.wg);
        return layer;
    }

    private static void copy(double[][] from, double[][] to) {
        for (int i = 0; i < to.length; i++) {
            System.arraycopy(from[i], 0, to[i], 0, to[i].length);
        }
    }

    private static Map<String, double[][]> computed() {
        Map<String, double[][]> numbers = new LinkedHashMap<>();
        double[][] x = {{1, 2}, {2, -1}};
        int[] target = {0, 1};
        MoeLora layer = example();
        numbers.put("x", x);
        numbers.put("W0", layer.w0);
        numbers.put("A", clone(layer.a));
        numbers.put("B", clone(layer.b));
        numbers.put("W_g", clone(layer.wg));
        layer.balanceWeight = 0;
        layer.contrastWeight = 0;
        layer.forwardAndBackward(x, target);
        double[][] l = MoeLora.timesTransposed(x, layer.wg);
        double[][] u = MoeLora.timesTransposed(x, layer.a);
        double[][] dy = MoeLora.softmax(layer.y);
        double[][] z = new double[2][1];
        double[][] v = new double[2][3];
        double[][] du = new double[2][3];
        double[][] dg = new double[2][3];
        double[][] dp = new double[2][3];
        double[][] dl = new double[2][3];
        for (int t = 0; t < 2; t++) {
            dy[t][target[t]] -= 1;
            for (int o = 0; o < 2; o++) {
                dy[t][o] /= 2;
            }
        }
        double[][] dv = MoeLora.times(2, dy, layer.b);
        for (int t = 0; t < 2; t++) {
            double mean = 0;
            for (int e = 0; e < 3; e++) {
                v[t][e] = layer.g[t][e] * u[t][e];
                du[t][e] = layer.g[t][e] * dv[t][e];
                if (layer.g[t][e] > 0) {
                    z[t][0] += layer.p[t][e];
                    dg[t][e] = dv[t][e] * u[t][e];
                    mean += layer.g[t][e] * dg[t][e];
                }
            }
            double dot = 0;
            for (int e = 0; e < 3; e++) {
                dp[t][e] = layer.g[t][e] > 0 ? (dg[t][e] - mean) / z[t][0] : 0;
                dot += layer.p[t][e] * dp[t][e];
            }
            for (int e = 0; e < 3; e++) {
                dl[t][e] = layer.p[t][e] * (dp[t][e] - dot);
            }
        }
        numbers.put("l", l);
        numbers.put("p", layer.p);
        numbers.put("Z", MoeLora.transposed(z));
        numbers.put("g", layer.g);
        numbers.put("U", u);
        numbers.put("V", v);
        numbers.put("y", layer.y);
        numbers.put("softmax(y)", MoeLora.softmax(layer.y));
        numbers.put("L_lm", one(layer.lm));
        numbers.put("dy", dy);
        numbers.put("dB", layer.db);
        numbers.put("dV", dv);
        numbers.put("dU", du);
        numbers.put("dg", dg);
        numbers.put("dp", dp);
        numbers.put("dl", dl);
        numbers.put("dA", layer.da);
        numbers.put("dW_g", layer.dwg);
        numbers.put("dx", layer.dx);
        // What is written out above is what the file computes.
        Floats.same("dA", Floats.of(MoeLora.times(1, MoeLora.transposed(du), x)), layer.da, 1e-6);
        Floats.same("dW_g", Floats.of(MoeLora.times(1, MoeLora.transposed(dl), x)), layer.dwg, 1e-6);

        double[][] withoutBalance = layer.dwg;
        layer.balanceWeight = 1;
        layer.forwardAndBackward(x, target);
        numbers.put("f", new double[][] {{0.5, 0.25, 0.25}});
        numbers.put("P", new double[][] {mean(layer.p)});
        numbers.put("L_bal", one(layer.balance));
        numbers.put("dW_g_bal", MoeLora.plus(layer.dwg, -1, withoutBalance));

        double[][] withoutContrast = layer.db;
        layer.contrastWeight = 1;
        layer.forwardAndBackward(x, target);
        double[][] outputs = new double[4][2];
        int[][] pairs = {{0, 0}, {0, 1}, {1, 0}, {1, 2}};
        double[][] cos = new double[4][4];
        for (int i = 0; i < 4; i++) {
            for (int o = 0; o < 2; o++) {
                outputs[i][o] = layer.b[o][pairs[i][1]] * u[pairs[i][0]][pairs[i][1]];
            }
        }
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 4; j++) {
                cos[i][j] = MoeLora.dot(outputs[i], outputs[j])
                        / Math.sqrt(MoeLora.dot(outputs[i], outputs[i]) * MoeLora.dot(outputs[j], outputs[j]));
            }
        }
        numbers.put("v", outputs);
        numbers.put("cos", cos);
        numbers.put("L_con", one(layer.contrast));
        numbers.put("dB_con", MoeLora.plus(layer.db, -1, withoutContrast));

        layer.balanceWeight = MoeLora.BALANCE;
        layer.contrastWeight = MoeLora.CONTRAST;
        layer.forwardAndBackward(x, target);
        numbers.put("L", one(layer.loss));
        layer.update(0.1);
        numbers.put("B'", clone(layer.b));
        numbers.put("W_g'", clone(layer.wg));
        layer.forwardAndBackward(x, target);
        numbers.put("L_lm'", one(layer.lm));
        numbers.put("L'", one(layer.loss));
        return numbers;
    }

    private static double[][] clone(double[][] x) {
        return Arrays.stream(x).map(double[]::clone).toArray(double[][]::new);
    }

    private static double[][] one(double x) {
        return new double[][] {{x}};
    }

    private static double[] mean(double[][] p) {
        double[] mean = new double[p[0].length];
        for (double[] row : p) {
            for (int e = 0; e < mean.length; e++) {
                mean[e] += row[e] / p.length;
            }
        }
        return mean;
    }

    @Test
    void everyNumberOfTheExampleIsComputed() throws IOException {
        String page = page();
        int from = page.indexOf("## A worked example");
        String section = page.substring(from, page.indexOf("\n## ", from));
        Map<String, double[][]> computed = computed();
        Set<String> seen = new LinkedHashSet<>();
        for (String line :
                section.lines().filter(text -> text.startsWith("    ")).toList()) {
            Matcher numbers = NUMBERS.matcher(line);
            assertThat(numbers.matches()).as(line).isTrue();
            String name = numbers.group(1);
            assertThat(computed).containsKey(name);
            seen.add(name);
            String[] rows = numbers.group(2).replaceAll("[()]", "").split(";");
            double[][] expected = computed.get(name);
            assertThat(rows).as(line).hasSameSizeAs(expected);
            for (int i = 0; i < rows.length; i++) {
                String[] written = rows[i].strip().split(" +");
                assertThat(written).as(line).hasSize(expected[i].length);
                for (int j = 0; j < written.length; j++) {
                    assertThat(new BigDecimal(written[j]))
                            .as(line)
                            .isEqualByComparingTo(rounded(expected[i][j], written[j]));
                }
            }
        }
        assertThat(seen).isEqualTo(computed.keySet());
    }

    /** With as many decimals as were written. */
    private static BigDecimal rounded(double value, String written) {
        int point = written.indexOf('.');
        return BigDecimal.valueOf(value).setScale(point < 0 ? 0 : written.length() - point - 1, RoundingMode.HALF_UP);
    }

    /** The example of the section on what the gate learns. */
    @Test
    void theZeroSumExampleIsComputed() throws IOException {
        double[] p = {0.4, 0.3, 0.2, 0.1};
        double[] dg = {1, -1, -3, 0};
        String page = page().replaceAll("\\s+", " ");
        assertThat(page).contains("p = (0.4, 0.3, 0.2, 0.1), k = 2", "dg = (1, -1, -3, 0)");
        assertThat(page).contains("(%.3f, %.3f, 0, 0)".formatted(dl(p, dg, 2)[0], dl(p, dg, 2)[1]));
        assertThat(page)
                .contains("dl = p .* (dg - <p, dg>) = "
                        + Arrays.toString(dl(p, dg, 4)).replace('[', '(').replace(']', ')'));
    }

    private static double[] dl(double[] p, double[] dg, int k) {
        double z = 0;
        double mean = 0;
        for (int e = 0; e < k; e++) {
            z += p[e];
            mean += p[e] * dg[e];
        }
        double[] dl = new double[4];
        for (int e = 0; e < k; e++) {
            dl[e] = Math.rint(1e6 * p[e] / z * (dg[e] - mean / z)) / 1e6;
        }
        return dl;
    }

    @Test
    void everyFormulaIsWhereItsLinkSays() throws IOException {
        String page = page();
        Matcher quote = QUOTE.matcher(page);
        int links = 0;
        while (quote.find()) {
            Path file = DOCS.resolve(quote.group(3));
            assertThat(file).as(quote.group()).exists().hasFileName(quote.group(1));
            assertThat(onOneLine(Files.readString(file))).contains(quote.group(2));
            links++;
        }
        assertThat(page.split("\\[`\\w+\\.java`:", -1)).hasSize(links + 1);
    }

    /** Comments and statements as they read, wherever they are wrapped. */
    private static String onOneLine(String code) {
        return code.replaceAll("\\s*\n\\s*(//|\\*(?!/))?\\s*", " ");
    }

    /** Between a block of formulas and the next stands where the code is. */
    @Test
    void everyFormulaIsLinked() throws IOException {
        String page = page();
        List<String> paragraphs = List.of(page.split("\n\n"));
        boolean inExample = false;
        for (int i = 0; i < paragraphs.size(); i++) {
            String paragraph = paragraphs.get(i);
            inExample = paragraph.startsWith("#") ? paragraph.equals("## A worked example") : inExample;
            if (paragraph.startsWith("    ") && !inExample) {
                assertThat(paragraphs.get(i + 1))
                        .as("after " + paragraph)
                        .startsWith("In code: ")
                        .containsPattern(QUOTE);
            }
        }
    }
}
