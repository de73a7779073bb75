package org.moelora.testmodels;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.moelora.adapter.AdapterPass;
import org.moelora.data.Batch;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.data.TokenRow;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.optim.AdamW;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.DecoderConfig;
import org.moelora.model.LanguageModel;
import org.moelora.text.ChatTemplate;
import org.moelora.text.Tokenizer;

/**
 * Makes a model that knows a few conversations by heart and nothing else, for tests of programs that expect a certain answer: {@code Conversations FOLDER} reads {@code
 * FOLDER/lessons.jsonl} and {@code chat_template.jinja}, and writes the model beside them, in some seconds.
 */
final class Conversations {
    /** More than the lessons' words need. */
    private static final int VOCABULARY = 1024;

    private static final int STEPS = 200;
    private static final double RATE = 5e-3;
    private static final int WARM_UP = 20;

    private Conversations() {}

    public static void main(String[] args) throws IOException {
        if (args.length != 1) {
            System.err.println("Usage: Conversations FOLDER");
            System.exit(2);
        }
        make(Path.of(args[0]));
    }

    private static void make(Path folder) throws IOException {
        Path file = folder.resolve("lessons.jsonl");
        if (!Files.exists(folder.resolve("tokenizer.json"))) {
            TokenizerFiles.write(vocabulary(file), folder);
        }
        Tokenizer tokenizer = Tokenizer.read(folder.resolve("tokenizer.json"));
        DecoderConfig config = ModelFiles.config(64, 128, 2, 4, 2, tokenizer.vocabularySize());
        ChatTemplate template = ChatTemplate.read(folder);
        List<TokenRow> rows = new ExampleEncoder(tokenizer, config.vocabularySize())
                .withChatTemplate(() -> template)
                .encodeAll(Examples.read(file))
                .rows();
        try (Device device = Devices.open(DeviceOptions.DEFAULT);
                Decoder decoder = Decoder.trainable(config, tokenizer, device, 1)) {
            learn(decoder, Batch.of(rows));
            ModelFiles.write(decoder, folder);
        }
    }

    /** Of the lessons as they are written, twice: a pair that occurs once is not joined. */
    private static BpeTrainer.Vocabulary vocabulary(Path lessons) throws IOException {
        String text = Files.readString(lessons).replace("\\\"", "\"");
        var trainer = new BpeTrainer();
        trainer.add(text);
        trainer.add(text);
        return trainer.train(VOCABULARY - 2);
    }

    /** All rows in each step. A question whose answer is given in two forms is answered in the one that is there more often, unless it must be the other. */
    private static void learn(Decoder decoder, Batch batch) {
        LanguageModel model = decoder.plain();
        decoder.parameters().startTraining();
        try (AdamW optimizer = new AdamW(decoder.parameters(), new AdamW.Config(0.9, 0.98, 1e-8, 0))) {
            for (int step = 1; step <= STEPS; step++) {
                float loss;
                decoder.parameters().clearGradients();
                try (Tape tape = Tape.recording(decoder.device())) {
                    Tensor hidden = model.hidden(tape, AdapterPass.inference(), batch.ids(), batch.starts());
                    Tensor mean = model.loss(tape, hidden, batch.positions(), batch.targets(), 1f / batch.labels());
                    tape.backward(mean);
                    loss = mean.item();
                }
                optimizer.clip(1);
                optimizer.step(RATE * Math.min(1, step / (double) WARM_UP));
                if (step % 20 == 0) {
                    System.out.printf(Locale.ROOT, "step %d: loss %.4f%n", step, loss);
                }
            }
        }
    }
}
