package org.moelora.cli;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import picocli.CommandLine.Option;

/** The flag that says what chat templates take for today, of commands that write conversations. */
@Under(Section.DATA)
final class DateFlag {
    @Option(
            names = "--date",
            paramLabel = "DATE",
            description = "The date that the chat template writes, as YYYY-MM-DD; today unless given.")
    private @Nullable String date;

    /**
     * The day that is given, else today.
     *
     * @throws InputException if it is no date
     */
    LocalDate date() {
        return date(LocalDate.now(ZoneId.systemDefault()));
    }

    /** The day that is given, else another. */
    LocalDate date(LocalDate otherwise) {
        return date == null ? otherwise : given(date);
    }

    private static LocalDate given(String date) {
        try {
            if (date.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}") && !date.startsWith("0000")) {
                return LocalDate.parse(date);
            }
        } catch (DateTimeException e) {
            throw new InputException(message(date), e);
        }
        throw new InputException(message(date));
    }

    private static String message(String date) {
        return "--date is \"" + date + "\"; expected a day such as 2026-03-31";
    }

    /** For what no chat template writes. */
    void refuse(String why) {
        if (date != null) {
            throw new InputException("--date: " + why);
        }
    }
}
