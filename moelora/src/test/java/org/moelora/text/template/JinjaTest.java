package org.moelora.text.template;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/** Templates of our own, and what Jinja 3.1 writes for them with the settings and the filter tojson of transformers 5. */
class JinjaTest {
    private static final String VARIABLES =
            "{\"x\": {\"a\": 1, \"items\": [1, 2], \"b\": {\"c\": [3, {\"d\": 4}]}}, \"l\": [3, 1, 2], \"s\": \"It's O'neil-X (foo bar) <baz>\", \"n\": null, \"u\": [{\"name\": \"b\", \"n\": 2, \"t\": \"x\"}, {\"name\": \"A\", \"n\": 1, \"t\": \"y\"}, {\"name\": \"c\", \"n\": 3, \"t\": \"x\"}], \"tree\": [{\"v\": \"a\", \"c\": [{\"v\": \"b\", \"c\": [{\"v\": \"c\", \"c\": []}]}, {\"v\": \"d\", \"c\": []}]}], \"messages\": [{\"role\": \"user\", \"content\": \"hi\"}, {\"role\": \"assistant\", \"content\": \"yo\"}], \"txt\": \"  a b\\tc  d \", \"lines\": \"one\\ntwo\\r\\nthree\", \"uni\": \"a\ud83d\ude00b\u00e9\", \"f\": 1.5, \"big\": 1.2345678901234568e+16}";

    private static void writes(String template, String expected) {
        Template read = Template.parse("t", template);
        assertThat(read.render(map(Json.parse(VARIABLES, "variables")), LocalDate.of(2024, 7, 4)))
                .as(template)
                .isEqualTo(expected);
    }

