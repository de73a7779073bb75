package org.moelora.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.moelora.io.FolderFile;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/** Reads tokenizer.json and what stands beside it into the parts of a {@link Tokenizer}. */
final class TokenizerFiles {
    /** Names that end-of-sequence tokens are known to have, for a folder that does not say which it is. */
    private static final List<String> USUAL_ENDS = List.of("</s>", "<|endoftext|>", "<|end_of_text|>", "<eos>");

    private final Path file;
    private final JsonObject root;
    private final BytePairs model;
    private final Map<String, AddedTokens.Token> added = new LinkedHashMap<>();
    private final UnusedKeys unused = new UnusedKeys();
    private int addedLength;

    private TokenizerFiles(Path file) {
        this.file = file;
        Path name = file.getFileName();
        root = Json.read(name == null ? file : FolderFile.of(folder(), name.toString()));
        model = BytePairsFile.read(root.object("model"));
    }

    private Path folder() {
        Path parent = file.getParent();
        return parent == null ? Path.of("") : parent;
    }

    static Tokenizer read(Path file) {
        return new TokenizerFiles(file).tokenizer();
    }

    private Tokenizer tokenizer() {
        JsonArray list = root.arrayOrNull("added_tokens");
        for (JsonObject entry : list == null ? List.<JsonObject>of() : list.objects()) {
            add(entry, entry.integer("id"));
        }
        JsonObject config = beside("tokenizer_config.json");
        addOthers(config == null ? null : config.objectOrNull("added_tokens_decoder"));
        JsonObject names = beside("special_tokens_map.json");
        addNamed(config, names);
        unused.config(config);
        unused.tokenizer(root);
        unused.log(file);
        UnaryOperator<String> normalizer = Normalizers.read(root.objectOrNull("normalizer"));
        Frame frame = Frame.read(root.objectOrNull("post_processor"));
        frame.outside(size()).ifPresent(id -> {
            throw root.error("has a post_processor with the id " + id + "; expected ids of the vocabulary, 0 to "
                    + (size() - 1));
        });
        OptionalInt end = end(config, names);
        return new Tokenizer(
                file,
                model,
                added.values().stream()
                        .sorted(Comparator.comparing(
                                token -> !token.special())) // of equal texts a special token counts
                        .toList(),
                AddedTokens.Rules.HUGGING_FACE,
                normalizer,
                PreTokenizer.read(root.objectOrNull("pre_tokenizer")),
                Detokenizer.read(root),
                framed(frame, config, names, end),
                end);
    }

    /** Adds the tokens of tokenizer_config.json, by id, that tokenizer.json lacks. */
    private void addOthers(@Nullable JsonObject byId) {
        if (byId == null) {
            return;
        }
        for (String id : byId.names()) {
            JsonObject entry = byId.object(id);
            if (!added.containsKey(entry.string("content"))) {
                if (!id.matches("[0-9]{1,8}")) {
                    throw byId.error(id, "an id as its name");
                }
                add(entry, Integer.parseInt(id));
            }
        }
    }

    /** What is named as a special token is one, whatever tokenizer.json says of it. */
    private void addNamed(@Nullable JsonObject config, @Nullable JsonObject names) {
        for (JsonObject object : new @Nullable JsonObject[] {names, config}) {
            if (object == null) {
                continue;
            }
            for (String field : object.names()) {
                if (field.endsWith("_token")) {
                    addNamed(field, object.get(field));
                } else if (field.equals("extra_special_tokens") || field.equals("additional_special_tokens")) {
                    Object several = object.get(field);
                    if (several instanceof JsonArray list) {
                        for (int i = 0; i < list.size(); i++) {
                            addNamed(field, list.get(i));
                        }
                    } else if (several instanceof JsonObject byName) {
                        byName.names().forEach(name -> addNamed(field, byName.get(name)));
                    }
                }
            }
        }
    }

    private void addNamed(String field, @Nullable Object token) {
        JsonObject object = token instanceof JsonObject given ? given : null;
        String content = object != null ? object.string("content") : token instanceof String text ? text : "";
        AddedTokens.Token known = added.get(content);
        Integer id = known == null ? model.id(content) : Integer.valueOf(known.id());
        if (content.isEmpty() || (known != null && known.special())) {
            return;
        }
        if (id == null) {
            unused.token(field, content);
        } else if (known != null) {
            added.put(content, known.asSpecial());
        } else {
            added.put(
                    content,
                    new AddedTokens.Token(
                            id,
                            content,
                            true,
                            object != null && object.flag("single_word", false),
                            object != null && object.flag("lstrip", false),
                            object != null && object.flag("rstrip", false),
                            false));
        }
    }

