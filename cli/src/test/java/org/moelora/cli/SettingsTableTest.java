package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.AdapterSettings;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
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
            if (AdapterSettings.needs(setting) != null || setting.otherwise() == null) {
                continue; // another gate's, or nothing unless it is said
            }
            if (setting.presence() != Setting.Presence.UNUSUAL) {
                assertThat(yaml.stream().map(line -> line.replaceFirst(":.*", "")))
                        .contains(SettingFlags.name(setting));
            }
            boolean shape = AdapterSettings.SETTINGS.all().contains(setting);
            if (!shape || setting.presence() != Setting.Presence.UNUSUAL) {
                assertThat(json.object(shape ? "adapter" : "training").names()).contains(setting.field());
            }
        }
    }

    /** If it fails: paste what it expects between the two comments of the page. */
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
        assertThat(page.replaceFirst("(?s).*<!-- settings -->\n", "")
                        .replaceFirst("(?s)<!-- end of settings -->.*", ""))
                .isEqualTo(HEAD + table);
    }

    private static String allowed(Setting<?, ?> setting) {
        return setting.kind().written() == Boolean.class ? "" : setting.kind().expected();
    }
}
