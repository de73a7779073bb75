package org.moelora.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class JsonWriterTest {
    @Test
    void writesOneLine() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("step", 3);
        map.put("loss", 2.5);
        map.put("rate", 3e-4f);
        map.put("nan", Double.NaN);
        map.put("inf", Float.NEGATIVE_INFINITY);
        map.put("ids", new int[] {1, 2});
        map.put("means", new double[] {0.5, 1e300});
        map.put("nested", List.of(Map.of("a", true), List.of(), Map.of()));
        map.put("none", null);

        assertThat(JsonWriter.line(map))
                .isEqualTo("{\"step\":3,\"loss\":2.5,\"rate\":3.0E-4,\"nan\":null,\"inf\":null,\"ids\":[1,2],"
                        + "\"means\":[0.5,1.0E300],\"nested\":[{\"a\":true},[],{}],\"none\":null}");
    }

    @Test
    void writesForPeople() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("r", 4);
        map.put("target_modules", List.of("q_proj", "v_proj"));
        map.put("empty", Map.of());
        map.put("shards", List.of(Map.of("file", "a"), Map.of("file", "b")));

        assertThat(JsonWriter.pretty(map)).isEqualTo("""
                        {
                          "r": 4,
                          "target_modules": ["q_proj", "v_proj"],
                          "empty": {},
                          "shards": [
                            {
                              "file": "a"
                            },
                            {
                              "file": "b"
                            }
                          ]
                        }
                        """);
    }

    @Test
    void escapesWhatJsonCannotHold() {
        assertThat(JsonWriter.line("\"\\\n\r\t\b\u0000\u007f é😀\ud800x\udc00"))
                .isEqualTo("\"\\\"\\\\\\n\\r\\t\\u0008\\u0000\\u007f é😀\\ud800x\\udc00\"");
    }

    @Test
    void givesBackEveryBitOfADouble() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 20_000; i++) {
            double value = Double.longBitsToDouble(random.nextLong());
            if (Double.isFinite(value)) {
                double read = Json.parse("{\"x\":" + JsonWriter.line(value) + "}", "x")
                        .number("x");
                assertThat(Double.doubleToRawLongBits(read)).isEqualTo(Double.doubleToRawLongBits(value));
            }
        }
    }

    @Test
    void writesWhatWasReadAsItWas() {
        String text = "{\"b\":[1,2.5,\"x\",null,{\"c\":false}],\"a\":{\"z\":123456789012345678901234567890}}";

        assertThat(Json.parse(text, "x").toString()).isEqualTo(text);
    }

    @Test
    void refusesWhatIsNotJson() {
        assertThatThrownBy(() -> JsonWriter.line(new Object())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> JsonWriter.line(Map.of(1, 2))).isInstanceOf(IllegalArgumentException.class);
    }
}
