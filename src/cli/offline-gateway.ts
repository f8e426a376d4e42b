import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { type Gateway, type GatewayOptions, openGateway } from "../app.ts";
import { namesCalibration } from "../config/bundle.ts";
import { panelSchema } from "../config/panel-schema.ts";
import type { Config } from "../config/schema.ts";
import { createLogger } from "../telemetry/log.ts";

/**
 * The gateway with the judges of one panel, for a command that scores. It logs only what goes wrong. A file takes as long as
 * it takes: the cap on a request's time and the bounds of the queues guard callers that wait, and nobody else waits here; what
 * is under way at once bounds the queues. Files seldom repeat themselves over long stretches, so a small cache does, and
 * memory stays flat and low.
 */
export function openOffline(config: Config, panel: string, { observer }: Pick<GatewayOptions, "observer"> = {}): Promise<Gateway> {
  // The engine otherwise lets garbage grow to three times what is in use before it collects it.
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  const offline: Config = {
    ...config,
    server: { ...config.server, maxRequestSeconds: ONE_DAY_SECONDS },
    cache: { ...config.cache, maxBytes: Math.min(config.cache.maxBytes, SMALL_CACHE_BYTES) },
    backends: Object.fromEntries(Object.entries(config.backends).map(([name, backend]) => [name, { ...backend, queue: UNBOUNDED }])),
  };
  return openGateway(offline, { log: createLogger({ level: "warn" }), panels: [panel], ...(observer && { observer }) });
}

const ONE_DAY_SECONDS = 86_400;
const UNBOUNDED = { maxCalls: Number.MAX_SAFE_INTEGER, maxTextSize: Number.MAX_SAFE_INTEGER, maxTokens: Number.MAX_SAFE_INTEGER };
const HEAP_GROWTH_PERCENT = 50;
const SMALL_CACHE_BYTES = 4 * 1024 * 1024;

/**
 * The panel of `--panel`, else `chat`, else the first. A judge may stand for the panel of itself alone, with the calibration of its
 * bundle where that has one. An unknown name is refused with suggestions when the panel is resolved.
 *
 * @returns its name, and a configuration that has it
 */
export async function choosePanel(
  config: Config,
  wanted: string | undefined,
): Promise<{ readonly config: Config; readonly panel: string }> {
  const names = Object.keys(config.panels);
  if (wanted === undefined) return { config, panel: names.includes("chat") ? "chat" : names[0]! };
  if (Object.hasOwn(config.panels, wanted) || !Object.hasOwn(config.judges, wanted)) return { config, panel: wanted };
  const judge = config.judges[wanted]!;
  const raw = "bundle" in judge && !(await namesCalibration(resolve(config.origin.folder, judge.bundle)));
  const member = { judge: wanted, ...(raw && { calibration: "none" }) };
  const alone = panelSchema.parse({ description: `The judge ${wanted} alone.`, members: [member] });
  return { config: { ...config, panels: { ...config.panels, [wanted]: alone } }, panel: wanted };
}
