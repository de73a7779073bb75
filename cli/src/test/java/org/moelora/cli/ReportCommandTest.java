package org.moelora.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonRows;

class ReportCommandTest {
    private static final Pattern DATA =
            Pattern.compile("(?s)<script type=\"application/json\" id=\"data\">(.*?)</script>");

    @TempDir
    private Path temp;

    /** Trains into a folder of that name. */
    private Path train(String name, Object... more) {
        Path out = temp.resolve(name);
        Ran ran = Ran.of(Stream.concat(
                        Stream.of("train", "--model", Ran.LLAMA, "--data", Ran.LLAMA_ROWS, "--out", out, "--epochs=2"),
                        Stream.of(more))
                .toArray());
        assertThat(ran.code()).as(ran.err()).isZero();
        return out;
    }

    private static JsonObject data(Path page) throws IOException {
        Matcher data = DATA.matcher(Files.readString(page));
        assertThat(data.find()).isTrue();
        return Json.parse(data.group(1), page.toString());
    }

    private static List<Double> doubles(JsonArray array) {
        List<Double> all = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            all.add(((Number) array.get(i)).doubleValue());
        }
        return all;
    }

    @Test
    void trainWritesAPageWithTheNumbersOfItsMetrics() throws IOException {
        Path run = train("run", "--eval-split=0.2", "--eval-every=2");
        List<JsonObject> steps = new ArrayList<>();
        List<JsonObject> evaluations = new ArrayList<>();
        JsonRows.read(run.resolve("metrics.jsonl"), line -> (line.has("loss") ? steps : evaluations).add(line));
        assertThat(evaluations).isNotEmpty();

        JsonObject shown =
                data(run.resolve("report.html")).array("runs").objects().getFirst();
        for (String name : List.of("loss", "grad_norm", "learning_rate")) {
            JsonObject curve = shown.object("series").object(name);
            assertThat(doubles(curve.array("values")))
                    .as(name)
                    .isEqualTo(steps.stream().map(step -> step.number(name)).toList());
            assertThat(doubles(curve.array("steps")))
                    .isEqualTo(steps.stream().map(step -> step.number("step")).toList());
        }
        assertThat(doubles(shown.object("heldOut").array("values")))
                .isEqualTo(evaluations.stream()
                        .map(line -> line.number("eval_loss"))
                        .toList());
        assertThat(data(run.resolve("report.html")).array("commands").get(0))
                .isEqualTo("moelora train --config " + run.resolve("run.yaml") + " --out NEW");
    }

    @Test
    void whatDiffersBetweenRunsIsATable() throws IOException {
        Path a = train("a", "--learning-rate=1e-3");
        Path b = train("b", "--learning-rate=2e-3");
        Path page = temp.resolve("both.html");
        Ran ran = Ran.of("report", a, b, "--out", page);
        assertThat(ran.code()).as(ran.err()).isZero();
        JsonArray rows = data(page).array("differences");
        assertThat(rows.size()).isEqualTo(1);
        JsonArray row = (JsonArray) rows.get(0);
        assertThat(List.of(row.get(0), row.get(1), row.get(2)))
                .isEqualTo(List.of("training: learning-rate", "0.001", "0.002"));
    }

    /** Names come from files that anyone may have written. */
    @Test
    void aNameCannotEndTheScriptThatItIsIn() throws IOException {
        Path run = train("<b>run");
        Files.writeString(
                run.resolve("metrics.jsonl"),
                "{\"step\":9,\"eval_loss\":1.0,\"tasks\":{\"</script><script>alert(1)</script>\":1.0}}\n",
                java.nio.file.StandardOpenOption.APPEND);
        Path page = temp.resolve("page.html");
        assertThat(Ran.of("report", run, "--out", page).code()).isZero();
        String html = Files.readString(page);
        assertThat(html)
                .doesNotContain("<script>alert")
                .doesNotContain("<b>run")
                .contains("&lt;b>run");
        JsonObject tasks = data(page).array("runs").objects().getFirst().object("tasks");
        assertThat(tasks.names()).containsExactly("</script><script>alert(1)</script>");
    }

    @Test
    void aFileThatIsNoReportIsKept() throws IOException {
        Path run = train("run");
        Path other = Files.writeString(temp.resolve("other.html"), "<p>mine</p>");
        Ran ran = Ran.of("report", run, "--out", other);
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err())
                .contains("other.html exists and is not a report of this program; give --out another name");
        assertThat(other).hasContent("<p>mine</p>");
        assertThat(Ran.of("report", run, "--out", run.resolve("report.html")).code())
                .isZero();
    }

    @Test
    void manyStepsAreMeansOfSome() throws IOException {
        Path run = train("run");
        StringBuilder lines = new StringBuilder();
        for (int step = 1; step <= 2 * ReportData.MOST_POINTS; step++) {
            lines.append("{\"step\":")
                    .append(step)
                    .append(",\"loss\":")
                    .append(step)
                    .append("}\n");
        }
        Files.writeString(run.resolve("metrics.jsonl"), lines);
        Path page = temp.resolve("page.html");
        assertThat(Ran.of("report", run, "--out", page).code()).isZero();
        JsonObject shown = data(page).array("runs").objects().getFirst();
        assertThat(shown.integer("bucket")).isEqualTo(2);
        List<Double> values = doubles(shown.object("series").object("loss").array("values"));
        assertThat(values).hasSize(ReportData.MOST_POINTS).startsWith(1.5, 3.5);
    }

    /** The script runs to its end, and nothing in the page names a host that a browser would ask. */
    @Test
    void aBrowserDrawsIt() throws IOException, InterruptedException {
        Path browser = Path.of("/usr/bin/chromium");
        Path run = train("run", "--eval-split=0.2", "--eval-every=2");
        Path page = run.resolve("report.html");
        String html = Files.readString(page);
        assertThat(html)
                .doesNotContain("src=\"http")
                .doesNotContain("href=\"http")
                .doesNotContain("url(http");
        assumeTrue(Files.isExecutable(browser), "skipped without /usr/bin/chromium");
        Process process = new ProcessBuilder(
                        browser.toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--user-data-dir=" + temp.resolve("profile"),
                        "--enable-logging=stderr",
                        "--virtual-time-budget=3000",
                        "--dump-dom",
                        page.toUri().toString())
                .redirectError(temp.resolve("browser.log").toFile())
                .start();
        String dom = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(dom).containsPattern("<html[^>]* data-charts=\"[5-9]\"");
        assertThat(Files.readString(temp.resolve("browser.log"))).doesNotContain("CONSOLE");
        assertThat(dom).contains("Held-out loss").contains("learning-rate");
    }
}
