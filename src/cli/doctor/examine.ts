import { type Gateway, openGateway } from "../../app.ts";
import { availableCores, crowdedCores } from "../../backends/index.ts";
import { CUDA_SETUP, isCudaInstalled } from "../../backends/onnx/device.ts";
import { loadConfig } from "../../config/load.ts";
import { type Resolved, resolve } from "../../config/resolve.ts";
import type { BackendConfig, Config } from "../../config/schema.ts";
import { stateStoreOf } from "../../config/state-plan.ts";
import { GatewayError } from "../../domain/errors.ts";
import { servingProblems } from "../../serving-problems.ts";
import { openStateStore } from "../../state/open.ts";
import { createLogger } from "../../telemetry/log.ts";
import type { Finding } from "./finding.ts";
import { coresFinding, fileLimitFinding, memoryFinding, moduleFinding, nodeFinding, portFinding } from "./machine.ts";

/** Examines one thing after the other, each as soon as it is known; what needs a sound configuration ends where there is none. */
export async function* examine(file: string): AsyncGenerator<Finding> {
  yield nodeFinding(process.versions.node);
  yield coresFinding();
  yield memoryFinding();
  yield fileLimitFinding();
  yield await moduleFinding("onnxruntime", "onnxruntime-node");
  yield await moduleFinding("tokenizers", "tokenizers");

  const config = await attempt(() => loadConfig({ file, variables: process.env }));
  if ("error" in config) return yield broken("config", config.error);
  yield { name: "config", state: "ok", message: config.value.origin.file };
  yield cudaFinding(config.value);
  for (const name of ["http", "grpc", "admin"] as const) yield await portFinding(name, config.value.server[name]);

  const resolved = await attempt(() => resolve(config.value, undefined, servingProblems(config.value)));
  if ("error" in resolved) return yield broken("bundles", resolved.error);
  yield { name: "bundles", state: "ok", message: describeBundles(resolved.value) };
  const models = resolved.value.backends.map(({ onnx, name }) => ({ ...onnx, name }));
  const crowded = crowdedCores(models, availableCores());
  if (crowded !== undefined)
    yield { name: "executors", state: "warn", message: crowded, fix: "lower their `executors`, or leave them out" };
  if (Object.keys(config.value.states).length > 0) {
    const opened = await attempt(() => openStateStore({ ...stateStoreOf(config.value), log: createLogger({ level: "silent" }) }));
    if ("error" in opened) return yield broken("state store", opened.error);
    await opened.value.close();
    yield { name: "state store", state: "ok", message: `the ${config.value.state.store.type} store of the states of runs opens` };
  }
  const opened = await attempt(() => openGateway(config.value, { log: createLogger({ level: "silent" }) }));
  if ("error" in opened) return yield broken("golden scores", opened.error);
  try {
    yield goldenFinding(opened.value, resolved.value);
    yield* awayFindings(opened.value);
  } finally {
    await opened.value.close(0);
  }
}

function describeBundles({ judges, backends }: Resolved): string {
  const names = judges.map(({ judge }) => judge.name).join(", ");
  return `${names}: all files there, digests right, ${backends.length} model${backends.length === 1 ? "" : "s"} to open`;
}

/** Whether CUDA is there, which only matters where it is asked for. */
function cudaFinding({ backends }: Config): Finding {
  const onCuda = (backend: BackendConfig) => backend.type === "onnx" && [backend.device].flat().some((name) => name.startsWith("cuda"));
  const wanted = Object.entries(backends).filter(([, backend]) => onCuda(backend));
  const name = "cuda";
  const fix = `${CUDA_SETUP}; it needs CUDA 13, cuBLAS and cuDNN 9 on the library path; or device: cpu`;
  if (isCudaInstalled()) return { name, state: "ok", message: "the CUDA part of ONNX Runtime is installed" };
  if (wanted.length === 0) return { name, state: "ok", message: "not installed, and no backend asks for it" };
  const asking = wanted.map(([backend]) => backend).join(", ");
  return { name, state: "fail", message: `not installed, and asked for by: ${asking}`, fix };
}

/** The golden scores of the judges that sit in panels, which were reproduced when these were opened. */
function goldenFinding({ service }: Gateway, { judges }: Resolved): Finding {
  const seated = new Set(service.judges().map(({ name }) => name));
  const tested = judges.filter(({ judge, goldens }) => seated.has(judge.name) && goldens.length > 0);
  const rows = tested.reduce((total, { goldens }) => total + goldens.length, 0);
  const unseated = judges.flatMap(({ judge }) => (seated.has(judge.name) ? [] : [judge.name]));
  const rest = unseated.length === 0 ? "" : `; not opened, since they sit in no panel: ${unseated.join(", ")}`;
  return { name: "golden scores", state: "ok", message: `${rows} golden scores of ${tested.length} judges reproduced${rest}` };
}

/** Judges whose servers did not answer, or not as the ones that are wanted. They may come later, so it is no failure. */
function* awayFindings({ readiness }: Gateway): Generator<Finding> {
  const away = readiness.current().checks.filter(({ ok }) => !ok);
  if (away.length === 0) return;
  const message = away.map((check) => `${check.name}: ${check.message}`).join("; ");
  yield { name: "servers", state: "warn", message, fix: "start the server, or correct the url and the model of its backend" };
}

function broken(name: string, error: unknown): Finding {
  const { message, cause } = GatewayError.from(error);
  const known = error instanceof GatewayError && error.reason !== "INTERNAL";
  const fix = known ? "the message says what to do" : "run the command again with --debug";
  return { name, state: "fail", message: known ? message : `${message}: ${cause instanceof Error ? cause.message : String(cause)}`, fix };
}

async function attempt<T>(action: () => Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await action() };
  } catch (error) {
    return { error };
  }
}
