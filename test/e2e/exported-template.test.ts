import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { createChatTemplate } from "../../src/judges/shared/chat-template.ts";

const RECIPE = fileURLToPath(new URL("../../models/recipes/export", import.meta.url));
/** The exporter's chat(), for a tokenizer with two special tokens whose own templates write no BOS. */
const CHAT = `
import json, sys
from types import SimpleNamespace
from export import template
template.render = lambda *_: ""
tokens = {"bos_token": "<s>", "eos_token": "</s>"}
print(json.dumps([template.chat(SimpleNamespace(chat_template=source, **tokens), bos=bos) for source, bos in json.load(sys.stdin)]))
`;

/** What the gateway writes in front of the first content with each template that the exporter makes of these. */
function openings(templates: readonly (readonly [source: string, bos: "keep" | "add"])[]): string[] {
  const { stdout, stderr } = spawnSync(process.env.PYTHON ?? "python3", ["-B", "-c", CHAT], {
    input: JSON.stringify(templates),
    env: { ...process.env, PYTHONPATH: RECIPE },
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return JSON.parse(stdout).map((template: string) => {
    const layout = createChatTemplate(template).layout([{ role: "user", content: "u" }]);
    const first = "pieces" in layout ? layout.pieces[0] : undefined;
    return first !== undefined && "control" in first ? first.control : "";
  });
}

test("a template that is exported opens with the white space of the tokenizer's own, whatever tokens are written out in front of it", () => {
  const bodies = ["m.content + eos_token", "m.content"].map(
    (shown) => `{% for m in messages %}{{ '[' + m.role + ']' + ${shown} }}{% endfor %}`,
  );
  const starts = { "": "", "\n": "\n", "\n\n": "\n\n", "  ": "", "\n  ": "\n", " x": " x" };
  const cases = bodies.flatMap((body) =>
    Object.entries(starts).flatMap(([start, kept]) => [
      { template: [start + body, "keep"] as const, opens: `${kept}[user]` },
      { template: [start + body, "add"] as const, opens: `<s>${kept}[user]` },
    ]),
  );
  assert.deepEqual(
    openings(cases.map(({ template }) => template)),
    cases.map(({ opens }) => opens),
  );
});
