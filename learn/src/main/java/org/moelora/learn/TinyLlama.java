package org.moelora.learn;

import static org.moelora.learn.MoeLora.dot;
import static org.moelora.learn.MoeLora.plus;
import static org.moelora.learn.MoeLora.times;
import static org.moelora.learn.MoeLora.timesTransposed;
import static org.moelora.learn.MoeLora.transposed;

/**
 * One block of a decoder of the Llama family, forward and backward by hand:
 *
 * <pre>
 * h = x + attention(rmsNorm(x)) Wo^T
 * y = h + (silu(n Wgate^T) .* (n Wup^T)) Wdown^T,   n = rmsNorm(h)
 * </pre>
 *
 * <p>{@code x [T, d]}: one row of the matrix per token, in the order of the text. Attention alone looks at other tokens than its own, and only at earlier ones.
 */
public final class TinyLlama {
    /** How the block is cut into heads; several heads of queries share one of keys and values. */
    public record Shape(int heads, int kvHeads, int headDim, double eps, double theta) {}

    /** The nine weights, or their gradients: {@code [out, in]}, and the norms {@code [1, d]}. */
    public record Weights(
            double[][] norm1,
            double[][] q,
            double[][] k,
            double[][] v,
            double[][] o,
            double[][] norm2,
            double[][] gate,
            double[][] up,
            double[][] down) {}

    private final Shape shape;
    private final Weights w;
    /** {@code 1 / sqrt(headDim)}, what scores are multiplied with; not final, so that a lesson can take it away. */
    public double scale;
    /** Who looked at whom in the last forward pass: {@code [head][token i][token j]}, rows of which the sum is 1. */
    public double[][][] attention = {};

    private double[][] x = {},
            n1 = {},
            q = {},
            k = {},
            v = {},
            o = {},
            h = {},
            n2 = {},
            gate = {},
            up = {},
            product = {};

    public TinyLlama(Shape shape, Weights w) {
        this.shape = shape;
        this.w = w;
        scale = 1 / Math.sqrt(shape.headDim);
    }

    /** Every intermediate stays for the way back. */
    public double[][] forward(double[][] input) {
        x = input;
        n1 = rmsNorm(x, w.norm1[0]);
        q = rope(timesTransposed(n1, w.q), 1);
        k = rope(timesTransposed(n1, w.k), 1);
        v = timesTransposed(n1, w.v);
        attend();
        h = plus(x, 1, timesTransposed(o, w.o));
        n2 = rmsNorm(h, w.norm2[0]);
        gate = timesTransposed(n2, w.gate);
        up = timesTransposed(n2, w.up);
        product = new double[x.length][up[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < product[t].length; i++) {
                product[t][i] = gate[t][i] * sigmoid(gate[t][i]) * up[t][i]; // silu(a) = a sigmoid(a)
            }
        }
        return plus(h, 1, timesTransposed(product, w.down));
    }

    /** The gradient of the block's input, from that of its output; those of the weights go to {@code dw}. A sum passes its gradient to both terms. */
    public double[][] backward(double[][] dy, Weights dw) {
        double[][] dProduct = linearBackward(dy, product, w.down, dw.down);
        double[][] dGate = new double[x.length][up[0].length], dUp = new double[x.length][up[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < up[t].length; i++) {
                double a = gate[t][i], sigmoid = sigmoid(a);
                dUp[t][i] = dProduct[t][i] * a * sigmoid;
                dGate[t][i] = dProduct[t][i] * up[t][i] * sigmoid * (1 + a * (1 - sigmoid)); // silu'(a)
            }
        }
        double[][] dn2 = plus(linearBackward(dGate, n2, w.gate, dw.gate), 1, linearBackward(dUp, n2, w.up, dw.up));
        double[][] dh = plus(dy, 1, rmsNormBackward(dn2, h, w.norm2[0], dw.norm2[0]));

        double[][] dO = linearBackward(dh, o, w.o, dw.o);
        double[][] dq = like(q), dk = like(k), dv = like(v);
        attendBackward(dO, dq, dk, dv);
        double[][] dn1 = linearBackward(rope(dq, -1), n1, w.q, dw.q); // a rotation's transpose turns back
        dn1 = plus(dn1, 1, linearBackward(rope(dk, -1), n1, w.k, dw.k));
        dn1 = plus(dn1, 1, linearBackward(dv, n1, w.v, dw.v));
        return plus(dh, 1, rmsNormBackward(dn1, x, w.norm1[0], dw.norm1[0]));
    }

