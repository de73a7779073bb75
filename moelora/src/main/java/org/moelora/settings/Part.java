package org.moelora.settings;

/** Which part of a run a setting is about. It is said at the setting, once; commands that refuse, keep or compare settings ask for the part. */
public enum Part {
    /** The call alone: no file may set it, and a run that goes on has nothing to compare it with. */
    CALL,

    /** What the result does not depend on, or where files are whose contents are checked: a run that goes on may have another. */
    SURROUNDINGS,

    /** How a new adapter is made. */
    SHAPE,

    /** How the experts of a new mixture are chosen, also where they are given: part of its shape. */
    CHOICE,

    /** What only a mixture of experts has. */
    MIXTURE,

    /** The rows, and their order. */
    DATA,

    /** The evaluations on the way. */
    EVALUATION,

    /** What is written on the way. */
    OUTPUT,

    /** How it is computed. */
    MACHINE
}
