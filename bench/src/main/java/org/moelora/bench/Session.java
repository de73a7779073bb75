package org.moelora.bench;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.moelora.bench.contest.Report;

/**
 * One run of the comparison.
 *
 * @param work a folder for logs and the model, removed at the end
 * @param absent contenders that are not here, and why
 * @param versions of contenders, as they said them
 */
record Session(Settings settings, Report report, Path work, Map<String, String> absent, Map<String, String> versions) {
    Session(Settings settings, Report report, Path work) {
        this(settings, report, work, new LinkedHashMap<>(), new LinkedHashMap<>());
    }
}
