package org.moelora.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.moelora.engine.InputException;
import org.moelora.io.FolderFile;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;

/**
 * {@code generation_config.json} of a Hugging Face folder. It names tokens that end a text, often more of them than {@code config.json} does; how tokens are
 * chosen, which it may also say, is for {@link GenerationOptions} here.
 */
final class GenerationFile {
    private static final String NAME = "generation_config.json";
    private static final String ENDS = "eos_token_id";

    private static final Set<String> DESCRIPTION = Set.of("transformers_version", "_from_model_config");

    /** Fields that {@link GenerationOptions} has in its own way, or that change no token. */
    private static final Set<String> KNOWN = Set.of(
            "bos_token_id",
            "cache_implementation",
            "do_sample",
            "max_length",
            "max_new_tokens",
            "min_p",
            "pad_token_id",
            "temperature",
            "top_k",
            "top_p",
            "use_cache");

    private GenerationFile() {}

    /**
     * The tokens that end a text.
     *
     * @throws InputException if the file is malformed, or an id is not below the vocabulary's size
     */
    static List<Integer> ends(Path folder, int vocabulary, Unused unused) {
        Path file = FolderFile.of(folder, NAME);
        if (!Files.exists(file)) {
            return List.of();
        }
        JsonObject json = Json.read(file);
        Set<String> rest = new TreeSet<>();
        for (String name : json.names()) {
            if (!name.equals(ENDS) && !DESCRIPTION.contains(name) && !OtherFields.isNeutral(json.get(name))) {
                rest.add(name);
            }
        }
        unused.add(NAME, rest, KNOWN::contains);
        return ConfigFields.ids(json, ENDS, vocabulary);
    }
}
