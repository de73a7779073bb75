package org.moelora.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.Targets;
import org.moelora.io.SafetensorsWriter;
import org.moelora.io.StoredType;

/** Merges a DoRA into a checkpoint of which a single matrix is larger than the heap. */
public final class LargeMerge {
    private LargeMerge() {}

    /** @param args a folder to work in */
    public static void main(String[] args) throws IOException {
        Path folder = Files.createDirectories(Path.of(args[0]).resolve("base"));
        Files.writeString(folder.resolve("config.json"), """
                {"model_type": "llama", "hidden_size": 128, "intermediate_size": 65536, "num_hidden_layers": 1,
                 "vocab_size": 31, "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-5,
                 "max_position_embeddings": 64, "tie_word_embeddings": true}""");
        SafetensorsWriter writer = new SafetensorsWriter();
        Weights.stored(DecoderConfig.read(folder.resolve("config.json")))
                .forEach((name, stored) ->
                        writer.values(name, StoredType.F32, stored.storedShape(), 128, (from, into) -> {
                            for (int i = 0; i < into.length; i++) {
                                into[i] = ((from + i) % 97 - 48) / 480f;
                            }
                        }));
        writer.write(folder.resolve("model.safetensors"));
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .dora(true)
                .targets(Targets.parse("all-linear"))
                .build();
        try (Decoder base = Decoder.load(folder);
                Adapter adapter = Adapter.create(base, config, 1)) {
            Path merged = Path.of(args[0]).resolve("merged");
            Merge.of(base, adapter).into(merged);
            System.out.println("heap " + Runtime.getRuntime().maxMemory() + ", file "
                    + Files.size(merged.resolve("model.safetensors")));
        }
    }
}
