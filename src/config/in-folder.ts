import { resolve } from "node:path";
import type { SecretSource } from "../backends/index.ts";

/** Where a secret is kept, the path of a file made absolute: the configuration writes it relative to itself. */
export function inFolder<S extends SecretSource | undefined>(source: S, folder: string): S | { readonly file: string } {
  return source !== undefined && "file" in source ? { file: resolve(folder, source.file) } : source;
}
