import { openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Candidate, Message } from "../../src/domain/item.ts";
import { DEFAULT_OPTIONS, type ScoreOptions } from "../../src/domain/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder } from "./bundle.ts";
import { type ChatScript, startChatServer } from "./chat-server.ts";

/** Sections of a configuration with a backend `llm`, as YAML. */
export interface ChatSections {
  readonly judges: string;
  readonly panels: string;
  /** Further keys of the backend, each with a comma before it. */
  readonly backend?: string;
}

/** A real gateway, in this process, whose judges ask a scripted server. */
export async function openChatPanels(script: ChatScript, { judges, panels, backend = "" }: ChatSections) {
  const server = await startChatServer(script);
  const folder = temporaryFolder();
  const file = folder.write(
    "rewardgate.yaml",
    `apiVersion: rewardgate/v1
server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 } }
backends:
  llm: { type: openai, url: ${server.url}, model: tiny${backend} }
judges:
${judges}
panels:
${panels}
`,
  );
  const gateway = await openGateway(await loadConfig({ file, variables: {} }), { log: createLogger({ level: "silent" }) });
  return {
    server,
    gateway,
    /** Scores one group. */
    async score(panel: string, prompt: string | readonly Message[], texts: readonly string[], options: Partial<ScoreOptions> = {}) {
      const messages = typeof prompt === "string" ? [{ role: "user" as const, content: prompt }] : prompt;
      const candidates: Candidate[] = texts.map((content) => ({ content }));
      const request = { panel, items: [{ id: "i", prompt: messages, candidates }], options: { ...DEFAULT_OPTIONS, ...options } };
      const { results } = await gateway.service.score(request, {
        signal: new AbortController().signal,
        requestId: "r",
        transport: "cli",
      });
      return results[0]!.candidates;
    },
    async close() {
      await gateway.close(0);
      await server.close();
      folder.remove();
    },
  };
}
