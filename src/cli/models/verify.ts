import { resolve } from "node:path";
import { createOnnxBackend } from "../../backends/index.ts";
import type { Bundle } from "../../config/bundle.ts";
import { configInvalid } from "../../config/problems.ts";
import { resolveJudges } from "../../config/resolve-judges.ts";
import { type Config, configSchema } from "../../config/schema.ts";
import { GatewayError } from "../../domain/errors.ts";
import { describeDeterminism } from "../../domain/score-space.ts";
import { type SelfTestReport, selfTest } from "../../engine/self-test.ts";

/** What was found of a bundle. */
export interface Verified extends Omit<SelfTestReport, "judge"> {
  readonly name: string;
  readonly folder: string;
  readonly kind: string;
  readonly determinism: string;
  readonly license: string;
  /** Digest of `judge.yaml`, which pins every other file. */
  readonly revision: string;
}

/** Random batchings that scores alone are compared with. */
const COMPOSITIONS = 8;

/**
 * Verifies a bundle: its files and their digests, that it makes a judge, and in a real session that this reproduces its golden
 * scores and tokens and moves among batch-mates no further than it declares.
 *
 * @throws {GatewayError} CONFIG_INVALID with everything that is wrong
 */
export async function verifyBundle(folder: string): Promise<Verified> {
  const { resolved, plan } = await openAlone(folder);
  const { judge, goldenJudge, goldens, goldenTolerance: tolerance, license } = resolved;
  const backend = await createOnnxBackend({ ...plan.onnx, name: plan.name, executors: 1, warmUp: false });
  try {
    const [report] = await selfTest(backend, [{ judge: goldenJudge, rows: goldens, tolerance }], { compositions: COMPOSITIONS });
    const { judge: _, ...measured } = report!;
    const { spec, digest }: Bundle = resolved.bundle!;
    const determinism = describeDeterminism(judge.determinism);
    return { name: spec.name, folder, kind: judge.kind, determinism, license, revision: digest, ...measured };
  } finally {
    await backend.close();
  }
}

/** Opens a bundle as the only judge of a configuration. */
async function openAlone(folder: string) {
  const config: Config = {
    ...configSchema.parse({
      apiVersion: "rewardgate/v1",
      backends: { cpu: { type: "onnx" } },
      judges: { judge: { bundle: resolve(folder), backend: "cpu" } },
      panels: {},
    }),
    origin: {
      file: folder,
      folder: process.cwd(),
      locate: ({ path, ...rest }) => ({ file: folder, path: path.map(String).join("."), ...rest }),
    },
  };
  const problems: Parameters<typeof configInvalid>[0][number][] = [];
  const { judges, backends } = await resolveJudges(config, undefined, problems);
  const resolved = judges.get("judge");
  if (problems.length > 0)
    throw configInvalid(problems.map((one) => ({ ...one, cause: one.cause.replace(/ \(judges\.judge[^)]*\)$/, "") })));
  if (resolved === undefined || backends.length !== 1) throw new GatewayError("CONFIG_INVALID", `${folder} makes no judge with a model`);
  return { resolved, plan: backends[0]! };
}
