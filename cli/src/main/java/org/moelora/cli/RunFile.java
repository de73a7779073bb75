package org.moelora.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.io.JsonWriter;
import org.moelora.settings.Part;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;

/**
 * A YAML file of flags: one level of {@code name: value} or {@code name: [values]}, with the flags' names without the dashes.
 * It becomes arguments in front of those of the command line, less the ones that are given there.
 */
final class RunFile {
    /** Flags of which one rules the other out, so that either on the command line displaces both in the file. */
    private static final Map<String, String> RIVALS = Map.of(
            "--epochs", "--steps", "--steps", "--epochs", "--eval-data", "--eval-split", "--eval-split", "--eval-data");

    private static final String RESUME = "--resume";

    /** What may differ from a run that goes on. */
    private static final Set<Part> NOT_COMPARED = Set.of(Part.CALL, Part.SURROUNDINGS);

    private RunFile() {}

    /**
     * The arguments with those of the file that {@code --config} names, or of the run that {@code --resume} names, if one of them is there.
     *
     * @throws InputException if the file cannot be read, or something in it is no flag of the command, or no value of its flag; or if a flag
     *     that is given is not as in the run that is to go on
     */
    static String[] expand(Streams streams, String[] args) {
        Path run = valueOf(RESUME, args);
        Path config = valueOf(CommonFlags.CONFIG, args);
        if (run != null && config != null) {
            throw new InputException(RESUME + " and " + CommonFlags.CONFIG + " are both given; expected one of them");
        }
        Path file = run == null ? config : run.resolve("run.yaml");
        CommandLine command = file == null ? null : command(streams, args[0]);
        if (file == null
                || command == null
                || command.getCommandSpec().findOption(run == null ? CommonFlags.CONFIG : RESUME) == null) {
            return args;
        }
        if (run != null && !Files.exists(file)) {
            throw new InputException(run + ": holds no run that this command began; expected a folder with run.yaml");
        }
        Set<String> given =
                Arrays.stream(args).map(arg -> arg.replaceFirst("=.*$", "")).collect(Collectors.toSet());
        List<String> all = new ArrayList<>();
        List<String> kept = new ArrayList<>();
        for (var entry : read(file).entrySet()) {
            String flag = "--" + entry.getKey();
            OptionSpec option = command.getCommandSpec().findOption(flag);
            if (option == null || Flags.parts(option).contains(Part.CALL)) {
                throw new InputException(file + ": \"" + entry.getKey() + "\" is no flag of moelora "
                        + command.getCommandName() + " that a file may set; expected names as its --help shows them"
                        + Spelling.suggestion(entry.getKey(), names(command)));
            }
            List<String> arguments = arguments(
                    file,
                    option,
                    entry.getKey(),
                    run != null && flag.equals("--out") ? List.of(run.toString()) : entry.getValue());
            all.addAll(arguments);
            if (!given.contains(flag) && !given.contains(RIVALS.getOrDefault(flag, flag))) {
                kept.addAll(arguments);
            }
        }
        all.addFirst(args[0]);
        check(file, Moelora.commandLine(streams), run == null ? front(args[0], kept) : all);
        kept.addAll(List.of(args).subList(1, args.length));
        String[] expanded = front(args[0], kept).toArray(String[]::new);
        if (run != null) {
            checkSame(streams, run, given, all, expanded);
        }
        return expanded;
    }

    /** Of the flags that a file may set. */
    private static List<String> names(CommandLine command) {
        return command.getCommandSpec().options().stream()
                .filter(option -> !Flags.parts(option).contains(Part.CALL))
                .map(option -> option.longestName().substring(2))
                .toList();
    }

    private static List<String> front(String command, List<String> arguments) {
        List<String> all = new ArrayList<>(arguments);
        all.addFirst(command);
        return all;
    }

    private static @Nullable CommandLine command(Streams streams, String name) {
        return Moelora.commandLine(streams).getSubcommands().get(name);
    }

    /** Refuses flags that say something else than the run. */
    private static void checkSame(Streams streams, Path run, Set<String> given, List<String> ofRun, String[] expanded) {
        CommandLine has = Moelora.commandLine(streams);
        CommandLine asked = Moelora.commandLine(streams);
        try {
            has.parseArgs(ofRun.toArray(String[]::new));
            asked.parseArgs(expanded);
        } catch (ParameterException e) {
            return; // it is complained about when the command is run
        }
        for (String flag : given) {
            OptionSpec option = option(asked, expanded[0], flag);
            if (option == null || !Collections.disjoint(Flags.parts(option), NOT_COMPARED)) {
                continue;
            }
            Object value = comparable(option);
            OptionSpec there = option(has, expanded[0], flag);
            Object known = there == null ? null : comparable(there);
            if (!Objects.equals(value, known)) {
                throw new InputException(
                        flag + " is " + value + ", and the run in " + run + " has " + (known == null ? "none" : known)
                                + "; a run keeps its settings: leave it out, or give the same");
            }
        }
    }

