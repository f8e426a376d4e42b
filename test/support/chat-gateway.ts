import { openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Item } from "../../src/domain/item.ts";
import { DEFAULT_OPTIONS, type ScoreOptions } from "../../src/domain/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder } from "./bundle.ts";
import { type ChatScript, startChatServer } from "./chat-server.ts";

const SILENT = createLogger({ level: "silent" });

/** An item of one question, unless it says otherwise. */
export type AskedItem = Partial<Omit<Item, "candidates">> & { readonly texts: readonly string[] };

/**
 * A gateway with one judge that asks a scripted server, over a configuration in a folder of its own.
 *
 * @param judge   the judge's mapping, in YAML's flow style
 * @param files   what else lies in the folder
 * @param backend further keys of the backend
 */
export async function openChatGateway(script: ChatScript, judge: string, files: Readonly<Record<string, string>> = {}, backend = "") {
  const server = await startChatServer(script);
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) folder.write(name, text);
  const file = folder.write(
    "rewardgate.yaml",
    `apiVersion: rewardgate/v1
server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 } }
backends:
  llm: { type: openai, url: ${server.url}, model: tiny, healthIntervalSeconds: 0.1${backend} }
judges:
  judge: ${judge}
panels:
  panel:
    members:
      - { judge: judge, calibration: none }
`,
  );
  const gateway = await openGateway(await loadConfig({ file, variables: {} }), { log: SILENT });
  return {
    server,
    gateway,
    file,
    async score({ texts, ...item }: AskedItem, options: Partial<ScoreOptions> = {}) {
      const whole = { id: "i", prompt: [{ role: "user" as const, content: "what is good" }], ...item };
      const items = [{ ...whole, candidates: texts.map((content) => ({ content })) }];
      const context = { signal: new AbortController().signal, requestId: "r", transport: "cli" as const };
      const { results, usage } = await gateway.service.score(
        { panel: "panel", items, options: { ...DEFAULT_OPTIONS, ...options } },
        context,
      );
      return { candidates: results[0]!.candidates, usage };
    },
    async close() {
      await gateway.close(0);
      await server.close();
      folder.remove();
    },
  };
}

/** The text between the last pair of delimiters under a title, as the server sees it. */
export function quotedUnder(title: string, content: string): string {
  const start = content.lastIndexOf(`${title}\n[`);
  const [opening, delimiter] = /\n\[([0-9a-f]{32})\]\n/.exec(content.slice(start))!;
  return content.slice(content.indexOf(opening, start) + opening.length).split(`\n[/${delimiter}]`)[0]!;
}

/** Labels of the criteria that a chat asks about, in order. */
export function labelsIn(body: { readonly messages: readonly { readonly content: string }[] }): string[] {
  return [...new Set(body.messages.at(-1)!.content.match(/"c\d+_[0-9a-f]{6}"(?=: \{)/g))].map((label) => label.slice(1, -1));
}
