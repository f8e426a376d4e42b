// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references as a configuration file writes them
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseYaml } from "../../src/config/source.ts";

const variables = { PORT: "8080", NAME: "blue", EMPTY: "", SPACED: "a: b", YES: "true" };
const parse = (text: string) => parseYaml(text, { file: "f.yaml", variables });

describe("parseYaml", () => {
  for (const [text, data] of [
    ["a: ${NAME}", { a: "blue" }],
    ["a: x-${NAME}-y", { a: "x-blue-y" }],
    ["a: ${PORT}", { a: 8080 }],
    ['a: "${PORT}"', { a: 8080 }],
    ["a: port ${PORT}", { a: "port 8080" }],
    ["a: ${YES}", { a: true }],
    ["a: ${NONE:-7}", { a: 7 }],
    ["a: ${NONE:-}", { a: "" }],
    ["a: ${EMPTY:-full}", { a: "full" }],
    ["a: ${EMPTY}", { a: "" }],
    ["a: ${NONE:-${NAME}", { a: "${NAME" }],
    ["a: $${NAME}", { a: "${NAME}" }],
    ["a: $NAME", { a: "$NAME" }],
    ["a: ${SPACED}", { a: "a: b" }],
    ["${NAME}: 1", { "${NAME}": 1 }],
    ['a: ["${NAME}", "${PORT}"]', { a: ["blue", 8080] }],
  ] as const) {
    it(`reads ${text} as ${JSON.stringify(data)}`, () => assert.deepEqual(parse(text).data, data));
  }

  it("leaves references alone when it is given no variables", () => {
    assert.deepEqual(parseYaml("a: ${NAME}", { file: "f" }).data, { a: "${NAME}" });
  });

  it("names every variable that is not set, with its place", () => {
    const { problems } = parse("a:\n  - b: ${ONE}\n  - ${TWO}/${THREE}\n");
    assert.deepEqual(
      problems.map(({ path, line, column, cause }) => [path, line, column, cause.match(/variable (\w+)/)![1]]),
      [
        ["a[0].b", 2, 8, "ONE"],
        ["a[1]", 3, 5, "TWO"],
        ["a[1]", 3, 5, "THREE"],
      ],
    );
  });

  it("places a finding at its key, or at the nearest key around it", () => {
    const { locate } = parse("a:\n  b:\n    - c: 1\n");
    const at = (path: (string | number)[]) => {
      const { line, column } = locate({ path, cause: "", remedy: "" });
      return [line, column];
    };
    assert.deepEqual(at(["a", "b", 0, "c"]), [3, 7]);
    assert.deepEqual(at(["a", "b", 0, "missing"]), [2, 3]);
    assert.deepEqual(at(["z"]), [undefined, undefined]);
  });

  it("refuses aliases that grow without bound", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f"].map((k, i) => `${k}: &${k} [${Array(9).fill(`*${"abcde"[i]}`).join(",")}]`).join("\n")}`;
    const { problems } = parse(bomb);
    assert.match(problems[0]!.cause, /not usable YAML/);
  });
});
