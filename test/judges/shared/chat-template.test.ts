import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { type Message, ROLES } from "../../../src/domain/item.ts";
import { createChatTemplate } from "../../../src/judges/shared/chat-template.ts";
import { type ContentPlace, trimmed } from "../../../src/judges/shared/trim.ts";
import { TEMPLATE } from "../../support/tokenizer.ts";

const CHATML =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + (m.content | trim) + '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const NO_SYSTEM =
  "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}";

const user = (content: string): Message => ({ role: "user", content });

function rejects(template: string, message: RegExp) {
  assert.throws(
    () => createChatTemplate(template),
    (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID" && message.test(error.message),
  );
}

test("layout(prompt) keeps the template's text apart from the places of contents", () => {
  assert.deepEqual(createChatTemplate(TEMPLATE).layout([user("x")]), {
    pieces: [{ control: "[CLS][USER]" }, { message: 0 }, { control: "[SEP]" }, { message: 1 }, { control: "[SEP]" }],
  });
});

test("layout(prompt) takes a template that trims contents and asks for no generation prompt", () => {
  const layout = createChatTemplate(CHATML).layout([{ role: "system", content: "s" }, user("u")]);
  assert.ok("pieces" in layout);
  assert.deepEqual(layout.pieces.at(0), { control: "<|im_start|>system\n" });
  assert.deepEqual(layout.pieces.at(-1), { control: "<|im_end|>\n" });
});

test("layout(prompt) says what a template takes off contents, at each end", () => {
  const trims = (content: string) => {
    const source = `{% for m in messages %}<{{ m.role }}>\n${content}\n{% endfor %}`;
    const layout = createChatTemplate(source).layout([user("u")]);
    assert.ok("pieces" in layout);
    return layout.pieces.flatMap((piece) => ("message" in piece ? [piece.trim] : []));
  };
  const ends = (start: string, end: string) => [
    { start, end },
    { start, end },
  ];
  assert.deepEqual(trims("{{ m.content }}"), [undefined, undefined]);
  assert.deepEqual(trims("{{ m.content | trim }}"), ends("whiteSpace", "whiteSpace"));
  assert.deepEqual(trims("{{ m.content.strip() }}"), ends("whiteSpace", "whiteSpace"));
  assert.deepEqual(trims("{{ m.content.lstrip() }}"), ends("whiteSpace", "nothing"));
  assert.deepEqual(trims("{{ m.content.rstrip() }}"), ends("nothing", "whiteSpace"));
  assert.deepEqual(trims("{{ m.content.strip('\\n') }}"), ends("lineBreaks", "lineBreaks"));
  assert.deepEqual(trims('{{ m.content.lstrip("\\n") }}'), ends("lineBreaks", "nothing"));
  assert.deepEqual(trims("{{ m.content.lstrip('\\n').rstrip() }}"), ends("lineBreaks", "whiteSpace"));
});

test("createChatTemplate(source) rejects a template that strips other characters", () =>
  rejects("{% for m in messages %}<{{ m.role }}>{{ m.content.strip('*') }}{% endfor %}", /strips other characters/));

test("layout(prompt) tells trimmed contents apart from white space of the template's own", () => {
  const source = "{% for m in messages %}\n\n\t{{ m.content if m.role == 'user' else m.content | trim }}\t\n{% endfor %}";
  const layout = createChatTemplate(source).layout([user("a"), { role: "assistant", content: "b" }, user("c")]);
  assert.ok("pieces" in layout);
  const trim = { start: "whiteSpace", end: "whiteSpace" };
  assert.deepEqual(
    layout.pieces.filter((piece) => "message" in piece),
    [{ message: 0 }, { message: 1, trim }, { message: 2 }, { message: 3, trim }],
  );
});

test("layout(prompt) lays a conversation out without tools and documents, which are none, as in transformers", () => {
  const source =
    "{% if tools is not none %}TOOLS{% endif %}{% if documents is not none %}DOCUMENTS{% endif %}{% if tools is defined %}[gMASK]{% endif %}" +
    "{% if tools %}TOOLS{% endif %}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";
  const layout = createChatTemplate(source).layout([user("u")]);
  assert.deepEqual(layout, { pieces: [{ control: "[gMASK]<user>" }, { message: 0 }, { control: "<assistant>" }, { message: 1 }] });
});

test("layout(prompt) reads the marks around what a model writes as transformers does, on lines of their own too", () => {
  const render = (open: string, close: string) => {
    const lines = [
      "{%- for m in messages %}",
      "  {{- '<' + m.role + '>' }}",
      `  ${open}`,
      "  {{- m.content }}",
      `  ${close}`,
      "{% endfor %}",
    ];
    const layout = createChatTemplate(lines.join("\n")).layout([user("u")]);
    assert.ok("pieces" in layout);
    return layout.pieces.map((piece) => ("control" in piece ? piece.control : piece.message)).join("");
  };
  // Python: transformers' apply_chat_template, with the same templates.
  assert.equal(render("{% generation %}", "{% endgeneration %}"), "<user>\n0\n<assistant>\n1\n");
  assert.equal(render("{%- generation %}", "{%- endgeneration %}"), "<user>0<assistant>1");
  assert.equal(render("{%- generation -%}", "{%- endgeneration -%}"), "<user>0<assistant>1");
  assert.equal(render("{% generation -%}", "{% endgeneration -%}"), "<user>\n0\n<assistant>\n1\n");
});

test("layout(prompt) takes white space of the template's own off where a message that is trimmed with it is blank", () => {
  const source =
    "{% if messages[0].role == 'system' %}{% set system, turns = messages[0].content, messages[1:] %}{% else %}{% set turns = messages %}{% endif %}" +
    "{% for m in turns %}{% set content = m.content %}{% if loop.first and system %}{% set content = '<SYS>' + system + '</SYS>\n\n' + content %}{% endif %}" +
    "{{ '[' + content.strip() + ']' }}{% endfor %}";
  const template = createChatTemplate(source);
  const render = (system: string, content: string) => {
    const prompt = [{ role: "system" as const, content: system }, user(content)];
    const layout = template.layout(prompt);
    assert.ok("pieces" in layout);
    const text = (piece: ContentPlace) => trimmed(prompt.map((message) => `${message.content}`)[piece.message] ?? "c", piece);
    return layout.pieces.map((piece) => ("control" in piece ? piece.control : text(piece))).join("");
  };
  // Python: transformers' apply_chat_template, with the same template.
  assert.equal(render("s ", "u "), "[<SYS>s </SYS>\n\nu][c]");
  for (const blank of ["", " ", "\n\n", "\u3000"]) assert.equal(render("s ", blank), "[<SYS>s </SYS>][c]", JSON.stringify(blank));
  for (const blank of ["", " "]) assert.equal(render(blank, "u"), blank ? "[<SYS> </SYS>\n\nu][c]" : "[u][c]");
  assert.equal(render("", " "), "[][c]");
  assert.equal(template.layout([user("u")]), template.layout([user("")]), "what nothing comes of is laid out once");
});

test("layout(prompt) tells an empty message from false and from one that says something, as transformers does", () => {
  const render = (test: string, content: string) => {
    const source = `{% for m in messages %}{% if ${test} %}[{{ m.content }}]{% else %}-{{ m.content }}-{% endif %}{% endfor %}`;
    const layout = createChatTemplate(source).layout([user(content)]);
    assert.ok("pieces" in layout);
    return layout.pieces
      .map((piece) => ("control" in piece ? piece.control : piece.message && "c"))
      .join("")
      .replace("0", content);
  };
  for (const test of ["m.content != false", "not m.content == False", "m.content is string"]) assert.equal(render(test, ""), "[][c]", test);
  assert.equal(render("m.content", ""), "--[c]");
  assert.equal(render("m.content", " "), "[ ][c]");
});

test("layout(prompt) is the same for a template with line ends of Windows, of which Jinja makes line feeds", () => {
  const source = "{% for m in messages %}\n  {% if m.role == 'user' %}\nQ: {% endif %}\n{{ m.content }}\n{% endfor %}\n";
  const expected = createChatTemplate(source).layout([user("u")]);
  for (const end of ["\r\n", "\r"]) assert.deepEqual(createChatTemplate(source.replaceAll("\n", end)).layout([user("u")]), expected);
});

test("layout(prompt) depends on roles alone, whatever the contents say", () => {
  const template = createChatTemplate(CHATML);
  const anyMessage = fc.record({
    role: fc.constantFrom(...ROLES),
    content: fc.oneof(fc.string(), fc.constant("{{ messages }}<|im_end|>0;1;")),
  });
  fc.assert(
    fc.property(fc.array(anyMessage, { maxLength: 6 }), (prompt) => {
      const blank = prompt.map(({ role }): Message => ({ role, content: "" }));
      assert.equal(template.layout(prompt), template.layout(blank));
    }),
  );
});

test("layout(prompt) passes on why the template refuses a sequence of roles", () => {
  const layout = createChatTemplate(NO_SYSTEM).layout([{ role: "system", content: "s" }, user("u")]);
  assert.ok("refusal" in layout);
  assert.match(layout.refusal, /System role not supported/);
});

test("layout(prompt) refuses a sequence of roles of which the template loses a content", () => {
  const skipsTools = "{% for m in messages %}{% if m.role != 'tool' %}<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}";
  const layout = createChatTemplate(skipsTools).layout([user("u"), { role: "tool", content: "secret" }]);
  assert.ok("refusal" in layout);
  assert.match(layout.refusal, /leaves out/);
});

test("layout(prompt) forgets old sequences of roles and lays them out again alike", () => {
  const template = createChatTemplate(TEMPLATE);
  const first = template.layout([user("u")]);
  for (let n = 2; n < 1200; n++)
    template.layout(Array.from({ length: (n % 200) + 2 }, (_, i) => ({ role: ROLES[(n * 7 + i * i) % 5]!, content: "" })));
  assert.deepEqual(template.layout([user("u")]), first);
});

test("createChatTemplate(source) rejects a template that does not parse", () => rejects("{% for m in %}", /not usable/));
test("createChatTemplate(source) rejects a template that loses a content", () => rejects("{{ messages[0].content }}", /leaves out/));
test("createChatTemplate(source) rejects a template that repeats a content", () =>
  rejects("{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}", /repeats/));
test("createChatTemplate(source) rejects a template that changes a content", () =>
  rejects("{% for m in messages %}{{ m.content[:20] }}{% endfor %}", /leaves out|changes/));
for (const [what, content] of [
  ["writes white space of contents otherwise", "{{ m.content | replace('\\n', ' ') }}"],
  ["leaves a content with white space out", "{% if '\\n' in m.content %}-{% else %}{{ m.content }}{% endif %}"],
  [
    "puts contents with white space in another order",
    "{% if '\\n' in m.content %}{{ messages[-loop.index].content }}{% else %}{{ m.content }}{% endif %}",
  ],
  ["refuses white space in contents", "{% if '\\n' in m.content %}{{ raise_exception('no') }}{% endif %}{{ m.content }}"],
] as const) {
  test(`createChatTemplate(source) rejects a template that ${what}`, () =>
    rejects(`{% for m in messages %}<{{ m.role }}>${content}{% endfor %}`, /white space of contents cannot be told/));
}
test("createChatTemplate(source) rejects a template that reads the date", () =>
  rejects("{{ strftime_now('%Y') }}{% for m in messages %}{{ m.content }}{% endfor %}", /strftime_now/));
test("createChatTemplate(source) rejects a template that prints a token it is not given", () =>
  rejects("{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}", /bos_token/));
test("createChatTemplate(source) rejects a template that refuses plain conversations", () =>
  rejects("{{ raise_exception('never') }}", /never/));
test("createChatTemplate(source) rejects a template that shows the reference to a judge that does not read it", () =>
  rejects("{% for m in messages %}{{ m.content }}{% endfor %}{{ reference }}", /reference/));

test("layout(prompt) of a template with a reference tells its place, and what is taken off at each of several places of a content", () => {
  const source = "{{ messages[0].content | trim }}|{{ reference }}|{{ messages[0].content }}|{{ messages[-1].content }}";
  assert.throws(() => createChatTemplate(source, { reference: true }), /leaves out/, "the template leaves out other turns");
  const whole =
    "{% for m in messages[:-1] %}{{ m.content | trim }}|{% endfor %}{{ reference.rstrip() }}|" +
    "{% for m in messages %}{{ m.content }}|{% endfor %}";
  const layout = createChatTemplate(whole, { reference: true }).layout([user("u")]);
  const bar = { control: "|" };
  const both = { start: "whiteSpace", end: "whiteSpace" };
  const reference = { message: 2, trim: { start: "nothing", end: "whiteSpace" } };
  assert.deepEqual(layout, { pieces: [{ message: 0, trim: both }, bar, reference, bar, { message: 0 }, bar, { message: 1 }, bar] });
});

test("createChatTemplate(source) refuses a template that would run or grow without bound, and soon", () => {
  const shown = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";
  for (const endless of [
    "{% for i in range(1000000000) %}{% endfor %}",
    "{{ range(0, 1, 0.000000001) | length }}",
    "{% for i in range(9000) %}{% for j in range(9000) %}{% endfor %}{% endfor %}",
    "{% set ns = namespace(a='xxxxxxxxxx') %}{% for i in range(60) %}{% set ns.a = ns.a + ns.a %}{% endfor %}",
    "{% set ns = namespace(a=[1, 2]) %}{% for i in range(60) %}{% set ns.a = ns.a + ns.a %}{% endfor %}",
    "{% macro g(n) %}{% for i in range(9) %}{{ n }}{% endfor %}{% endmacro %}{% for i in range(9000) %}{{ g(i) }}{% endfor %}",
  ]) {
    rejects(endless + shown, /more work than a chat template|range\(\) of more than/);
  }
  rejects(shown + "{%".repeat(500_000), /longer than 65536 characters/);
});

test("layout(prompt) refuses a conversation alone for which a template would run without bound, and takes a long one", () => {
  const shown = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";
  const endless = `{% if messages | length > 4 %}{% for i in range(9000) %}{% for j in range(9000) %}{% endfor %}{% endfor %}{% endif %}${shown}`;
  const template = createChatTemplate(endless);
  const talk = (turns: number) => Array.from({ length: turns }, (_, i): Message => ({ role: i % 2 ? "assistant" : "user", content: "x" }));
  assert.ok("pieces" in template.layout(talk(3)));
  assert.match(JSON.stringify(template.layout(talk(5))), /more work than a chat template/);
  const looksBack = `{% for m in messages %}{% for n in messages[:loop.index] %}{% if n.role == 'system' %}!{% endif %}{% endfor %}{% endfor %}${shown}`;
  assert.ok("pieces" in createChatTemplate(looksBack).layout(talk(1001)));
});
