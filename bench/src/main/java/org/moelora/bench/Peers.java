package org.moelora.bench;

import java.util.List;
import java.util.Map;
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

    /** DJL unpacks libtorch into a folder, by default in the user's home, and would tell its makers that it was started. */
    static Map<String, String> environment(Session session) {
        return Map.of(
                "DJL_CACHE_DIR",
                session.kept().resolve("djl").toString(),
                "OPT_OUT_TRACKING",
                "true",
                "DJL_OFFLINE",
                "true");
    }
}
