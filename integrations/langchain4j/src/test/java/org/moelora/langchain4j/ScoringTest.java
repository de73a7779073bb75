package org.moelora.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.output.Response;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.moelora.adapter.AdapterPass;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.text.Tokenizer;

/** Scores and token counts against their definitions. */
@ExtendWith(SharedModel.class)
class ScoringTest {
    /** The mean over the query's tokens, each from the logits before it. */
    private static double byHand(String prompt, String query) {
        Tokenizer tokenizer = SharedModel.base().tokenizer();
        int[] before = tokenizer.encodePrompt(prompt);
        int[] asked = tokenizer.encode(query, false);
        int[] ids = new int[before.length + asked.length];
        System.arraycopy(before, 0, ids, 0, before.length);
        System.arraycopy(asked, 0, ids, before.length, asked.length);
        double sum = 0;
        try (Tape tape = Tape.inference(SharedModel.base().device())) {
            Tensor hidden =
                    SharedModel.base().plain().hidden(tape, AdapterPass.inference(), ids, new int[] {0, ids.length});
            for (int t = 0; t < asked.length; t++) {
                float[] logits = SharedModel.base()
                        .plain()
                        .logits(tape, hidden, before.length + t - 1)
                        .toArray();
                double all = 0;
                for (float logit : logits) {
                    all += Math.exp(logit);
                }
                sum += logits[asked[t]] - Math.log(all);
            }
        }
        return sum / asked.length;
    }

    @Test
    void aScoreIsTheMeanLogProbabilityOfTheQuery() {
        List<TextSegment> segments = List.of(TextSegment.from("My name is Anna."), TextSegment.from("hello"));
        Response<List<Double>> scores =
                MoeloraScoringModel.of(SharedModel.base().plain()).scoreAll(segments, "What is my name?");
        assertThat(scores.content()).hasSize(2).allMatch(score -> score < 0);
        for (int i = 0; i < 2; i++) {
            assertThat(scores.content().get(i))
                    .isCloseTo(
                            byHand("Passage: " + segments.get(i).text() + "\nQuestion:", " What is my name?"),
                            within(1e-4));
        }
        assertThat(scores.tokenUsage().inputTokenCount()).isPositive();
        MoeloraScoringModel own = MoeloraScoringModel.of(SharedModel.base().plain(), "", " -");
        assertThat(own.score("hello", "Hello").content()).isCloseTo(byHand("hello -", " Hello"), within(1e-4));
    }

    @Test
    void refusesWhatHasNoScore() {
        MoeloraScoringModel model = MoeloraScoringModel.of(SharedModel.base().plain());
        assertThatExceptionOfType(InvalidRequestException.class)
                .isThrownBy(() -> model.score("hello", " "))
                .withMessageStartingWith("the query is blank");
        assertThatExceptionOfType(InvalidRequestException.class)
                .isThrownBy(() ->
                        model.scoreAll(List.of(TextSegment.from("a"), TextSegment.from("long ".repeat(300))), "hello"))
                .withMessageStartingWith("segment 2 with the query: has ");
    }

    @Test
    void tokensAreCountedAsTheModelReadsThem() {
        MoeloraTokenCountEstimator tokens = MoeloraTokenCountEstimator.of(SharedModel.base());
        UserMessage hello = UserMessage.from("hello");
        assertThat(tokens.estimateTokenCountInMessages(List.of(hello)))
                .isEqualTo(Chats.chat(MoeloraChatRequestParameters.NONE)
                        .chat(hello)
                        .metadata()
                        .tokenUsage()
                        .inputTokenCount());
        assertThat(tokens.estimateTokenCountInText("hello"))
                .isEqualTo(tokens.estimateTokenCountInMessage(hello))
                .isEqualTo(SharedModel.base().tokenizer().encode("hello", false).length);
        assertThat(tokens.estimateTokenCountInMessages(List.of(hello, AiMessage.from("Hello to you."), hello)))
                .isGreaterThan(2 * tokens.estimateTokenCountInMessage(hello));
    }
}
