import {
  availableCores,
  createChatServer,
  createExternalBackend,
  createLogprobsBackend,
  createModelServer,
  createOnnxBackend,
  createToolBackend,
  crowdedCores,
  shareCores,
} from "./backends/index.ts";
import type { Resolved, ResolvedJudge } from "./config/resolve.ts";
import type { Backend, OpenBackend } from "./domain/backend.ts";
import { systemClock } from "./domain/clock.ts";
import type { Judge } from "./domain/judge.ts";
import { describeDeterminism } from "./domain/score-space.ts";
import { type Batcher, createBatcher } from "./engine/batcher.ts";
import { checkOf } from "./engine/follow-backends.ts";
import type { ReadinessBoard } from "./engine/readiness.ts";
import { selfTest } from "./engine/self-test.ts";
import type { Logger } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";

/** Batchings of the golden calls that are tried at start. */
const START_COMPOSITIONS = 2;

/**
 * Opens the backends that judges ask, all or none.
 *
 * @returns backends by name
 * @throws {GatewayError} CONFIG_INVALID when one cannot be what the configuration says; none is left open then
 */
export async function openBackends(plans: Resolved, metrics: Metrics, log: Logger): Promise<Map<string, OpenBackend>> {
  const configured = plans.backends.map(({ onnx, name }) => ({ ...onnx, name }));
  const models = shareCores(configured, availableCores());
  const crowded = crowdedCores(configured, availableCores());
  if (crowded !== undefined) log.warn(`${crowded}; lower them`);
  const verify = (backend: Backend) => testGoldens(plans.judges, backend, metrics, log);
  const opened = await Promise.allSettled<OpenBackend>([
    ...models.map((model) => createOnnxBackend({ ...model, metrics, log })),
    ...plans.chats.map(({ name, server }) => createChatServer({ ...server, name, metrics, log })),
    ...plans.engines.map(({ name, server }) => createModelServer({ ...server, name, metrics, log, verify })),
    ...plans.likelihoods.map(({ name, logprobs }) => createLogprobsBackend({ ...logprobs, name, metrics, log, verify })),
    ...plans.services.map(({ name, external }) => createExternalBackend({ ...external, name, metrics, log })),
    ...plans.tools.map(({ name, tools }) => createToolBackend({ ...tools, name, metrics, log })),
  ]);
  const backends = new Map<string, OpenBackend>();
  for (const outcome of opened) if (outcome.status === "fulfilled") backends.set(outcome.value.name, outcome.value);
  const failed = opened.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return backends;
  await closeBackends(backends);
  throw failed.reason;
}

/**
 * Has every judge of a model that runs here reproduce its golden scores, and declares all to the metrics.
 *
 * @throws {GatewayError} CONFIG_INVALID when one does not
 */
export async function testJudges(
  judges: readonly ResolvedJudge[],
  backends: ReadonlyMap<string, OpenBackend>,
  board: ReadinessBoard,
  metrics: Metrics,
  log: Logger,
): Promise<void> {
  for (const backend of backends.values()) {
    const own = judges.filter(({ judge }) => judge.backend === backend.name);
    for (const { judge } of own) board.set(checkOf(judge.name), false, "testing golden scores");
    for (const { judge } of own) declareJudge(judge, backend.device, metrics);
    // A server of somebody else's may be away: its backend tests it when it is there.
    if (!backend.remote) await testGoldens(judges, backend, metrics, log);
  }
  for (const { judge } of judges) if (judge.backend === undefined) declareJudge(judge, "", metrics);
}

/** @throws {GatewayError} CONFIG_INVALID when a judge of the backend does not reproduce its golden scores */
async function testGoldens(judges: readonly ResolvedJudge[], backend: Backend, metrics: Metrics, log: Logger): Promise<void> {
  const tested = judges
    .filter(({ judge, goldens }) => judge.backend === backend.name && goldens.length > 0)
    .map(({ goldenJudge, goldens, goldenTolerance }) => ({ judge: goldenJudge, rows: goldens, tolerance: goldenTolerance }));
  for (const report of await selfTest(backend, tested, { compositions: START_COMPOSITIONS })) {
    log.info(report, "judge reproduces its golden scores");
    metrics.goldenError.set({ judge: report.judge }, report.goldenMaxAbsError);
  }
}

function declareJudge({ name, kind, revision, determinism }: Judge, device: string, metrics: Metrics): void {
  metrics.declareJudge(name);
  metrics.judgeInfo.set({ judge: name, kind, revision, device, determinism: describeDeterminism(determinism) }, 1);
}

/** A queue before each backend, by the backend's name. */
export function createBatchers(plans: Resolved, backends: ReadonlyMap<string, OpenBackend>, metrics: Metrics): Map<string, Batcher> {
  return new Map(
    [...plans.backends, ...plans.chats, ...plans.engines, ...plans.services, ...plans.likelihoods, ...plans.tools].map(
      ({ name, queue }) => {
        const backend = backends.get(name)!;
        return [name, createBatcher({ backend, queue, clock: systemClock, random: Math.random, metrics })];
      },
    ),
  );
}

/** Closes all backends; those that cannot end in time are left. */
export async function closeBackends(backends: ReadonlyMap<string, OpenBackend>, timeoutMs?: number): Promise<void> {
  await Promise.allSettled([...backends.values()].map((backend) => backend.close(timeoutMs)));
}