    private void add(JsonObject entry, int id) {
        String content = entry.string("content");
        addedLength += content.length();
        if (content.length() > AddedTokens.LONGEST || addedLength > AddedTokens.LONGEST_TOGETHER) {
            throw entry.error(
                    "content",
                    "at most " + AddedTokens.LONGEST + " characters, and " + AddedTokens.LONGEST_TOGETHER
                            + " in all added tokens together");
        }
        Integer inModel = model.id(content);
        if (id < 0 || id > Vocabulary.MAX_ID || (inModel != null && inModel != id)) {
            throw entry.error("id", inModel != null ? inModel + ", as in the vocabulary" : "an id of 24 bits");
        }
        String other = model.token(id);
        if (other != null && !other.equals(content)) {
            throw entry.error("id", "an id of its own, not that of \"" + other + "\"");
        }
        var token = new AddedTokens.Token(
                id,
                content,
                entry.flag("special", false),
                entry.flag("single_word", false),
                entry.flag("lstrip", false),
                entry.flag("rstrip", false),
                entry.flag("normalized", !entry.flag("special", false)));
        AddedTokens.Token before = added.put(content, token);
        if (before != null && before.id() != id) {
            throw entry.error("content", "a text that is not also that of the id " + before.id());
        }
    }

    private int size() {
        int size = model.size();
        for (AddedTokens.Token token : added.values()) {
            size = Math.max(size, token.id() + 1);
        }
        return size;
    }

    private @Nullable JsonObject beside(String name) {
        Path other = FolderFile.of(folder(), name);
        return Files.exists(other) ? Json.read(other) : null;
    }

    /** What tokenizer_config.json says of the tokens around a text goes before the post-processor. */
    private Frame framed(Frame frame, @Nullable JsonObject config, @Nullable JsonObject names, OptionalInt end) {
        Frame result = frame;
        if (config != null && config.has("add_bos_token")) {
            OptionalInt begin = named("bos_token", config, names);
            if (!config.flag("add_bos_token")) {
                // Only the token itself: what else a template adds was not spoken of.
                result = frame.before().length == 1 ? frame.withBefore() : frame;
            } else if (frame.before().length == 0) {
                result = result.withBefore(
                        begin.orElseThrow(() -> config.error("bos_token", "a token, since add_bos_token is true")));
            }
        }
        if (config != null && config.flag("add_eos_token", false) && result.after().length == 0) {
            result = result.withAfter(
                    end.orElseThrow(() -> config.error("eos_token", "a token, since add_eos_token is true")));
        }
        return result;
    }

    private OptionalInt end(@Nullable JsonObject config, @Nullable JsonObject names) {
        OptionalInt id = named("eos_token", config, names);
        if (id.isPresent()) {
            return id;
        }
        JsonObject modelConfig = beside("config.json");
        if (modelConfig != null && modelConfig.has("eos_token_id")) {
            boolean several = modelConfig.get("eos_token_id") instanceof JsonArray array && array.size() > 0;
            int ofModel = several ? modelConfig.array("eos_token_id").integer(0) : modelConfig.integer("eos_token_id");
            if (ofModel < 0 || ofModel > Vocabulary.MAX_ID) {
                throw modelConfig.error("eos_token_id", "a token id, 0 or more");
            }
            return OptionalInt.of(ofModel);
        }
        return USUAL_ENDS.stream()
                .map(added::get)
                .filter(token -> token != null && token.special())
                .mapToInt(AddedTokens.Token::id)
                .findFirst();
    }

    /** The id of a token that tokenizer_config.json or special_tokens_map.json names: a text, or an object with its content. */
    private OptionalInt named(String field, @Nullable JsonObject... files) {
        for (JsonObject object : files) {
            if (object != null && object.has(field)) {
                String content =
                        object.get(field) instanceof JsonObject token ? token.string("content") : object.string(field);
                AddedTokens.Token token = added.get(content);
                Integer id = token != null ? Integer.valueOf(token.id()) : model.id(content);
                if (id == null) {
                    throw object.error(field, "a token of " + file.getFileName());
                }
                return OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }
}
