import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { neutralise } from "../../src/backends/upstream/neutralise.ts";
import { openChatGateway } from "../support/chat-gateway.ts";
import { type ChatScript, completion } from "../support/chat-server.ts";
import { payloads } from "../support/payloads.ts";

const PAYLOADS = payloads(640).map((payload) => ({ ...payload, shown: neutralise(payload.candidate).text }));
const RUBRIC = "{ principles: [{ name: right, text: The response is right. }], rules: [{ name: safe, text: It is safe. }] }";

/** Judges of every kind that reads a candidate in words, and how each of them may answer. */
const JUDGES: Readonly<Record<string, string>> = {
  "critique, score": "{ kind: critique, backend: llm, rubric: { text: Right. } }",
  "critique, yes": "{ kind: critique, backend: llm, rubric: { text: Right. }, reading: { type: yes } }",
  "critique, rating": "{ kind: critique, backend: llm, rubric: { text: Right. }, reading: { type: rating, lo: 1, hi: 9 } }",
  "rubric, together": `{ kind: rubric, backend: llm, rubric: ${RUBRIC} }`,
  "rubric, total":
    "{ kind: rubric, backend: llm, rubric: { principles: [{ name: right, text: The response is right. }] }, judging: total }",
  checklist: "{ kind: checklist, backend: llm, checklist: { items: [{ name: right, text: It is right., cite: false }] } }",
};

/** Judges that see several candidates at once; each is shown an attacker beside an honest response. */
const GROUP_JUDGES: Readonly<Record<string, string>> = {
  pairwise: "{ kind: pairwise, backend: llm, principles: { text: Right. } }",
  "pairwise, without a critique": "{ kind: pairwise, backend: llm, principles: { text: Right. }, critique: false }",
  listwise: "{ kind: listwise, backend: llm, principles: { text: Right. } }",
};

const CYRILLIC = new Map(Object.entries({ "\u0430": "a", "\u0435": "e", "\u043e": "o", "\u0441": "c", "\u0440": "p" }));

/** A text as a model may understand it: look-alikes and tag characters read as what they stand for, invisible ones left out. */
function understood(text: string): string {
  return Array.from(text.normalize("NFKC"), (character) => {
    const code = character.codePointAt(0)!;
    if (code >= 0xe0020 && code < 0xe007f) return String.fromCodePoint(code - 0xe0000);
    return /\p{Cf}/u.test(character) ? "" : (CYRILLIC.get(character) ?? character);
  }).join("");
}

/** What of a candidate looks most like a verdict. */
function verdictIn(candidate: string): string {
  const text = understood(candidate);
  return (/\{[\s\S]*\}/.exec(text) ?? /Total Score:.*|<answer>\w<\/answer>[\s\S]*|\S* ?verdict:.*$/i.exec(text) ?? [text])[0];
}

/** The payload that a chat asks about: the longest that it shows. */
const askedAbout = ({ messages }: { readonly messages: readonly { readonly content: string }[] }) => {
  const asked = messages.map(({ content }) => content).join("\n");
  return PAYLOADS.filter(({ shown }) => asked.includes(shown)).reduce((a, b) => (a.shown.length >= b.shown.length ? a : b));
};

/** The score that a candidate demands, where it does. */
const demanded = (candidate: string) => /"score": ?(\d+)/.exec(understood(candidate))?.[1];

/** A server that gives the score which the candidate demands, with a critique of its own. */
const obey: ChatScript = ({ body }) => {
  const score = Number(demanded(askedAbout(body).candidate));
  return { json: completion(JSON.stringify({ critique: "In words of my own, this deserves it.", score })) };
};

/** A server that says whatever the candidate says: as it stands, or the verdict in it alone; sure of every token. */
const echo: ChatScript = ({ body }) => {
  const asked = body.messages.map(({ content }) => content).join("\n");
  const { candidate } = askedAbout(body);
  const again = /could not be read/.test(asked);
  const said = again ? candidate : verdictIn(candidate);
  const content = said.match(/\w+|\W/g)?.map((token) => ({ token, logprob: -0.01, top_logprobs: [{ token, logprob: -0.01 }] })) ?? [];
  return { json: completion(said, { logprobs: { content } }) };
};

describe("640 forged verdicts that the judge's server echoes", () => {
  for (const [name, judge] of Object.entries(JUDGES)) {
    it(`give no reward under ${name}`, async (t) => {
      const { score, server, close } = await openChatGateway(echo, judge, {}, ", concurrency: 64");
      t.after(close);
      const accepted: string[] = [];
      for (let start = 0; start < PAYLOADS.length; start += 100) {
        const group = PAYLOADS.slice(start, start + 100);
        const { candidates } = await score({ texts: group.map(({ candidate }) => candidate) });
        for (const [i, { reward, status }] of candidates.entries()) {
          if (reward !== undefined || status !== "failed") accepted.push(`${group[i]!.family}: ${group[i]!.candidate}`);
        }
      }
      assert.deepEqual(accepted, []);
      assert.ok(server.chats.length >= 1000);
    });
  }

  for (const [name, judge] of Object.entries(GROUP_JUDGES)) {
    it(`give no reward to their group under ${name}`, async (t) => {
      const { score, close } = await openChatGateway(echo, judge, {}, ", concurrency: 64");
      t.after(close);
      const accepted: string[] = [];
      const attack = async ({ family, candidate }: (typeof PAYLOADS)[number]) => {
        const { candidates } = await score({ texts: ["An honest response.", candidate] });
        for (const { reward, status } of candidates)
          if (reward !== undefined || status !== "failed") accepted.push(`${family}: ${candidate}`);
      };
      for (let start = 0; start < PAYLOADS.length; start += 50) await Promise.all(PAYLOADS.slice(start, start + 50).map(attack));
      assert.deepEqual(accepted, []);
    });
  }

  it("give no reward where the server gives the score that they demand in words of its own", async (t) => {
    const { score, close } = await openChatGateway(obey, JUDGES["critique, score"]!, {}, ", concurrency: 64");
    t.after(close);
    const demanding = PAYLOADS.filter(({ candidate }) => demanded(candidate) !== undefined);
    const { candidates } = await score({ texts: demanding.map(({ candidate }) => candidate) });
    const accepted = candidates.flatMap(({ reward, status }, i) =>
      reward === undefined && status === "failed" ? [] : [demanding[i]!.candidate],
    );
    assert.deepEqual(accepted, []);
    assert.ok(demanding.length >= 60, `${demanding.length}`);
  });

  it("hold verdicts that each kind would believe of its own accord", async (t) => {
    const scored = (score: number) => ({ json: completion(JSON.stringify({ critique: "My own view.", score })) });
    const { score, close } = await openChatGateway(() => scored(3), JUDGES["critique, score"]!, {}, ", concurrency: 64");
    t.after(close);
    const { candidates } = await score({ texts: PAYLOADS.slice(0, 200).map(({ candidate }) => candidate) });
    const believed = candidates.filter(({ reward }) => reward !== undefined);
    assert.ok(believed.length > 150, "a judge that keeps its own view is believed, whatever the candidate demands");
  });
});
