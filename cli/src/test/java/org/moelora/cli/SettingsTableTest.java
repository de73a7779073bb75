package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.AdapterSettings;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.train.TrainingConfig;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** What is in the tables of settings is in flags, files and their documentation. */
class SettingsTableTest {
    private static final Path PAGE = Path.of("../docs/command-line.md");
    private static final String HEAD = "| flag | default | what it can be | what it is |\n|---|---|---|---|\n";

    private final TrainCommand train =
            new TrainCommand(new Streams(InputStream.nullInputStream(), System.out, System.err, false, () -> 0));

    private List<? extends Setting<?, ?>> settings() {
        return train.settings().all();
    }

    private static CommandSpec command() {
        Streams streams = new Streams(InputStream.nullInputStream(), System.out, System.err, false, () -> 0);
        return Moelora.commandLine(streams).getSubcommands().get("train").getCommandSpec();
    }

    @Test
    void everySettingIsAFlagWithItsHelp() {
        CommandSpec command = command();
        for (Setting<?, ?> setting : settings()) {
            OptionSpec option = command.findOption("--" + SettingFlags.name(setting));
            assertThat(option).as(setting.name()).isNotNull();
            assertThat(String.join("", option.description()).replace("%%", "%")).isEqualTo(setting.helpText());
            assertThat(Flags.parts(option)).isEqualTo(setting.parts()).doesNotContain(Part.CALL);
        }
        assertThat(settings().stream().map(Setting::name)).doesNotHaveDuplicates();
    }

    @Test
    void everySettingIsInRunJsonAndRunYaml(@TempDir Path temp) throws IOException {
        Path run = temp.resolve("run");
        Ran ran = Ran.of(
                "train",
                "--model",
                Ran.LLAMA,
                "--data",
                Ran.LLAMA_ROWS,
                "--out",
                run,
                "--epochs=0.1",
                "--eval-split=0.5");
        assertThat(ran.code()).as(ran.err()).isZero();
        JsonObject json = Json.read(run.resolve("run.json"));
        List<String> yaml = Files.readAllLines(run.resolve("run.yaml"));
        for (Setting<?, ?> setting : settings()) {
            if (setting.needs() != null || setting.otherwise() == null) {
                continue; // another gate's, or nothing unless it is said
            }
            if (setting.presence() != Setting.Presence.UNUSUAL) {
                assertThat(yaml.stream().map(line -> line.replaceFirst(":.*", "")))
                        .contains(SettingFlags.name(setting));
            }
            boolean shape = AdapterSettings.SETTINGS.all().contains(setting);
            boolean training = TrainingConfig.SETTINGS.all().contains(setting);
            if (training || (shape && setting.presence() != Setting.Presence.UNUSUAL)) {
                assertThat(json.object(shape ? "adapter" : "training").names()).contains(setting.field());
            }
        }
    }

    /** {@code -Dmoelora.pages=write} writes the table into the page. */
    @Test
    void everySettingIsInThePage() throws IOException {
        String page = Files.readString(PAGE).replace("\r\n", "\n");
        String table = settings().stream()
                .map(setting -> "| `--" + SettingFlags.name(setting)
                        + (setting.kind().label().isEmpty()
                                ? ""
                                : " " + setting.kind().label().replace("|", "\\|"))
                        + "` | "
                        + (setting.kind().written() == Boolean.class ? "off" : setting.shownDefault()) + " | "
                        + allowed(setting) + " | "
                        + setting.help().replace(": {}.", ".").replace("{}", setting.shownDefault()) + " |\n")
                .collect(Collectors.joining());
        String written = page.replaceFirst(
                "(?s)<!-- settings -->\n.*<!-- end",
                Matcher.quoteReplacement("<!-- settings -->\n" + HEAD + table + "<!-- end"));
        if ("write".equals(System.getProperty("moelora.pages"))) {
            Files.writeString(PAGE, written);
        } else {
            assertThat(page).isEqualTo(written);
        }
    }

    /**
     * A setting is declared in one file, and two more may name it: the code that it is for, and a check of what contradicts it. Its use through the record is no
     * naming. The page's table is generated.
     */
    @Test
    void aSettingIsNamedInThreeFilesAtMost() throws IOException {
        // Presets and other settings depend on these; top-k is also a gate's name.
        Set<String> named = Set.of("method", "experts", "gate", "top-k", "router", "balance-weight", "contrast-weight");
        Map<Path, String> code = new HashMap<>();
        for (String module : List.of("../moelora", "../cli")) {
            try (Stream<Path> files = Files.walk(Path.of(module, "src/main/java"))) {
                for (Path file :
                        files.filter(path -> path.toString().endsWith(".java")).toList()) {
                    code.put(file, Files.readString(file));
                }
            }
        }
        for (Setting<?, ?> setting : settings()) {
            String literal = "\"" + setting.name() + "\"";
            Pattern declared = Pattern.compile("Setting<[^=]+> (\\w+) =[^;]*?of\\(\\s*" + literal);
            List<Path> places = new ArrayList<>();
            String constant = null;
            for (Map.Entry<Path, String> file : code.entrySet()) {
                Matcher declaration = declared.matcher(file.getValue());
                if (declaration.find()) {
                    assertThat(constant).as("declarations of " + setting.name()).isNull();
                    constant = file.getKey().getFileName().toString().replace("java", "") + declaration.group(1);
                    places.add(file.getKey());
                }
            }
            assertThat(constant).as("the declaration of " + setting.name()).isNotNull();
            // A single word, such as "steps", is also a column of a report.
            String text = setting.name().contains("-") ? "|" + literal : "";
            Pattern use = Pattern.compile("\\b" + Pattern.quote(constant) + "\\b" + text);
            code.forEach((file, source) -> {
                if (!places.contains(file) && use.matcher(source).find()) {
                    places.add(file);
                }
            });
            if (!named.contains(setting.name())) {
                assertThat(places).as("files that name " + setting.name()).hasSizeLessThanOrEqualTo(3);
            }
        }
    }

    private static String allowed(Setting<?, ?> setting) {
        return setting.kind().written() == Boolean.class ? "" : setting.kind().expected();
    }
}
