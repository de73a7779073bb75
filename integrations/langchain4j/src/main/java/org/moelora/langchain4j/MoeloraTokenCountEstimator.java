package org.moelora.langchain4j;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.model.TokenCountEstimator;
import java.util.ArrayList;
import java.util.List;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.text.Tokenizer;

/**
 * Counts tokens exactly, with the model's own tokenizer: for {@code TokenWindowChatMemory}, which keeps a conversation within the model's positions. Safe for use by several
 * threads.
 */
public final class MoeloraTokenCountEstimator implements TokenCountEstimator {
    private final Decoder decoder;
    private final Tokenizer tokenizer;

    private MoeloraTokenCountEstimator(Decoder decoder, Tokenizer tokenizer) {
        this.decoder = decoder;
        this.tokenizer = tokenizer;
    }

    /**
     * For a decoder.
     *
     * @throws InputException if it has no tokenizer
     */
    public static MoeloraTokenCountEstimator of(Decoder decoder) {
        Tokenizer tokenizer = decoder.tokenizer();
        if (tokenizer == null) {
            throw new InputException(
                    decoder.source()
                            + ": there is no tokenizer; expected tokenizer.json in the folder, or one in the GGUF file, as its tokens are counted");
        }
        return new MoeloraTokenCountEstimator(decoder, tokenizer);
    }

    /** Tokens of a text alone. */
    @Override
    public int estimateTokenCountInText(String text) {
        return tokenizer.encode(text, false).length;
    }

    /** Tokens of what a message says: a prompt without it has at least as many fewer. */
    @Override
    public int estimateTokenCountInMessage(ChatMessage message) {
        return RequestTranslation.messages(List.of(message)).stream()
                .mapToInt(each -> each.content() == null ? 0 : estimateTokenCountInText(each.content()))
                .sum();
    }

    /** Tokens of the prompt that these messages are, up to where the answer begins. */
    @Override
    public int estimateTokenCountInMessages(Iterable<ChatMessage> messages) {
        List<ChatMessage> all = new ArrayList<>();
        messages.forEach(all::add);
        return Generation.of(decoder.plain(), GenerationOptions.GREEDY).tokens(RequestTranslation.messages(all)).length;
    }
}
