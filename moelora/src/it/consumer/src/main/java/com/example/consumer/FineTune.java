package com.example.consumer;

import java.nio.file.Path;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.Examples;
import org.moelora.model.Decoder;
import org.moelora.train.FineTuner;

/** The README's snippet. */
public final class FineTune {
    private FineTune() {}

    public static void main(String[] args) {
        try (Decoder base = Decoder.load(Path.of("test-models/tiny"));
                Adapter adapter = MoeLora.create(
                        base, MoeLoraConfig.builder().experts(8).topK(2).rank(4).build())) {
            FineTuner.of(base.with(adapter)).on(Examples.read(Path.of("train.jsonl"))).epochs(3).run();
            adapter.save(Path.of("my-adapter"));
            System.out.println(base.with(adapter).generate("Q: ..."));
        }
    }
}
