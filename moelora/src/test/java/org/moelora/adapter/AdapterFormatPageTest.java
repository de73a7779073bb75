package org.moelora.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.moelora.settings.Setting;

/** The page about {@code adapter_config.json} has the fields of the tables of settings. */
class AdapterFormatPageTest {
    private static final Path PAGE = Path.of("../docs/adapter-format.md");
    private static final String HEAD =
            "| field | it is there | if missing | what it can be | what it is |\n|---|---|---|---|---|\n";

    /** {@code -Dmoelora.pages=write} writes the table into the page. */
    @Test
    void everySettingOfAMixtureIsInThePage() throws IOException {
        String page = Files.readString(PAGE).replace("\r\n", "\n");
        String table = Stream.concat(
                        AdapterSettings.SETTINGS.all().stream()
                                .filter(MixtureJson::isOwn)
                                .map(setting -> row(setting, "always", "refused")),
                        LossSettings.SETTINGS.all().stream()
                                .map(setting -> row(setting, "after a training", "not known")))
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

    private static String row(Setting<?, ?> setting, String always, String missing) {
        Setting.Needs<?> needs = setting.needs();
        boolean unusual = setting.presence() == Setting.Presence.UNUSUAL;
        String with = needs == null
                ? (unusual ? "" : always)
                : "with the " + needs.of().name() + " " + String.join(" or ", needs.oneOf());
        String unless = unusual ? (with.isEmpty() ? "" : ", ") + "unless it is " + setting.shownDefault() : "";
        return "| `" + MixtureJson.field(setting) + "` | " + with + unless + " | "
                + (setting.presence() == Setting.Presence.ALWAYS ? missing : setting.shownDefault()) + " | "
                + setting.kind().expected() + " | "
                + setting.help().replace(": {}.", ".").replace("{}", setting.shownDefault()) + " |\n";
    }
}
