import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { GatewayError } from "../../domain/errors.ts";

/** Where a secret is kept: never in the configuration itself. */
export type SecretSource = { readonly env: string } | { readonly file: string };

/** A secret that may be replaced while the gateway runs. */
export interface Secret {
  readonly current: string;
  /** Reads the file again; a file that cannot be read leaves the secret as it was. @returns whether it could be read */
  refresh(): Promise<boolean>;
}

/**
 * Reads a secret.
 *
 * @param what for the message, for example `the API key of backend "llm"`
 * @throws {GatewayError} CONFIG_INVALID when there is none where it should be
 */
export async function openSecret(what: string, source: SecretSource): Promise<Secret> {
  if ("env" in source) {
    const current = process.env[source.env]?.trim();
    if (!current) throw invalid(what, `the environment variable ${source.env} is not set; set it`);
    return { current, refresh: async () => true };
  }
  const { file } = source;
  const read = async () => {
    const bytes = await readFile(file).catch((cause) => {
      throw invalid(what, `${file} cannot be read; name a file that holds it`, cause);
    });
    if (!isUtf8(bytes)) throw invalid(what, `${file} is not UTF-8; save it as UTF-8`);
    return bytes.toString().trim();
  };
  let current = await read();
  if (current === "") throw invalid(what, `${file} is empty; write it there`);
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

function invalid(what: string, problem: string, cause?: unknown): GatewayError {
  return new GatewayError("CONFIG_INVALID", `${what} is missing: ${problem}`, { cause });
}
