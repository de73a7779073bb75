package org.moelora.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.moelora.settings.Part;

/** Which parts of a run a flag is about that is no setting of a table. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
@interface About {
    Part[] value();
}
