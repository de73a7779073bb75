package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class TemplatesTest {
    /** The page is what people write their prompts by. */
    @Test
    void areWhatThePageShows() throws IOException {
        String page = Files.readString(Path.of("../docs/data.md")).replace("\r\n", "\n");
        assertThat(page).contains("\n```text\n" + Templates.alpaca("{instruction}", null) + "```\n");
        assertThat(page).contains("\n```text\n" + Templates.alpaca("{instruction}", "{input}") + "```\n");
        for (String heading : new String[] {Templates.SYSTEM, Templates.USER, Templates.ASSISTANT}) {
            assertThat(page).contains("`" + heading.replace('\n', '⏎') + "`");
        }
    }

    /** As it stands, indented, in the program that published numbers are measured with. */
    @Test
    void llmAdaptersIsIndentedAsTheirProgramIs() {
        assertThat(Templates.llmAdapters("How many?\nThink.", ""))
                .isEqualTo("""
                        Below is an instruction that describes a task. Write a response that appropriately completes the request.\s

                                        ### Instruction:
                                        How many?
                        Think.

                                        ### Response:
                                       \s""")
                .isEqualTo(Templates.llmAdapters("How many?\nThink.", null));
        assertThat(Templates.llmAdapters("How many?", "Tom."))
                .contains("further context. Write a response that appropriately completes the request.\n\n")
                .endsWith(
                        "How many?\n\n                ### Input:\n                Tom.\n\n                ### Response:\n                ");
    }
}
