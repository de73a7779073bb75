package org.moelora.bench.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class StepFlopsTest {
    /** Two blocks, small numbers that are all different. */
    private static final LlamaShape SMALL = new LlamaShape(6, 14, 2, 3, 1, 4, 22);

    private static double product(double m, double n, double k) {
        return 2 * m * n * k;
    }

    @Test
    void countsEveryProductOfALoraStep() {
        TrainingSetup setup = new TrainingSetup(1, 1, 5, false, 3, 7, false);
        int tokens = 21;
        double linears = 0;
        double attention = 0;
        double adapters = 0;
        for (int block = 0; block < 2; block++) {
            int[][] outIn = {{12, 6}, {4, 6}, {4, 6}, {6, 12}, {14, 6}, {14, 6}, {6, 14}};
            for (int linear = 0; linear < outIn.length; linear++) {
                boolean entrance = block == 0 && linear < 3;
                linears += (entrance ? 1 : 2) * product(tokens, outIn[linear][0], outIn[linear][1]);
            }
            for (int out : new int[] {12, 4}) {
                adapters += 2 * product(tokens, 5, 6); // u = x A^T, dA
                adapters += block == 0 ? 0 : product(tokens, 6, 5); // dx
                adapters += 3 * product(tokens, out, 5); // y = u B^T, du, dB
            }
            for (int row = 0; row < 3; row++) {
                for (int query = 0; query < 7; query++) {
                    int keys = query + 1;
                    attention += 3 * 7 * product(1, keys, 4); // heads, products
                }
            }
        }
        StepFlops flops = StepFlops.of(SMALL, setup);
        assertThat(flops.linears()).isEqualTo(linears);
        assertThat(flops.attention()).isEqualTo(attention);
        assertThat(flops.adapters()).isEqualTo(adapters);
        assertThat(flops.head()).isEqualTo(2 * product(3 * 6, 22, 6));
        assertThat(flops.contrast()).isZero();
        assertThat(flops.total()).isEqualTo(linears + attention + adapters + flops.head());
    }

    @Test
    void countsRoutersAndContrastOfAMixture() {
        TrainingSetup setup = new TrainingSetup(5, 2, 1, true, 3, 7, false);
        double lora = StepFlops.of(SMALL, new TrainingSetup(1, 1, 5, false, 3, 7, false))
                .adapters();
        double routers = 2 * (3 + 2) * product(21, 5, 6); // q and v: logits, dW, and dx above the lowest block
        StepFlops flops = StepFlops.of(SMALL, setup);
        assertThat(flops.adapters()).isEqualTo(lora + routers);
        double contrast = 0;
        int n = 42;
        int r = 5;
        for (int out : new int[] {12, 4}) {
            contrast += product(r, r, out) + product(out, r, r); // M, dB
            contrast += 2 * product(n, r, r) + product(r, r, n); // U M, D U M, U^T D U
            contrast += 2 * product(n, n, r); // S, D U
        }
        assertThat(flops.contrast()).isEqualTo(2 * contrast);
    }

    @Test
    void aTokenOfSmolLmCostsAboutHalfAGigaflop() {
        double total = StepFlops.of(LlamaShape.SMOLLM_135M, TrainingSetup.LORA).total();
        assertThat(total / TrainingSetup.LORA.tokens()).isCloseTo(0.55e9, within(0.03e9));
    }

    @Test
    void aPromptIsTheForwardPassWithTheLogitsOfOneToken() {
        double linears = 0;
        for (int[] w : new int[][] {{12, 6}, {4, 6}, {4, 6}, {6, 12}, {14, 6}, {14, 6}, {6, 14}}) {
            linears += product(7, w[0], w[1]);
        }
        double attention = 0;
        for (int query = 0; query < 7; query++) {
            attention += 3 * 2 * product(1, query + 1, 4);
        }
        assertThat(StepFlops.prompt(SMALL, 7)).isEqualTo(2 * (linears + attention) + product(1, 22, 6));
    }
}
