package org.moelora.bench;

import java.util.List;
import org.moelora.bench.contest.Contender;

/** The contenders that are other libraries, which only a build with the profile {@code peers} holds. */
final class Peers {
    static final String HOW =
            "built without the other libraries; bin/bench fetches them through Maven when it builds with a network";

    private Peers() {}

    /** Command of a contender; empty if it is not part of this build. */
    static List<String> java(int heapMegabytes, String program, String... arguments) {
        String name = "org.moelora.bench.peers." + program;
        return Contender.isBuilt(name) ? Contender.java(heapMegabytes, name, arguments) : List.of();
    }
}