    private static @Nullable OptionSpec option(CommandLine all, String command, String flag) {
        CommandLine one = all.getSubcommands().get(command);
        return one == null ? null : one.getCommandSpec().findOption(flag);
    }

    private static @Nullable Object comparable(OptionSpec option) {
        Object value = option.getValue();
        boolean isSwitch = option.arity().max() == 0;
        return value instanceof Path path
                ? path.toAbsolutePath().normalize()
                : value == null && isSwitch ? false : value;
    }

    private static @Nullable Path valueOf(String flag, String[] args) {
        for (int i = 1; i < args.length; i++) {
            if (args[i].equals(flag) && i + 1 < args.length) {
                return Path.of(args[i + 1]);
            }
            if (args[i].startsWith(flag + "=")) {
                return Path.of(args[i].substring(flag.length() + 1));
            }
        }
        return null;
    }

    private static List<String> arguments(Path file, OptionSpec option, String key, List<String> values) {
        String flag = "--" + key;
        if (option.arity().max() > 0) {
            return values.stream().map(value -> flag + "=" + value).toList();
        }
        return switch (values.isEmpty() ? "" : values.getFirst()) {
            case "true" -> List.of(flag);
            case "false" -> List.of();
            default ->
                throw new InputException(
                        file + ": \"" + key + "\" is " + JsonWriter.line(values) + "; expected true or false");
        };
    }

    /** Parses what the file says alone, so that a complaint names the file. */
    private static void check(Path file, CommandLine commands, List<String> arguments) {
        try {
            commands.parseArgs(arguments.toArray(String[]::new));
        } catch (MissingParameterException e) {
            return; // it may be among the flags
        } catch (ParameterException e) {
            throw new InputException(file + ": " + Mistakes.inFile(e), e);
        }
    }

    private static Map<String, List<String>> read(Path file) {
        Map<String, List<String>> entries = new LinkedHashMap<>();
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw InputException.unreadable(file, "a YAML file of flags", e);
        }
        try (JsonParser parser = new YAMLFactory().createParser(ObjectReadContext.empty(), text)) {
            JsonToken token = parser.nextToken();
            if (token != null && token != JsonToken.START_OBJECT) {
                throw notFlags(file, parser);
            }
            while (token != null && parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String key = parser.currentName();
                if (entries.put(key, values(file, key, parser)) != null) {
                    throw new InputException(file + ": \"" + key + "\" is there twice; expected it once");
                }
            }
        } catch (JacksonException e) {
            String at =
                    e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
            throw new InputException(
                    file + ": not valid YAML" + at + "; expected lines of a flag's name, \": \" and its value", e);
        }
        return entries;
    }

    private static List<String> values(Path file, String key, JsonParser parser) {
        List<String> values = new ArrayList<>();
        JsonToken token = parser.nextToken();
        if (token == JsonToken.START_ARRAY) {
            while ((token = parser.nextToken()) != JsonToken.END_ARRAY) {
                values.add(scalar(file, key, token, parser));
            }
        } else {
            values.add(scalar(file, key, token, parser));
        }
        return values;
    }

    private static String scalar(Path file, String key, JsonToken token, JsonParser parser) {
        if (!token.isScalarValue() || token == JsonToken.VALUE_NULL) {
            throw new InputException(file + ": \"" + key
                    + "\" is not a value or a list of values; expected one, as after the flag --" + key);
        }
        return parser.getString();
    }

    private static InputException notFlags(Path file, JsonParser parser) {
        return new InputException(file + ": found " + parser.currentToken()
                + " at its beginning; expected lines of a flag's name, \": \" and its value");
    }

    /** Flags as such a file. Values are written as JSON, which is YAML too. */
    static String write(Map<String, Object> flags) {
        StringBuilder yaml = new StringBuilder();
        flags.forEach((name, value) ->
                yaml.append(name).append(": ").append(JsonWriter.line(value)).append('\n'));
        return yaml.toString();
    }
}
