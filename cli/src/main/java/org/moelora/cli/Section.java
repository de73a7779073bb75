package org.moelora.cli;

import java.util.Set;
import org.moelora.settings.Part;

/** What a flag is about: the headings of a command's help, in the order in which they are shown. */
enum Section {
    ARGUMENTS("Arguments"),
    MODEL("Model"),
    DATA("Data"),
    ADAPTER("Adapter"),
    OPTIMIZER("Optimizer"),
    EVALUATION("Evaluation"),
    ANSWERS("Answers"),
    OUTPUT("Output"),
    MACHINE("Machine"),
    GENERAL("General");

    private final String title;

    Section(String title) {
        this.title = title;
    }

    /** The heading of a setting that is about these parts of a run. */
    static Section of(Set<Part> parts) {
        if (parts.contains(Part.SHAPE) || parts.contains(Part.MIXTURE)) {
            return ADAPTER;
        }
        return parts.contains(Part.DATA)
                ? DATA
                : parts.contains(Part.EVALUATION)
                        ? EVALUATION
                        : parts.contains(Part.OUTPUT) ? OUTPUT : parts.contains(Part.MACHINE) ? MACHINE : OPTIMIZER;
    }

    String title() {
        return title;
    }
}
