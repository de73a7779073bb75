package org.moelora.bench;

/** A part of the comparison. */
interface Section {
    /** What it is asked for by. */
    String name();

    /** Measures and reports as it goes. */
    void run(Session session);
}
