package org.moelora.hostile;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.DeviceChoice;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;

/** Generates from a model whose file is cut off meanwhile. Arguments: the model's folder, a device, and how many times it generates before. */
final class Shrinking {
    private Shrinking() {}

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        try (Decoder decoder = Decoder.load(folder, new DeviceChoice(args[1], 2))) {
            for (int round = 0; round < Integer.parseInt(args[2]); round++) {
                generate(decoder);
            }
            try (RandomAccessFile file =
                    new RandomAccessFile(folder.resolve("model.safetensors").toFile(), "rw")) {
                file.setLength(file.length() / 2);
            }
            try {
                generate(decoder);
                System.out.println("nothing happened");
            } catch (InputException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }
        System.out.println("still alive");
    }

    private static void generate(Decoder decoder) {
        Generation.of(decoder.plain(), GenerationOptions.GREEDY.withMaxTokens(4))
                .ids(List.of(new int[] {1, 2}), (sequence, id) -> true);
    }
}
