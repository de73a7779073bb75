package org.moelora.bench;

import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.moelora.bench.contest.ContenderException;
import org.moelora.bench.contest.Report;
import org.moelora.bench.contest.Surroundings;
import org.moelora.bench.lab.WorkFolder;
import org.moelora.engine.InputException;

/** Measures this engine and its peers side by side and prints one table of ratios; see {@link Settings#USAGE}. */
public final class Bench {
    private static final List<Section> SECTIONS =
            List.of(new GemmSection(), new StepSection(), new ScalingSection(), new GenerationSection());

    private Bench() {}

    public static void main(String[] args) {
        List<String> known = SECTIONS.stream().map(Section::name).toList();
        if (List.of(args).contains("--help")) {
            System.out.printf(Settings.USAGE, String.join(", ", known), Report.BY_HAND);
            return;
        }
        try {
            run(Settings.parse(known, args), String.join(" ", args));
        } catch (InputException e) {
            System.err.println("bench: " + e.getMessage());
            System.exit(2);
        }
    }

    private static void run(Settings settings, String arguments) {
        Report report = new Report(System.out);
        long begin = System.nanoTime();
        WorkFolder work = WorkFolder.make();
        Runtime.getRuntime().addShutdownHook(new Thread(work::close));
        report.preface("command: bin/bench " + arguments);
        report.preface("date: " + LocalDate.now(ZoneId.systemDefault()));
        Surroundings.machine().forEach(report::preface);
        Map<String, String> ignored = Surroundings.ignoredSettings();
        if (!ignored.isEmpty()) {
            report.preface("set in this shell, not for the contenders: " + ignored);
        }
        if (settings.quick()) {
            report.preface("QUICK: a small model and few rounds; these figures mean nothing");
        }
        Session session =
                new Session(settings, report, work.path(), Path.of(System.getProperty("bench.kept", "target/bench")));
        for (Section section : SECTIONS) {
            if (settings.sections().contains(section.name())) {
                try {
                    section.run(session);
                } catch (ContenderException e) {
                    session.failed("the rest of section " + section.name(), e);
                }
            }
        }
        report.end();
        report.section("Contenders");
        session.versions().forEach((name, version) -> report.line(name + ": " + version));
        session.absent().forEach((name, why) -> report.line("ABSENT: " + name + ": " + why));
        report.line(String.format("whole run: %.1f minutes", (System.nanoTime() - begin) / 60e9));
        Path out = settings.out();
        if (out != null) {
            report.write(out, "Results");
        }
    }
}