    private static Map<String, Object> map(JsonObject object) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (String name : object.names()) {
            map.put(name, value(object.get(name)));
        }
        return map;
    }

    private static Object value(Object json) {
        return switch (json) {
            case JsonObject object -> map(object);
            case JsonArray array -> {
                List<Object> list = new ArrayList<>();
                for (int i = 0; i < array.size(); i++) {
                    list.add(value(array.get(i)));
                }
                yield list;
            }
            case Integer n -> n.longValue();
            case Number n when !(n instanceof Long) -> n.doubleValue();
            case null, default -> json;
        };
    }

    @Test
    void blocks() {
        writes(
                "{% macro m(a, b=2) %}{{ a }}-{{ b }}-{{ varargs }}-{{ kwargs }}{% endmacro %}{{ m(1) }} {{ m(*[1, 2, 3]) }} {{ m(**{\"a\": 5, \"z\": 6}) }} {{ m(1, *[9], **{\"q\": 1}) }}",
                "1-2-()-{} 1-2-(3,)-{} 5-2-()-{'z': 6} 1-9-()-{'q': 1}");
        writes(
                "{% macro w(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call w(\"p\") %}hi {{ l }}{% endcall %}",
                "<p>hi [3, 1, 2]</p>");
        writes(
                "{% macro opt() %}{% if caller is defined %}{{ caller() }}{% else %}none{% endif %}{% endmacro %}{{ opt() }}{% call opt() %}y{% endcall %}",
                "noney");
        writes("{% filter upper %}abc {{ s }}{% endfilter %}", "ABC IT'S O'NEIL-X (FOO BAR) <BAZ>");
        writes("{% filter trim | replace(\"a\", \"b\") %}  aXa {% endfilter %}", "bXb");
        writes("{% set y | upper | trim %} q {{ l }} {% endset %}[{{ y }}]", "[Q [3, 1, 2]]");
        writes("{% with a = 1, b = l %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}", "1[3, 1, 2]False");
        writes(
                "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}{% set t = 1, %}{{ t }}",
                "1221(1,)");
        writes("{% raw %}{{ x }} {% if %}{% endraw %}!", "{{ x }} {% if %}!");
        writes("{%- raw -%}  a {{ \n{% endraw -%}   b", "a {{ \nb");
        writes("{% generation %}{% set z = 1 %}in{% endgeneration %}{{ z is defined }}", "inFalse");
        writes("{% if true %}{% set q = 1 %}{% endif %}{{ q }}", "1");
        writes("{% set q = 0 %}{% macro f() %}{{ q }}{% endmacro %}{% set q = 5 %}{{ f() }}", "5");
        writes("{# c #}\n  {# c -#}   a\n   {% if true %}\nb\n   {% endif %}\nc", "a\nb\nc");
        writes(
                "{% macro foo(a, b) %}{{ a }}{{ b is defined }}{% endmacro %}{{ foo(1) }}{{ foo(b=2, a=1) }}",
                "1False1True");
    }

    @Test
    void loops() {
        writes(
                "{% macro each(xs) %}{% for x in xs %}{{ caller(x, loop.index) }};{% endfor %}{% endmacro %}{% call(a, i) each([4, 5]) %}{{ i }}:{{ a }}{% endcall %}",
                "1:4;2:5;");
        writes(
                "{% for i in tree recursive %}{{ i.v }}{{ loop.depth }}{% if i.c %}({{ loop(i.c) }}){% endif %}{% endfor %}",
                "a1(b2(c3)d2)");
        writes(
                "{% for i in [1,2,3] %}{{ loop.cycle(\"a\",\"b\") }}{{ loop.changed(i // 2) }}{% endfor %}",
                "aTruebTrueaFalse");
        writes(
                "{% for i in [1,2,3,4] if i % 2 == 0 %}{{ loop.index }}/{{ loop.length }} {% else %}no{% endfor %}",
                "1/2 2/2 ");
        writes("{% for k, v in x.b.items() %}{{ k }}={{ v }}{% endfor %}", "c=[3, {'d': 4}]");
        writes(
                "{% for g in u|groupby(\"t\") %}{{ g.grouper }}:{{ g.list|length }} {% for y in g[1] %}{{ y.name }}{% endfor %};{% endfor %}",
                "x:2 bc;y:1 A;");
        writes("{% for k, v in u|groupby(\"t\") %}{{ k }}{{ v|map(attribute=\"n\")|sum }}{% endfor %}", "x5y1");
        writes(
                "{% set ns = namespace(v=0) %}{% for i in l %}{% set ns.v = ns.v + i %}{% endfor %}{{ ns.v }} {{ ns is mapping }} {{ dict(a=1, b=2) }} {{ dict({\"a\": 1}, b=2) }}",
                "6 False {'a': 1, 'b': 2} {'a': 1, 'b': 2}");
        writes(
                "{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
                "02");
        writes("{% for a in [] %}{% else %}{% set q = 1 %}{% endfor %}{{ q is defined }}", "False");
        writes("{% for i in [1] %}{% set q = 2 %}{% endfor %}{{ q is defined }}", "False");
        writes(
                "{%- for m in messages -%} \n  {{- m.role }}\n{%+ if loop.last %}X{% endif +%}\n{%- endfor %}",
                "user\nassistant\nX");
        writes(
                "{% set d = {\"a\": 1, \"b\": [1,2]} %}{% for k in d %}{{ k }}{% endfor %}{% for k, v in d|dictsort %}{{ k }}{{ v }}{% endfor %}{{ d.a + d[\"b\"][1] }}",
                "aba1b[1, 2]3");
    }

    @Test
    void filters() {
        writes("{{ (none | selectattr(\"type\", \"equalto\", \"x\") | list | length) }}", "0");
        writes(
                "{{ (undef | map(\"upper\") | list) }}|{{ n | select | list }}|{{ n|reject(\"odd\")|list }}|{{ none|map(attribute=\"a\")|list }}",
                "[]|[]|[]|[]");
        writes("{{ s | title }}", "It's O'neil-X (Foo Bar) <Baz>");
        writes("{{ s|capitalize }}|{{ \"\u01c6x\"|capitalize }}", "It's o'neil-x (foo bar) <baz>|\u01c5x");
        writes(
                "{{ \"\\x41\\u00e9\\101\\a\\b\\f\\v\\0z\\q\\U0001f600\" | tojson }}",
                "\"A\u00e9A\\u0007\\b\\f\\u000b\\u0000z\\\\q\ud83d\ude00\"");
        writes(
                "{{ x.items() | list }} {{ x|items|list }}",
                "[('a', 1), ('items', [1, 2]), ('b', {'c': [3, {'d': 4}]})] [('a', 1), ('items', [1, 2]), ('b', {'c': [3, {'d': 4}]})]");
        writes(
                "{{ {\"b\": 1, \"a\": 2}|dictsort }} {{ {\"b\": 1, \"A\": 2}|dictsort(true) }} {{ {\"b\": 1, \"a\": 2}|dictsort(by=\"value\", reverse=true) }}",
                "[('a', 2), ('b', 1)] [('A', 2), ('b', 1)] [('a', 2), ('b', 1)]");
        writes(
                "{{ l|sort }} {{ l|sort(reverse=true) }} {{ [\"b\",\"A\",\"c\"]|sort }} {{ [\"b\",\"A\",\"c\"]|sort(case_sensitive=true) }} {{ u|sort(attribute=\"name\")|map(attribute=\"name\")|join(\",\") }}",
                "[1, 2, 3] [3, 2, 1] ['A', 'b', 'c'] ['A', 'b', 'c'] A,b,c");
        writes(
                "{{ [1,2,1,\"a\",\"A\"]|unique|list }} {{ l|min }} {{ l|max }} {{ u|max(attribute=\"n\") }} {{ []|max is undefined }}",
                "[1, 2, 'a'] 1 3 {'name': 'c', 'n': 3, 't': 'x'} True");
        writes("{{ l|sum }} {{ u|sum(attribute=\"n\") }} {{ [1.5,2]|sum }} {{ []|sum }}", "6 6 3.5 0");
        writes(
                "{{ [1,2,3,4,5]|batch(2)|list }} {{ [1,2,3,4,5]|batch(2,0)|list }} {{ [1,2,3,4,5]|slice(3)|list }} {{ [1,2,3,4,5]|slice(3,0)|list }}",
                "[[1, 2], [3, 4], [5]] [[1, 2], [3, 4], [5, 0]] [[1, 2], [3, 4], [5]] [[1, 2], [3, 4], [5, 0]]");
        writes(
                "{{ \"a b  c\"|wordcount }} {{ \"a\\nb\\n\\nc\"|indent }} {{ \"a\\nb\\n\\nc\"|indent(2,true,true) }} {{ \"a\\nb\"|indent(\"> \") }}",
                "3 a\n    b\n\n    c   a\n  b\n  \n  c a\n> b");
        writes(
                "{{ \"ab\"|center(7) }}| {{ \"ab\".center(7) }}| {{ \"abc\".center(6) }}| {{ \"ab\".ljust(4,\".\") }} {{ \"ab\".rjust(4,\"0\") }} {{ \"-5\".zfill(4) }}",
                "   ab  |    ab  |  abc  | ab.. 00ab -005");
        writes(
                "{{ 2.5|round }} {{ 3.5|round }} {{ 2.675|round(2) }} {{ 2.1|round(0,\"ceil\") }} {{ 2.19|round(1,\"floor\") }} {{ 5|round }} {{ -3|abs }} {{ -2.5|abs }}",
                "2.0 4.0 2.67 3.0 2.1 5 3 2.5");
        writes(
                "{{ \"3.7\"|int }} {{ \"x\"|int }} {{ \"x\"|int(5) }} {{ 3.9|int }} {{ \"1e3\"|float }} {{ \"q\"|float(1.0) }} {{ true|int }} {{ \"  12 \"|int }}",
                "3 0 5 3 1000.0 1.0 1 12");
        writes(
                "{{ undef }} {{ undef ~ \"a\" }} {{ undef is defined }} {{ undef|default(\"d\") }} {{ \"\"|default(\"d\", true) }} {{ n|default(\"d\") }} {{ undef == undef2 }} {{ undef|length }} {{ undef|list }} {{ not undef }} {{ [undef] }}",
                " a False d d None True 0 [] True [Undefined]");
        writes("{{ \"a\" if false }}|{{ (\"a\" if false) is undefined }}", "|True");
        writes(
                "{{ x|tojson }} {{ x|tojson(indent=2) }} {{ u|tojson(separators=(\",\", \":\")) }} {{ u|tojson(sort_keys=true) }} {{ uni|tojson }} {{ uni|tojson(ensure_ascii=true) }} {{ uni|tojson(true) }} {{ [1.0,true,none,\"</a>&'\"]|tojson }} {{ [1]|tojson(indent=\"\\t\") }} {{ []|tojson(indent=2) }}",
                "{\"a\": 1, \"items\": [1, 2], \"b\": {\"c\": [3, {\"d\": 4}]}} {\n  \"a\": 1,\n  \"items\": [\n    1,\n    2\n  ],\n  \"b\": {\n    \"c\": [\n      3,\n      {\n        \"d\": 4\n      }\n    ]\n  }\n} [{\"name\":\"b\",\"n\":2,\"t\":\"x\"},{\"name\":\"A\",\"n\":1,\"t\":\"y\"},{\"name\":\"c\",\"n\":3,\"t\":\"x\"}] [{\"n\": 2, \"name\": \"b\", \"t\": \"x\"}, {\"n\": 1, \"name\": \"A\", \"t\": \"y\"}, {\"n\": 3, \"name\": \"c\", \"t\": \"x\"}] \"a\ud83d\ude00b\u00e9\" \"a\\ud83d\\ude00b\\u00e9\" \"a\\ud83d\\ude00b\\u00e9\" [1.0, true, null, \"</a>&'\"] [\n\t1\n] []");
        writes(
                "{{ \"aXbXc\".replace(\"X\", \"-\", 1) }} {{ \"abc\".replace(\"\", \"-\") }} {{ \"abc\"|replace(\"b\", \"\") }} {{ \"aaa\"|replace(\"a\",\"b\",2) }} {{ \"a1\"|replace(1, 2) }} {{ \"abc\".replace(\"\",\"-\",2) }}",
                "a-bXc -a-b-c- ac bba a2 -a-bc");
        writes("{{ \"x\"|upper|lower }} {{ \"\u00df\"|upper }} {{ \"\u0130\"|lower }}", "x SS i\u0307");
        writes(
                "{{ x.get(\"a\") }} {{ x.get(\"q\") }} {{ x.get(\"q\", 3) }} {{ x.keys()|list }} {{ x.values()|list|length }}",
                "1 None 3 ['a', 'items', 'b'] 3");
        writes(
                "{{ \"a\" \"b\" 'c' }} {{ 'it\\'s' }} {{ ['it\\'s', \"q\\\"'\"] }} {{ \"\\n\"|list }} {{ [\"\\n\\t\\\\\u00e9\\x7f\"] }}",
                "abc it's [\"it's\", 'q\"\\''] ['\\n'] ['\\n\\t\\\\\u00e9\\x7f']");
        writes(
                "{{ u|map(attribute=\"name\")|list }} {{ u|selectattr(\"n\", \"gt\", 1)|map(attribute=\"n\")|list }} {{ u|rejectattr(\"n\", \"odd\")|list }} {{ [x]|map(attribute=\"b.c.0\")|list }} {{ u|map(attribute=\"q\", default=\"z\")|list }} {{ [\"a\",\"b\"]|map(\"upper\")|join(\"-\") }} {{ [\"1\"]|map(\"int\", default=3)|list }} {{ u|map(attribute=\"name\")|map(\"lower\")|sort|join(\", \") }} {{ u|join(\"|\", attribute=\"n\") }} {{ l|select(\"odd\")|list }} {{ [0,1]|select|list }}",
                "['b', 'A', 'c'] [2, 3] [{'name': 'b', 'n': 2, 't': 'x'}] [3] ['z', 'z', 'z'] A-B [1] a, b, c 2|1|3 [3, 1] [1]");
        writes(
                "{{ l|first }} {{ l|last }} {{ []|first is undefined }} {{ \"abc\"|first }} {{ \"abc\"|reverse }} {{ l|reverse|list }} {{ \"abc\"|list }} {{ x|list }} {{ x|length }}",
                "3 2 True a cba [2, 1, 3] ['a', 'b', 'c'] ['a', 'items', 'b'] 3");
        writes(
                "{{ l|string }} {{ \"%s\"|string }} {{ 5|string + \"a\" }} {{ none|string }} {{ \"  x \"|trim }} {{ \"xxaxx\"|trim(\"x\") }} {{ 5|upper }} {{ [1]|lower }}",
                "[3, 1, 2] %s 5a None x a 5 [1]");
        writes(
                "{{ messages[0][\"role\"] }} {{ messages[-1].content }} {{ messages[1:]|length }} {{ (messages|last).role }} {{ messages|map(attribute=\"role\")|unique|list }}",
                "user yo 1 assistant ['user', 'assistant']");
        writes(
                "{{ range(3)|list }} {{ range(1,8,3)|list }} {{ range(5,0,-2)|list }} {{ (range(3))|length }}",
                "[0, 1, 2] [1, 4, 7] [5, 3, 1] 3");
        writes(
                "{{ joined }}{{ [1,2]|join }} {{ [1,none,\"a\"]|join(\"-\") }} {{ \"abc\"|join(\",\") }} {{ x|join(\",\") }}",
                "12 1-None-a a,b,c a,items,b");
        writes(
                "{{ \"a;b\"|replace(\";\", \"\\n\") }}|{{ \"x\" in {\"x\": 1} }}|{{ s|length }}|{{ uni|length }}",
                "a\nb|True|29|4");
    }

    @Test
    void expressions() {
        writes("{{ s.title() }}", "It'S O'Neil-X (Foo Bar) <Baz>");
        writes("{{ \"a\\\nb\" }}", "ab");
        writes("{{ x.b.c.0 }}{{ x.b.c.1.d }}{{ l.0 }}", "343");
        writes("{{ x[\"items\"] }}", "[1, 2]");
        writes(
                "{{ 1.0 }} {{ 1e16 }} {{ 1e15 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1.5e300 }} {{ -0.0 }} {{ 100.0 }} {{ big }} {{ 1/3 }} {{ 7//2 }} {{ -7//2 }} {{ -7 % 3 }} {{ 7.5 % 2 }} {{ -7.5 % 2 }} {{ 2**10 }} {{ 2**-1 }} {{ 2**3**2 }} {{ -2**2 }} {{ 2*3**2 }} {{ 4/2 }}",
                "1.0 1e+16 1000000000000000.0 0.0001 1e-05 1.5e+300 -0.0 100.0 1.2345678901234568e+16 0.3333333333333333 3 -4 2 1.5 0.5 1024 0.5 64 4 18 2.0");
        writes(
                "{{ true + 1 }} {{ true == 1 }} {{ 1 == 1.0 }} {{ \"1\" == 1 }} {{ [1,2] == (1,2) }} {{ (1,2) == (1,2) }} {{ [1] + [2] }} {{ (1,) + (2,) }} {{ [0] * 3 }} {{ 2 * \"ab\" }} {{ \"ab\" * 2 }}",
                "2 True True False False True [1, 2] (1, 2) [0, 0, 0] abab abab");
        writes(
                "{{ (1, \"a\") }} {{ (1,) }} {{ () }} {{ [1, (2, 3)] }} {{ 1, 2 }}",
                "(1, 'a') (1,) () [1, (2, 3)] (1, 2)");
        writes(
                "{{ [1,2] < [1,3] }} {{ \"a\" < \"b\" }} {{ 1 < 2 < 3 }} {{ 1 < 2 > 5 }} {{ 3 in l }} {{ \"x\" not in \"abc\" }} {{ 1 in [true] }}",
                "True True True False True True True");
        writes(
                "{{ txt.split() }} {{ txt.split(\" \") }} {{ txt.split(none, 1) }} {{ \"a,b,c\".split(\",\", 1) }} {{ \"a,b,c\".rsplit(\",\", 1) }} {{ txt.rsplit(none, 1) }} {{ \"a,b,c\".split(sep=\",\", maxsplit=1) }} {{ \"a,b,c\".rsplit(\",\") }} {{ \"aaa\".rsplit(\"a\") }}",
                "['a', 'b', 'c', 'd'] ['', '', 'a', 'b\\tc', '', 'd', ''] ['a', 'b\\tc  d '] ['a', 'b,c'] ['a,b', 'c'] ['  a b\\tc', 'd'] ['a', 'b,c'] ['a', 'b', 'c'] ['', '', '', '']");
        writes(
                "{{ lines.splitlines() }} {{ lines.splitlines(true) }} {{ \"\".splitlines() }} {{ \"a\\n\".splitlines() }} {{ \"a\\x0bb\\x85c\".splitlines() }}",
                "['one', 'two', 'three'] ['one\\n', 'two\\r\\n', 'three'] [] ['a'] ['a', 'b', 'c']");
        writes(
                "{{ \"a-b-c\".partition(\"-\") }} {{ \"a-b-c\".rpartition(\"-\") }} {{ \"abc\".partition(\"x\") }} {{ \"abc\".rpartition(\"x\") }}",
                "('a', '-', 'b-c') ('a-b', '-', 'c') ('abc', '', '') ('', '', 'abc')");
        writes(
                "{{ \"abcb\".find(\"b\") }} {{ \"abcb\".rfind(\"b\") }} {{ uni.find(\"b\") }} {{ \"abcb\".find(\"b\", 2) }} {{ \"abcb\".index(\"c\") }} {{ \"abcb\".count(\"b\") }} {{ \"abc\".count(\"\") }} {{ \"abcb\".find(\"z\") }}",
                "1 3 2 3 2 2 4 -1");
        writes(
                "{{ \"abc\".startswith(\"b\", 1) }} {{ \"abc\".startswith((\"x\", \"a\")) }} {{ \"abc\".endswith(\"bc\") }} {{ \"abc\".removeprefix(\"a\") }} {{ \"abc\".removesuffix(\"c\") }}",
                "True True True bc ab");
        writes(
                "{{ \"12\".isdigit() }} {{ \"a1\".isalnum() }} {{ \"ab\".isalpha() }} {{ \" \".isspace() }} {{ \"ab\".islower() }} {{ \"AB\".isupper() }} {{ \"\".isdigit() }} {{ \"AbC\".swapcase() }}",
                "True True True True True True False aBc");
        writes(
                "{{ 5 is divisibleby 5 }} {{ 5 is odd }} {{ 4 is even }} {{ 5 is gt 3 }} {{ 5 is lt(3) }} {{ 5 is eq 5 }} {{ \"a\" is in [\"a\"] }} {{ \"ab\" is lower }} {{ \"AB\" is upper }} {{ none is sameas none }} {{ true is true }} {{ 1 is true }} {{ x is mapping }} {{ l is sequence }} {{ undef is iterable }} {{ undef is sequence }} {{ 1.0 is float }} {{ true is integer }} {{ true is number }} {{ 5 is not none }} {{ l is iterable }} {{ 1 is iterable }} {{ x.get is callable }}",
                "True True True True False True True True True True True False True True True True True False True True True False True");
        writes("{{ x.items is defined }} {{ x.keys is string }} {{ x[\"keys\"] is defined }}", "True False True");
        writes(
                "{{ l.index(2) }} {{ l.count(1) }} {{ l[::-1] }} {{ l[1:] }} {{ l[-1] }} {{ l[5] is undefined }} {{ \"hello\"[1:3] }} {{ \"hello\"[::-1] }} {{ (1,2,3)[1:] }} {{ uni[1] }}",
                "2 1 [2, 1, 3] [1, 2] 2 True el olleh (2, 3) \ud83d\ude00");
        writes(
                "{{ 1_000 }} {{ 0x1f }} {{ 0b101 }} {{ 0o17 }} {{ 1.5e3 }} {{ 1e-7 }} {{ 2E5 }}",
                "1000 31 5 15 1500.0 1e-07 200000.0");
        writes(
                "{{ 1 if x else 2 if l else 3 }} {{ not x or l and 5 }} {{ x and 5 }} {{ [] or \"e\" }} {{ not (1 == 2) }} {{ 1 != 2 }} {{ (1 < 2) ~ \"a\" }} {{ 1 ~ 2.0 ~ none ~ true }}",
                "1 5 5 e True True Truea 12.0NoneTrue");
        writes(
                "{{ {\"a\": {\"b\": [1, none, true]}, \"c\": \"x'y\"} }}",
                "{'a': {'b': [1, None, True]}, 'c': \"x'y\"}");
    }
}
