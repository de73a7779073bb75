package org.moelora.cli;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.moelora.settings.Setting;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The flags of a command in its help, under the headings of {@link Section}: names on the left, and on the right what they mean. */
final class SectionedHelp implements IHelpSectionRenderer {
    private static final int INDENT = 2;
    private static final int MOST_FOR_NAMES = 28;

    /** The column of the default renderers' cells that holds the description. */
    private static final int DESCRIPTION = 4;

    /** One flag or argument: a line for its names, and lines of description that are still to be wrapped. */
    private record Entry(Text names, List<Text> description) {}

    @Override
    public String render(Help help) {
        Map<Section, List<Entry>> sections = new EnumMap<>(Section.class);
        for (PositionalParamSpec argument : help.commandSpec().positionalParameters()) {
            add(sections, Section.ARGUMENTS, argument(help, argument));
        }
        for (OptionSpec option : help.commandSpec().options()) {
            if (!option.hidden()) {
                add(sections, section(option), option(help, option));
            }
        }
        int names = sections.values().stream()
                .flatMap(List::stream)
                .mapToInt(entry -> entry.names().plainString().length())
                .filter(length -> length <= MOST_FOR_NAMES)
                .max()
                .orElse(MOST_FOR_NAMES);
        StringBuilder text = new StringBuilder();
        sections.forEach((section, entries) -> {
            text.append(System.lineSeparator())
                    .append(help.colorScheme().text("@|bold " + section.title() + ":|@"))
                    .append(System.lineSeparator());
            TextTable table = table(help, INDENT + names);
            entries.forEach(entry -> add(table, entry, names, help.colorScheme().text("")));
            table.toString(text);
        });
        return text.toString();
    }

    /** The heading of a flag; flags that name none are about the program itself. */
    static Section section(OptionSpec option) {
        if (option.userObject() instanceof Setting<?, ?> setting) {
            return Section.of(setting.parts());
        }
        if (option.userObject() instanceof Field field) {
            Under own = field.getAnnotation(Under.class);
            Under all = own == null ? field.getDeclaringClass().getAnnotation(Under.class) : own;
            return all == null ? Section.GENERAL : all.value();
        }
        return Section.GENERAL;
    }

    private static void add(Map<Section, List<Entry>> sections, Section section, Entry entry) {
        sections.computeIfAbsent(section, s -> new ArrayList<>()).add(entry);
    }

    private static Entry option(Help help, OptionSpec option) {
        Text[][] cells =
                help.createDefaultOptionRenderer().render(option, help.parameterLabelRenderer(), help.colorScheme());
        Text names = help.colorScheme().text("");
        for (String name : option.names()) {
            names = names.concat(names.plainString().isEmpty() ? "" : ", ")
                    .concat(help.colorScheme().optionText(name));
        }
        return new Entry(names.concat(label(help, option)), description(cells));
    }

    private static Entry argument(Help help, PositionalParamSpec argument) {
        Text[][] cells = help.createDefaultParameterRenderer()
                .render(argument, help.parameterLabelRenderer(), help.colorScheme());
        return new Entry(label(help, argument), description(cells));
    }

    private static Text label(Help help, ArgSpec arg) {
        return help.parameterLabelRenderer()
                .renderParameterLabel(arg, help.ansi(), help.colorScheme().optionParamStyles());
    }

    private static List<Text> description(Text[][] cells) {
        return Arrays.stream(cells).map(row -> row[DESCRIPTION]).toList();
    }

    private static TextTable table(Help help, int left) {
        int width = help.commandSpec().usageMessage().width();
        TextTable table = TextTable.forColumns(
                help.colorScheme(),
                new Column(left, INDENT, Column.Overflow.SPAN),
                new Column(width - left, INDENT, Column.Overflow.WRAP));
        table.indentWrappedLines = 0;
        return table;
    }

    private static void add(TextTable table, Entry entry, int names, Text nothing) {
        Text first = entry.names();
        if (first.plainString().length() > names) {
            table.addRowValues(first, nothing);
            first = nothing;
        }
        for (Text line : entry.description()) {
            table.addRowValues(first, line);
            first = nothing;
        }
    }
}
