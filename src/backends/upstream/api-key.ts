import { readFile } from "node:fs/promises";
import { GatewayError } from "../../domain/errors.ts";

/** Where a key is kept: never in the configuration itself. */
export type ApiKeySource = { readonly env: string } | { readonly file: string };

/** A key that may be replaced while the gateway runs. */
export interface ApiKey {
  /** The key, or undefined when the backend needs none. */
  readonly current: string | undefined;
  /** Reads the file again; a file that cannot be read leaves the key as it was. @returns whether it could be read */
  refresh(): Promise<boolean>;
}

/**
 * Reads a backend's key.
 *
 * @param backend name for the message
 * @throws {GatewayError} CONFIG_INVALID when there is none where it should be
 */
export async function openApiKey(backend: string, source: ApiKeySource | undefined): Promise<ApiKey> {
  if (source === undefined) return { current: undefined, refresh: async () => true };
  if ("env" in source) {
    const current = process.env[source.env]?.trim();
    if (current) return { current, refresh: async () => true };
    throw invalid(backend, `the environment variable ${source.env} is not set`);
  }
  const { file } = source;
  const read = async () => (await readFile(file, "utf8")).trim();
  let current = await read().catch((cause) => {
    throw invalid(backend, `its file ${file} cannot be read`, cause);
  });
  if (current === "") throw invalid(backend, `its file ${file} is empty`);
  return {
    get current() {
      return current;
    },
    async refresh() {
      const next = await read().catch(() => "");
      if (next !== "") current = next;
      return next !== "";
    },
  };
}

function invalid(backend: string, problem: string, cause?: unknown): GatewayError {
  return new GatewayError("CONFIG_INVALID", `backend "${backend}" needs an API key and ${problem}; see \`apiKey\``, { cause });
}
