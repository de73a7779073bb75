package org.moelora.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Field;
import java.util.Set;
import picocli.CommandLine.Model.OptionSpec;

/** Which part of a run a flag is about. It is said at the flag, once; who refuses, keeps or compares flags asks for the part. */
enum Part {
    /** The call alone: no file may set it, and a run that goes on has nothing to compare it with. */
    CALL,

    /** What the result does not depend on, or where files are whose contents are checked: a run that goes on may have another. */
    SURROUNDINGS,

    /** How a new adapter is made. */
    SHAPE,

    /** How the experts of a new mixture are chosen, also where they are given: part of its shape. */
    CHOICE,

    /** What only a mixture of experts has. */
    MIXTURE;

    /** The parts of a flag. */
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.FIELD)
    @interface Of {
        Part[] value();
    }

    static Set<Part> of(Field field) {
        Of parts = field.getAnnotation(Of.class);
        return parts == null ? Set.of() : Set.of(parts.value());
    }

    /** The parts of a flag; those that are no field of a command are about the program itself. */
    static Set<Part> of(OptionSpec option) {
        return option.userObject() instanceof Field field ? of(field) : Set.of(CALL);
    }
}
