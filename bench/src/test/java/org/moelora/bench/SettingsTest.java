package org.moelora.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.engine.InputException;

class SettingsTest {
    private static final List<String> KNOWN = List.of("gemm", "step", "scaling");

    @Test
    void allSectionsUnlessSomeAreNamed() {
        assertThat(Settings.parse(KNOWN).sections()).isEqualTo(KNOWN);
        assertThat(Settings.parse(KNOWN, "scaling", "gemm").sections()).containsExactly("gemm", "scaling");
    }

    @Test
    void readsItsFlags() {
        Settings settings = Settings.parse(KNOWN, "--out", "r.md", "step", "--rounds", "5", "--seed", "-3");
        assertThat(settings.out()).isEqualTo(Path.of("r.md"));
        assertThat(settings.sections()).containsExactly("step");
        assertThat(settings.rounds()).isEqualTo(5);
        assertThat(settings.stepRounds()).isEqualTo(3);
        assertThat(settings.seed()).isEqualTo(-3);
        assertThat(settings.quick()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gem|there is no section or flag gem; expected gemm, step, scaling, or a flag of bin/bench --help",
                "--rounds|--rounds has no value; expected one",
                "--rounds 0|--rounds is 0; expected a whole number from 1 to 1000",
                "--seed x|--seed is x; expected a whole number from -9223372036854775808 to 9223372036854775807"
            })
    void saysWhatIsWrong(String arguments, String message) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Settings.parse(KNOWN, arguments.split(" ")))
                .withMessage(message);
    }
}
