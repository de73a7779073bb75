package org.moelora.testmodels;

/**
 * One row of a task.
 *
 * @param task the task's name
 * @param prompt everything up to and including "Answer:"
 * @param completion a space and the answer
 */
record Row(String task, String prompt, String completion) {

    static Row of(String task, String question, String answer) {
        return new Row(task, question + Cast.ANSWER, " " + answer);
    }

    String answer() {
        return completion.strip();
    }

    /** The row as one line of a JSONL file. */
    String json() {
        return "{\"task\":" + quoted(task) + ",\"prompt\":" + quoted(prompt) + ",\"completion\":" + quoted(completion)
                + "}";
    }

    static String quoted(String text) {
        var out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                default -> {
                    if (c < 0x20) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.append('"').toString();
    }
}
