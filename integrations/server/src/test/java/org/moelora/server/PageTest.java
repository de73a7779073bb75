package org.moelora.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.adapter.Adapter;
import org.moelora.model.Request;
import org.moelora.text.ChatMessage;

/** The page in a browser: a chat, another adapter, the router's view. {@code -Dmoelora.screenshot=FILE} keeps a picture. */
@Timeout(120)
class PageTest {
    @TempDir
    private Path root;

    @Test
    void aChatOnThePage() throws Exception {
        Optional<Path> program = Chromium.program();
        assumeTrue(program.isPresent(), "needs chromium in PATH");
        Served.adapters(root.resolve("adapters"));
        try (Served served = new Served(builder ->
                builder.adapter("lora", root.resolve("adapters/a")).adapter("routed", root.resolve("adapters/c")))) {
            try (Chromium page = new Chromium(program.get(), root.resolve("profile"), served.server.uri())) {
                page.await(
                        "document.readyState === 'complete' && document.querySelectorAll('#model option').length === 3");
                ask(page, "routed", "Hi");
                assertThat(page.evaluate("document.querySelector('.assistant').textContent"))
                        .isEqualTo(answer(served));
                assertThat(page.evaluate("document.querySelectorAll('#mean .bar').length"))
                        .isEqualTo(3L);
                assertThat((Long) page.evaluate("document.querySelectorAll('#gates .cell').length"))
                        .isGreaterThan(3);
                assertThat((String) page.evaluate("document.querySelector('.note:not(#routed)').textContent"))
                        .startsWith("routed · 12 tokens after ");
                String picture = System.getProperty("moelora.screenshot");
                if (picture != null) {
                    Files.write(Path.of(picture), page.screenshot());
                }
                ask(page, "lora", "Go on");
                assertThat(page.evaluate("document.querySelector('#routed').textContent"))
                        .isEqualTo("There is no router.");
                page.evaluate("at('temperature').value = 9");
                ask(page, "lora", "x");
                assertThat((String) page.evaluate("document.querySelector('.error').textContent"))
                        .contains("temperature");
            }
        }
    }

    private static void ask(Chromium page, String model, String text) throws InterruptedException {
        page.evaluate("at('model').value = '" + model + "'; at('tokens').value = 12; at('text').value = '" + text
                + "'; at('send').click()");
        page.await("running === null");
    }

    private String answer(Served served) {
        try (Adapter routed = Adapter.load(root.resolve("adapters/c"), served.base)) {
            return served.base
                    .with(routed)
                    .complete(Request.ofMessages(List.of(new ChatMessage("user", "Hi")))
                            .maxTokens(12)
                            .build())
                    .text();
        }
    }
}
