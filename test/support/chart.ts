import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const CHART = "deploy/helm/rewardgate";

/** A Kubernetes object as rendered. The tests read it loosely, as an API server would before it validates. */
// biome-ignore lint/suspicious/noExplicitAny: shapes are what the tests check
export type Manifest = any;

/** Runs helm with the repository as its folder; answers its exit code and everything it wrote. */
export function helm(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["scripts/helm.mjs", ...args], { cwd: root, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, stdout, stderr });
    });
  });
}

/**
 * The objects that the chart renders to.
 *
 * @param args more arguments of `helm template`, for example `--set`, `gpu.count=1`
 * @throws {Error} with helm's message when it refuses
 */
export async function render(...args: string[]): Promise<Manifest[]> {
  const { code, stdout, stderr } = await helm("template", "rg", CHART, "--namespace", "scoring", ...args);
  if (code !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as Manifest)
    .filter((manifest) => manifest !== null);
}

/** Every pod that objects describe: pods themselves and templates of deployments, with a name for messages. */
export function podsOf(manifests: readonly Manifest[]): { name: string; spec: Manifest }[] {
  return manifests.flatMap((manifest) => {
    const name = `${manifest.kind}/${manifest.metadata.name}`;
    if (manifest.kind === "Pod") return [{ name, spec: manifest.spec }];
    const spec = manifest.spec?.template?.spec;
    return spec === undefined ? [] : [{ name, spec }];
  });
}
