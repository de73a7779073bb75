package org.moelora.model;

import java.util.List;

/** One {@link Request} as the calling thread answers it. Used once. */
final class CompletionRun {
    /** Room for so many tokens of a text at first; more is taken as they come. */
    private static final int AT_FIRST = 64;

    /** A cache of more bytes than this goes back to the system when its texts are done. */
    private static final long LARGE = 64L << 20;

    private final LanguageModel model;
    private final Request request;

    CompletionRun(LanguageModel model, Request request) {
        this.model = model;
        this.request = request;
    }

    List<Completion> run(TextInProgress.Pieces pieces) {
        AskedText asked = AskedText.of(model, request);
        List<TextInProgress> texts = asked.texts();
        try (LanguageModel.Uses uses = model.enter()) {
            answer(asked, texts, pieces);
        } catch (InternalError e) {
            throw model.decoder().explained(e);
        }
        return texts.stream().map(TextInProgress::completion).toList();
    }

    private void answer(AskedText asked, List<TextInProgress> texts, TextInProgress.Pieces pieces) {
        int prompt = asked.prompt().length;
        int first = (int) Math.min((long) prompt + asked.most(), (long) prompt + AT_FIRST);
        boolean large = false;
        try (Decoding decoding = new Decoding(model, asked.tasks(), first, prompt + asked.most())) {
            try {
                advance(decoding, asked, texts, pieces);
            } finally {
                large = decoding.bytes() > LARGE;
            }
        } finally {
            if (large) {
                model.decoder().device().trim();
            }
        }
    }

    private void advance(Decoding decoding, AskedText asked, List<TextInProgress> texts, TextInProgress.Pieces pieces) {
        while (texts.stream().anyMatch(text -> !text.ended())) {
            try {
                checkStop(asked);
                int[][] next = texts.stream().map(TextInProgress::next).toArray(int[][]::new);
                List<float[]> logits = decoding.read(next, () -> checkStop(asked));
                int row = 0;
                for (TextInProgress text : texts) {
                    if (!text.ended()) {
                        text.choose(logits.get(row++), pieces);
                    }
                }
            } catch (AskedText.Stopped e) {
                for (TextInProgress text : texts) {
                    text.end(e.why(), pieces);
                }
            }
        }
    }

    private static void checkStop(AskedText asked) {
        FinishReason why = Thread.currentThread().isInterrupted() ? FinishReason.CANCELLED : asked.stopped();
        if (why != null) {
            throw new AskedText.Stopped(why);
        }
    }
}