    /** {@code o_i = sum_{j <= i} p_ij v_j} with {@code p_i = softmax_j(scale <q_i, k_j>)}, head by head. */
    private void attend() {
        o = like(q);
        attention = new double[shape.heads][x.length][x.length];
        for (int head = 0; head < shape.heads; head++) {
            int at = head * shape.headDim, kvAt = kvAt(head);
            for (int i = 0; i < x.length; i++) {
                double[][] scores = new double[1][i + 1]; // a token does not look ahead
                for (int j = 0; j <= i; j++) {
                    for (int c = 0; c < shape.headDim; c++) {
                        scores[0][j] += scale * q[i][at + c] * k[j][kvAt + c];
                    }
                }
                double[] p = MoeLora.softmax(scores)[0];
                for (int j = 0; j <= i; j++) {
                    attention[head][i][j] = p[j];
                    for (int c = 0; c < shape.headDim; c++) {
                        o[i][at + c] += p[j] * v[j][kvAt + c];
                    }
                }
            }
        }
    }

    /** {@code dp_ij = <do_i, v_j>}, {@code ds_ij = p_ij (dp_ij - sum_j p_ij dp_ij)}, and from there to q, k and v. */
    private void attendBackward(double[][] dO, double[][] dq, double[][] dk, double[][] dv) {
        for (int head = 0; head < shape.heads; head++) {
            int at = head * shape.headDim, kvAt = kvAt(head);
            for (int i = 0; i < x.length; i++) {
                double[] p = attention[head][i], dp = new double[i + 1];
                double mean = 0;
                for (int j = 0; j <= i; j++) {
                    for (int c = 0; c < shape.headDim; c++) {
                        dp[j] += dO[i][at + c] * v[j][kvAt + c];
                        dv[j][kvAt + c] += p[j] * dO[i][at + c];
                    }
                    mean += p[j] * dp[j];
                }
                for (int j = 0; j <= i; j++) {
                    double ds = scale * p[j] * (dp[j] - mean);
                    for (int c = 0; c < shape.headDim; c++) {
                        dq[i][at + c] += ds * k[j][kvAt + c];
                        dk[j][kvAt + c] += ds * q[i][at + c];
                    }
                }
            }
        }
    }

    /** Where the keys and values of a head of queries begin in their rows. */
    private int kvAt(int head) {
        return head / (shape.heads / shape.kvHeads) * shape.headDim;
    }

    /** Turns the pair (i, i + headDim / 2) of each head by the angle {@code position theta^(-2 i / headDim)}; direction -1 turns back. */
    private double[][] rope(double[][] z, int direction) {
        double[][] turned = like(z);
        int half = shape.headDim / 2;
        for (int t = 0; t < z.length; t++) {
            for (int at = 0; at < z[t].length; at += shape.headDim) {
                for (int i = at; i < at + half; i++) {
                    double angle = direction * t * StrictMath.pow(shape.theta, -2.0 * (i - at) / shape.headDim);
                    double cos = StrictMath.cos(angle), sin = StrictMath.sin(angle);
                    turned[t][i] = z[t][i] * cos - z[t][i + half] * sin;
                    turned[t][i + half] = z[t][i + half] * cos + z[t][i] * sin;
                }
            }
        }
        return turned;
    }

    /** {@code y_i = x_i / sqrt(mean_j x_j^2 + eps) * w_i}. */
    double[][] rmsNorm(double[][] z, double[] weight) {
        double[][] y = like(z);
        for (int t = 0; t < z.length; t++) {
            double r = 1 / Math.sqrt(dot(z[t], z[t]) / weight.length + shape.eps);
            for (int i = 0; i < weight.length; i++) {
                y[t][i] = z[t][i] * r * weight[i];
            }
        }
        return y;
    }

    /** With {@code xhat = x r}: {@code dw_i = sum_t dy_i xhat_i}, {@code dx_i = r (w_i dy_i - xhat_i mean_j(w_j dy_j xhat_j))}. */
    private double[][] rmsNormBackward(double[][] dy, double[][] z, double[] weight, double[] dWeight) {
        double[][] dz = like(z);
        int n = weight.length;
        for (int t = 0; t < z.length; t++) {
            double r = 1 / Math.sqrt(dot(z[t], z[t]) / n + shape.eps);
            double mean = 0;
            for (int i = 0; i < n; i++) {
                dWeight[i] += dy[t][i] * z[t][i] * r;
                mean += weight[i] * dy[t][i] * z[t][i] * r / n;
            }
            for (int i = 0; i < n; i++) {
                dz[t][i] = r * (weight[i] * dy[t][i] - z[t][i] * r * mean);
            }
        }
        return dz;
    }

    /** Of {@code y = x W^T}: {@code dW += dy^T x}, and {@code dx = dy W} is returned. */
    private static double[][] linearBackward(double[][] dy, double[][] input, double[][] weight, double[][] dWeight) {
        double[][] part = times(1, transposed(dy), input);
        for (int i = 0; i < part.length; i++) {
            for (int j = 0; j < part[i].length; j++) {
                dWeight[i][j] += part[i][j];
            }
        }
        return times(1, dy, weight);
    }

    private static double sigmoid(double a) {
        return 1 / (1 + StrictMath.exp(-a));
    }

    private static double[][] like(double[][] z) {
        return new double[z.length][z[0].length];
    }
}
