package org.moelora.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;

/** What Jinja 3.1 writes, set up as Hugging Face sets it up, and what is refused. The time limit turns a template that never ends into a failure. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TemplateTest {
    private static String render(String template) {
        return Template.parse("t", template)
                .render(
                        Map.of(
                                "messages",
                                List.of(
                                        Map.of("role", "user", "content", "hi"),
                                        Map.of("role", "assistant", "content", "ho")),
                                "name",
                                "Lily"),
                        LocalDate.of(2024, 7, 4));
    }

    private static void refused(String template, String... words) {
        assertThatThrownBy(() -> render(template))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("t: ")
                .hasMessageContaining("; expected ")
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "=>",
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = true,
            value = {
                "{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 1 / 2 }} {{ 2 - -1 }} => 7 3 -4 2 0.5 3",
                "{{ 'b' ~ 1 ~ none ~ true }}{{ 'ab' * 2 }}{{ 'a' 'c' }} => b1NoneTrueababac",
                "{{ [1, 'a', none, {'k': [1.5, \"it's\"]}] }} => [1, 'a', None, {'k': [1.5, \"it's\"]}]",
                "{{ {'a': [1, 'é'], 'b': {}} | tojson }} => {\"a\": [1, \"é\"], \"b\": {}}",
                "{{ 'abcdef'[1:4] }} {{ 'abcdef'[::-1] }} {{ 'abcdef'[-2:] }} {{ [1, 2, 3, 4][::2] }} {{ 'abc'[1] }} => bcd fedcba ef [1, 3] b",
                "{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} => ['a', 'b', '', 'c'] ['a', 'b'] ['a', 'b,c']",
                "{{ 'xxabxx'.strip('x') }} {{ 'aXb'.lower() }} {{ 'ab c' | title }} {{ 'hELLO' | capitalize }} => ab axb Ab C Hello",
                "{{ 'a' in 'abc' }} {{ 1 not in [1] }} {{ 'k' in {'k': 1} }} {{ 1 < 2 < 3 }} {{ 3 > 2 >= 3 }} => True False True True False",
                "{{ 1 if false }}|{{ nobody }}|{{ nobody is defined }}|{{ nobody | default('d') }}|{{ '' | default('e', true) }} => ||False|d|e",
                "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %} => a=1;b=2;",
                "{% for x in [1, 2, 3] if x != 2 %}{{ loop.index }}:{{ x }}{{ ', ' if not loop.last }}{% endfor %} => 1:1, 2:3",
                "{% for x in [] %}{{ x }}{% else %}none{% endfor %} => none",
                "{% set i = 1 %}{% for j in [1] %}{% set i = 2 %}{% endfor %}{{ i }}{% if true %}{% set i = 3 %}{% endif %}{{ i }} => 13",
                "{% set n = namespace(s=0) %}{% for i in range(5) %}{% if i == 3 %}{% break %}{% endif %}{% if i == 1 %}{% continue %}{% endif %}{% set n.s = n.s + i %}{% endfor %}{{ n.s }} => 2",
                "{% macro m(a, b='q') %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m('x', b=2) }} => <1q><x2>",
                "{% set x %}a{{ 1 }}{% endset %}{{ x }}{% set a, b = [1, 2] %}{{ a + b }} => a13",
                "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join('+') }} => hi",
                "{{ messages | rejectattr('role', 'equalto', 'user') | list | length }}{{ messages[-1].role }}{{ (messages | first)['role'] }} => 1assistantuser",
                "{{ not true or false and none }} {{ 'x' if 1 is odd else 'y' }} {{ name is string and 1 is number and {} is mapping }} => False x True",
                "{{ 'a-b' | replace('-', '+') | upper }} {{ '12' | int + 1 }} {{ ['a', 'b'] | reverse | join }} => A+B 13 ba",
                "{% generation %}x{% endgeneration %} => x",
                "{{ name.nothing is defined }} {{ messages[0].get('content') }} {{ messages[0].get('x', 'y') }} => False hi y",
                "{{ not(name.startswith('L') and name.endswith('y')) }} {{ name.startswith(('x', 'L')) }} => False True"
            })
    void writesWhatJinjaWrites(String template, String text) {
        assertThat(render(template)).isEqualTo(text == null ? "" : text);
    }

    @Test
    void whiteSpaceAroundTagsGoesAsForPublishedTemplates() {
        assertThat(render("a\n{% if true %}\nb\n{% endif %}\nc\n{{ 1 }}\nd\n\n"))
                .isEqualTo("a\nb\nc\n1\nd\n");
        assertThat(render("  {% if true %}\n  a\n  {%- endif %}\n b {#- c -#}  \n {{ ' x ' | trim }}\n"))
                .isEqualTo("  a bx");
        assertThat(render("a  {%+ if true %} b {% endif +%}\n c {{- ' x ' -}} d"))
                .isEqualTo("a   b \n c x d");
        assertThat(render("\r\n a {{ 1 }}\r\n")).isEqualTo("\n a 1");
    }

    @Test
    void writesJsonInLines() {
        assertThat(render("{{ {'a': [1, {}], 'b': 'x\\n'} | tojson(indent=2) }}"))
                .isEqualTo("{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"x\\n\"\n}");
    }

    @Test
    void whatIsNotSupportedIsNamedWithItsLine() {
        refused("a\n{% include 'x' %}", "line 2", "\"include\"");
        refused("{% raw %}", "a raw block that does not end");
        refused("{% extends 'x' %}", "\"extends\"");
        refused("{% block x %}{% endblock %}", "\"block\"");
        refused("{{ '\\N{DASH}' }}", "the escape \\N");
        refused("{{ '\\x4' }}", "the escape \\x4");
        refused("{{ 'a' | e }}", "the filter e");
        refused("{{ lipsum() }}", "a call of lipsum");
        refused("{{ cycler(1) }}", "a call of cycler");
        refused("{{ '%s' % 1 }}", "the sign % after a text");
        refused("{{ [1].append(2) }}", "the method append");
        refused("{{ {}.pop('a') }}", "the method pop");
        refused("{{ 'a' | trim(x='b') }}", "the filter trim with the argument x");
        refused("{{ 1 | urlencode }}", "line 1", "the filter urlencode");
        refused("\n\n{{ 1 is divisible 3 }}", "line 3", "the test divisible");
        refused("{{ name.format(1) }}", "the method format");
        refused("{{ strftime_now('%H:%M') }}", "strftime_now with %H", "no time of day");
        refused("{{ 2 ** 64 }}", "no whole number");
        refused("{{ 1 }", "does not end");
        refused("{% if 1 %}", "the end of the template");
        refused("{% endfor %}", "\"endfor\"");
        refused("{% for x in [1] %}{{ loop([2]) }}{% endfor %}", "not recursive");
        refused("{{ `x` }}", "the character `");
    }

    @Test
    void whatDoesNotFitTheMessagesIsRefused() {
        refused("{{ raise_exception('Roles must alternate') }}", "refuses the messages: \"Roles must alternate\"");
        refused("{{ nobody.name }}", "asks what is not defined for its \"name\"");
        refused("{{ 1 + 'a' }}", "the sign +");
        refused("{% for x in 1 %}{% endfor %}", "goes over what is no list");
        refused("{% set name.x = 1 %}", "no namespace");
        refused("{{ 1 // 0 }}", "no whole number");
        refused("{% macro m() %}{% endmacro %}{{ m(1) }}", "does not take");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
                "{% set l = range(100000) %}{% for a in l %}{% for b in l %}{% endfor %}{% endfor %}",
                "{% set n = namespace(s='x') %}{% for a in range(100) %}{% set n.s = n.s + n.s %}{% endfor %}",
                "{% set n = namespace(s=[1]) %}{% for a in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}",
                "{% set n = namespace(s=[1], t=[1]) %}{% for a in range(60) %}{% set n.s = [n.s, n.s] %}{% set n.t = [n.t, n.t] %}{% endfor %}{{ n.s == n.t }}",
                "{% set n = namespace() %}{% set n.n = n %}{{ n }}",
                "{% set n = namespace() %}{% set m = namespace(n=n) %}{% set n.n = m %}{{ n == m }}{{ n | tojson }}",
                "{% set n = namespace(s=[]) %}{% for a in range(100000) %}{% set n.s = [n.s] %}{% endfor %}{{ n.s | tojson }}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{{ 'x' * 1000000000 }}",
                "{{ 'x' * 99999999999 }}",
                "{{ range(2000000000) }}",
                "{% set s = 'x' * 1000000 %}{% for a in range(100000) %}{% set t = s.upper() %}{% endfor %}",
                "{% set s = 'x' * 1000000 %}{% for a in range(100000) %}{% set t = s | list %}{% endfor %}",
                "{% set s = 'x' * 1000000 %}{% set t = 'x' * 1000000 %}{% for a in range(100000) %}{% set u = s == t %}{% endfor %}",
                "{% set l = range(100000) %}{% for a in l %}{% set t = -1 in l %}{% endfor %}",
                "{% set l = range(100000) %}{% for a in l %}{% set t = l | select('odd') | list %}{% endfor %}",
                "{% set s = 'ab' * 1000000 %}{% for a in range(100000) %}{% set t = s | replace('a', 'bb') %}{% endfor %}"
            })
    void doesNotDoTooMuch(String template) {
        refused(template, "expected a template and messages that belong together");
    }

    @Test
    void isNotNestedTooDeep() {
        refused("{{ " + "(".repeat(200) + "1" + ")".repeat(200) + " }}", "more than 100 constructs");
        refused("{% if 1 %}".repeat(200) + "{% endif %}".repeat(200), "more than 100 constructs");
        refused("{{ " + "not ".repeat(200) + "1 }}", "more than 100 constructs");
        refused("{{ 1" + " + 1".repeat(100_000) + " }}", "more than 200 deep");
        refused("{{ 1" + " | string".repeat(1000) + " }}", "not supported");
        refused("x".repeat((1 << 20) + 1), "1048577 characters");
    }

    @Test
    void theDateIsTheOneGiven() {
        assertThat(render("{{ strftime_now('%d %b %Y|%B %-d, %A %a|%y%m%d %j %F %% %e') }}"))
                .isEqualTo("04 Jul 2024|July 4, Thursday Thu|240704 186 2024-07-04 %  4");
    }

    @Test
    void recursionIsBounded() {
        refused("{% for x in [1] recursive %}{{ loop([x]) }}{% endfor %}", "deep in calls");
        refused("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "deep in calls");
        refused("{{ 'a' | center(2000000000) }}", "characters");
        refused("{{ [0] * 2000000000 }}", "characters");
        refused("{{ 'a'.zfill(2000000000) }}", "characters");
    }
}
