package org.moelora.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.langchain4j.model.scoring.ScoringModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.eval.Scorer;
import org.moelora.model.LanguageModel;
import org.moelora.text.Tokenizer;

/**
 * A {@link ScoringModel} that says how well a segment leads to a query (Sachan et al. 2022, arXiv 2204.07496): {@code s = 1/|q| sum_t log p(q_t | before, segment, after, q_<t)}, with
 * what stands before and after a segment as {@link #of} says. Scores are at most 0, and larger for better segments.
 *
 * <p>Safe for use by several threads, each of which computes what it asks for. Decoder and adapter stay the caller's.
 */
public final class MoeloraScoringModel implements ScoringModel {
    private final LanguageModel view;
    private final String before;
    private final String after;

    private MoeloraScoringModel(LanguageModel view, String before, String after) {
        this.view = view;
        this.before = before;
        this.after = after;
    }

    /** For a view, with {@code Passage: } before a segment, and a line with {@code Question:} after it. */
    public static MoeloraScoringModel of(LanguageModel view) {
        return of(view, "Passage: ", "\nQuestion:");
    }

    /**
     * For a view.
     *
     * @param before what stands before a segment
     * @param after what stands between a segment and the query, which follows after a space
     */
    public static MoeloraScoringModel of(LanguageModel view, String before, String after) {
        return new MoeloraScoringModel(view, before, after);
    }

    /**
     * @throws dev.langchain4j.exception.InvalidRequestException if the query is blank, or a segment with the query has more tokens than the model has positions for
     */
    @Override
    public Response<List<Double>> scoreAll(List<TextSegment> segments, String query) {
        try {
            List<TokenRow> rows = new ArrayList<>();
            for (TextSegment segment : segments) {
                rows.add(row(segment.text(), query, rows.size()));
            }
            List<Double> scores = Scorer.score(view, rows).rows().stream()
                    .map(score -> -score.loss())
                    .toList();
            return Response.from(
                    scores,
                    new TokenUsage(rows.stream().mapToInt(TokenRow::length).sum()));
        } catch (RuntimeException e) {
            throw ResponseTranslation.translated(e);
        }
    }

    /** A segment's row, of which the query carries loss. */
    private TokenRow row(String segment, String query, int number) {
        Tokenizer tokenizer = view.decoder().tokenizer();
        if (tokenizer == null) {
            throw new InputException(
                    view.decoder().source()
                            + ": there is no tokenizer; expected tokenizer.json in the folder, or one in the GGUF file, as segments are texts");
        }
        if (query.isBlank()) {
            throw new InputException("the query is blank; expected a text to score segments by");
        }
        int[] prompt = tokenizer.encodePrompt(before + segment + after);
        int[] asked = tokenizer.encode(" " + query.strip(), false);
        int[] ids =
                IntStream.concat(Arrays.stream(prompt), Arrays.stream(asked)).toArray();
        view.checkLength("segment " + (number + 1) + " with the query", ids.length);
        int[] labels = ids.clone();
        Arrays.fill(labels, 0, prompt.length, TokenRow.IGNORED);
        return new TokenRow(ids, labels, null, number);
    }
}
