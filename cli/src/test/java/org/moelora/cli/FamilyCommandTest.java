package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The relatives of MoELoRA from the command line: training, doing the same again, going on, looking at them. */
class FamilyCommandTest {
    private static final String WEIGHTS = "last/adapter_model.safetensors";

    @TempDir
    private Path temp;

    private Path data;

    /** The reference rows, every other one of another task. */
    @BeforeEach
    void rows() throws IOException {
        data = temp.resolve("rows.jsonl");
        List<String> lines = new ArrayList<>();
        for (String line : Files.readAllLines(Ran.LLAMA_ROWS)) {
            lines.add(line.replaceFirst("\\{", "{\"task\": \"" + (lines.size() % 2 == 0 ? "even" : "odd") + "\", "));
        }
        Files.write(data, lines);
    }

    private Object[] train(Path out, Object... more) {
        return Stream.concat(
                        Stream.of(
                                "train",
                                "--model",
                                Ran.LLAMA,
                                "--data",
                                data,
                                "--out",
                                out,
                                "--steps=4",
                                "--batch-size=4",
                                "--rank=2",
                                "--checkpoint-every=2"),
                        Stream.of(more))
                .toArray();
    }

    private static Ran good(Object... args) {
        Ran ran = Ran.of(args);
        assertThat(ran.code()).as(ran.err()).isZero();
        return ran;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "lora     | --targets=/.*\\.[qk]_proj/  | targets +/.\\*\\\\.\\[qk]_proj/",
                "dora     | --targets=v_proj,1.mlp.up_proj | method +dora",
                "mola     | --experts=2,4              | experts +2,4",
                "loramoe  | --experts=3                | gate +dense",
                "hydralora | --experts=3               | shared-a +true",
                "adamole  | --max-threshold=0.5        | max-threshold +0.5",
                "task-moelora | --tasks=even,odd       | tasks +even,odd",
                "comoe    | --experts=4                | contrast +token",
                "comoe    | --contrast=supervised     | contrast-weight +0.01",
                "moelora  | --contrast=gated          | contrast +gated",
                "comol    | --experts=3                | core-space +true",
                "moelora  | --balance=bias             | selection-bias +true",
                "prompt-moelora | --balance=mutual-information | balance +mutual-information",
                "prompt-moelora | --task-weight=0.1    | task-weight +0.1",
                "prompt-moelora | --router-share=input | router-share +input",
                "prompt-moelora | --router=token       | top-k +2",
                "comol    | --shared-a                | shared-a +true",
            })
    void isTrainedAgainResumedAndShown(String method, String flag, String shown) throws IOException {
        Path run = temp.resolve("run");
        good(train(run, "--method=" + method, flag));
        byte[] weights = Files.readAllBytes(run.resolve(WEIGHTS));

        good("train", "--config", run.resolve("run.yaml"), "--out", temp.resolve("again"));
        assertThat(Files.readAllBytes(temp.resolve("again").resolve(WEIGHTS))).isEqualTo(weights);

        Path last = run.resolve("checkpoints/step-00000004/optimizer.safetensors");
        byte[] bytes = Files.readAllBytes(last);
        Files.write(last, Arrays.copyOf(bytes, bytes.length - 7));
        Files.delete(run.resolve(WEIGHTS));
        good("train", "--resume", run, "--method=" + method, flag);
        assertThat(Files.readAllBytes(run.resolve(WEIGHTS))).isEqualTo(weights);

        assertThat(good("inspect", run.resolve("last"), "--model", Ran.LLAMA).out())
                .containsPattern(shown);
        assertThat(good("show", run).out()).contains("finished");

        // A second training from the first one's end, with its flags or without.
        good(train(temp.resolve("on"), "--init-adapter", run.resolve("last"), "--method=" + method, flag));
        good(train(temp.resolve("on2"), "--init-adapter", run.resolve("last")));
        good("score", "--model", Ran.LLAMA, "--adapter", run.resolve("last"), "--data", data);
    }

    @Test
    void allLinearsAreAdaptedByOneWord() {
        Path run = temp.resolve("run");
        good(train(run, "--method=dora", "--targets=all-linear"));
        assertThat(good("inspect", run.resolve("last")).out())
                .contains("on 14 linears")
                .containsPattern("targets +q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj");
    }

    @Test
    void aTaskIsAskedForAndMustBeKnown() {
        Path run = temp.resolve("run");
        good(train(run, "--gate=task", "--tasks=even,odd"));
        Ran even = score(run, data, "--task-id=even");
        Ran odd = score(run, data, "--task-id=odd");
        assertThat(even.code()).as(even.err()).isZero();
        assertThat(even.out()).isNotEqualTo(odd.out());
        assertThat(score(run, data, "--task-id=none").err())
                .contains("there is no task \"none\", and the adapter's gates depend on it; expected one of even, odd");
        assertThat(score(run, Ran.LLAMA_ROWS).err())
                .contains("a row names no task, and the adapter's gates depend on it; expected one of even, odd");
        assertThat(Ran.of(train(temp.resolve("b"), "--gate=task", "--tasks=even"))
                        .err())
                .contains("there is no task \"odd\"");
        assertThat(temp.resolve("b/last")).doesNotExist();
    }

    private static Ran score(Path run, Path rows, Object... more) {
        return Ran.of(Stream.concat(
                        Stream.of("score", "--model", Ran.LLAMA, "--adapter", run.resolve("last"), "--data", rows),
                        Stream.of(more))
                .toArray());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--method=other         | --seed=1             | --method is \"other\"; expected moelora, prompt-moelora, lora, dora, mola",
                "--gate=dense           | --top-k=2            | --top-k is for the gate top-k or top-k-raw",
                "--gate=dense           | --balance-weight=0.1 | --balance-weight is for the gate top-k or top-k-raw",
                "--gate=threshold       | --contrast=token     | --contrast is for the gate top-k or top-k-raw",
                "--gate=task            | --experts=4          | --tasks is missing; expected the names",
                "--gate-init=wide       | --seed=1             | gate-init is \"wide\"; expected fixed or inverse-width",
                "--method=lora          | --gate-init=fixed    | --gate-init is for a mixture of experts",
                "--gate=dense           | --balance=bias       | --balance is for the gate top-k or top-k-raw",
                "--balance=bias         | --balance-weight=0.1 | --balance-weight is for a balance loss, and --balance bias has none",
                "--balance=swich        | --seed=1             | balance is \"swich\"; expected switch, mutual-information or bias",
                "--method=lora          | --balance=switch     | --balance is for a mixture of experts",
                "--shared-a             | --core-space         | --shared-a and --core-space are both given",
                "--method=lora          | --core-space         | --core-space is for a mixture of experts",
                "--task-weight=0.1      | --seed=1             | task-weight is 0.1, and the names of tasks teach a router that chooses once per row",
                "--method=lora          | --task-weight=0.1    | --task-weight is for a mixture of experts",
                "--router-share=input   | --seed=1             | --router-share is for the router prompt, and the router is token",
                "--method=lora          | --router-share=input | --router-share is for a mixture of experts",
                "--router=prompt        | --router-share=inputs | router-share is \"inputs\"; expected linear or input; did you mean input?",
                "--experts=2,x          | --seed=1             | --experts is \"2,x\"; expected a number, or several",
                "--experts=2,4,8        | --seed=1             | experts are 3 numbers, and the model has 2 layers",
                "--experts=2,4          | --top-k=3            | top-k is 3; expected 1 to the smallest number of experts, 2",
                "--contrast=token       | --experts=2          | top-k is 2 of 2 experts",
                "--method=lora          | --shared-a           | --shared-a is for a mixture of experts",
                "--method=comoe         | --contrast=none      | contrast is \"none\"; expected supervised, token or gated",
                "--gate=dense           | --contrast-weight=1  | --contrast-weight is for the gate top-k or top-k-raw, unless",
            })
    void contradictionsAreOneSentence(String first, String second, String sentence) {
        Ran ran = Ran.of(train(temp.resolve("run"), first, second));
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains(sentence);
        assertThat(temp.resolve("run")).doesNotExist();
    }

    @Test
    void anotherKindThanTheInitialAdapterIsRefused() {
        Path run = temp.resolve("run");
        good(train(run, "--method=hydralora", "--experts=3"));
        Object[][] others = {
            {"--gate=threshold"}, {"--method=moelora"}, {"--method=adamole"}, {"--experts=2,4"}, {"--tasks=a"}
        };
        for (Object[] other : others) {
            List<Object> more = new ArrayList<>(List.of("--init-adapter", run.resolve("last")));
            more.addAll(List.of(other));
            Ran ran = Ran.of(train(temp.resolve("on"), more.toArray()));
            assertThat(ran.code()).as(other[0] + ran.err()).isEqualTo(2);
        }
    }
}
