package org.moelora.cli;

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

    String title() {
        return title;
    }
}
