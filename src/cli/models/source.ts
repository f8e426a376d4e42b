import { GatewayError } from "../../domain/errors.ts";
import { parseJson } from "../../domain/json.ts";
import { UsageError } from "../failure.ts";
import { type Access, fetchText } from "./fetch.ts";

/** A place where a bundle is, pinned: the same text leads to the same files for ever, or to none. */
export type Source =
  /** A folder of a hub repository at a commit. */
  | { readonly type: "hub"; readonly repository: string; readonly revision: string; readonly folder: string }
  /** A folder on a web server; `address` ends in a slash. */
  | { readonly type: "http"; readonly address: string }
  /** A folder in a wheel of the Python index, by the wheel's digest. */
  | { readonly type: "wheel"; readonly name: string; readonly version: string; readonly folder: string };

const HUB_ID = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+?))?(?::([\w./-]+))?$/;
const WHEEL = /^pypi:([\w.-]+)==([\w.+!-]+)(?::([\w./-]+))?$/;
const MEGABYTE = 1 << 20;

/**
 * Reads a source as people write it: `org/name`, `org/name@revision:folder`, `https://host/folder/judge.yaml` or
 * `pypi:package==version:folder`.
 *
 * @throws {UsageError} when it is none of those
 */
export function parseSource(text: string): Source {
  if (/^https?:\/\//.test(text)) {
    const address = new URL(text.replace(/judge\.yaml$/, ""));
    if (address.username !== "" || address.password !== "") throw new UsageError("an address must hold no name and password");
    if (!address.pathname.endsWith("/")) address.pathname += "/";
    return { type: "http", address: address.href };
  }
  const wheel = WHEEL.exec(text);
  if (wheel !== null) return { type: "wheel", name: wheel[1]!, version: wheel[2]!, folder: folderOf(wheel[3]) };
  const hub = HUB_ID.exec(text);
  if (hub !== null) return { type: "hub", repository: hub[1]!, revision: hub[2] ?? "main", folder: folderOf(hub[3]) };
  throw new UsageError(`"${text}" is no folder, hub id (org/name@revision:folder), address, or pypi:package==version:folder`);
}

function folderOf(text = ""): string {
  const parts = text.split("/").filter((part) => part !== "");
  if (parts.includes("..") || parts.includes(".")) throw new UsageError(`${text} is no folder inside the source`);
  return parts.map((part) => `${part}/`).join("");
}

/** A source as text, the way {@link parseSource} reads it. */
export function formatSource(source: Source): string {
  if (source.type === "http") return source.address;
  const folder = source.folder === "" ? "" : `:${source.folder.slice(0, -1)}`;
  if (source.type === "wheel") return `pypi:${source.name}==${source.version}${folder}`;
  return `${source.repository}@${source.revision}${folder}`;
}

/** Where sources are looked up: the environment's, or the public ones. */
export interface Places {
  /** HF_ENDPOINT */
  readonly hub: string;
  /** PIP_INDEX_URL: a simple index */
  readonly index: string;
  /** HF_TOKEN, for the hub alone */
  readonly token?: string;
}

export function placesFrom(variables: Readonly<Record<string, string | undefined>>): Places {
  const { HF_ENDPOINT, HF_TOKEN, PIP_INDEX_URL } = variables;
  const trim = (text: string) => text.replace(/\/+$/, "");
  return {
    hub: trim(HF_ENDPOINT || "https://huggingface.co"),
    index: trim(PIP_INDEX_URL || "https://pypi.org/simple"),
    ...(HF_TOKEN && { token: HF_TOKEN }),
  };
}

/** The token for requests to a source: the hub's, and none for others. */
export function accessOf(source: Source, { token }: Places, signal?: AbortSignal): Access {
  return { ...(source.type === "hub" && token !== undefined && { token }), signal };
}

/** The source with its revision as a commit, which a branch of the same name will not move. */
export async function pinned(source: Source, places: Places, signal?: AbortSignal): Promise<Source> {
  if (source.type !== "hub" || /^[0-9a-f]{40}$/.test(source.revision)) return source;
  const address = `${places.hub}/api/models/${source.repository}/revision/${encodeURIComponent(source.revision)}`;
  const text = await fetchText(address, `model ${source.repository}@${source.revision}`, 16 * MEGABYTE, accessOf(source, places, signal));
  const commit = (parseJson(text) as { sha?: unknown } | undefined)?.sha;
  if (typeof commit !== "string" || !/^[0-9a-f]{40}$/.test(commit)) {
    throw new GatewayError("BACKEND_UNAVAILABLE", `the hub names no commit for ${source.repository}@${source.revision}`);
  }
  return { ...source, revision: commit };
}

/** Address of a file of a source that serves single files. */
export function addressOf(source: Exclude<Source, { type: "wheel" }>, path: string, places: Places): string {
  const escaped = path.split("/").map(encodeURIComponent).join("/");
  if (source.type === "http") return new URL(escaped, source.address).href;
  return `${places.hub}/${source.repository}/resolve/${source.revision}/${source.folder}${escaped}`;
}

/** The wheel of a package that runs everywhere: its address and digest, from the simple index as JSON. */
export async function wheelOf(
  source: Source & { type: "wheel" },
  places: Places,
  signal?: AbortSignal,
): Promise<{ address: string; sha256: string }> {
  const project = source.name.toLowerCase().replace(/[-_.]+/g, "-");
  const page = `${places.index}/${project}/`;
  const text = await fetchText(page, `package ${source.name}`, 64 * MEGABYTE, { signal }, "application/vnd.pypi.simple.v1+json");
  const files = (parseJson(text) as { files?: { filename: string; url: string; hashes?: { sha256?: string } }[] } | undefined)?.files;
  if (files === undefined) throw new GatewayError("BACKEND_UNAVAILABLE", `the index ${new URL(page).host} does not answer in JSON`);
  const wanted = `${project.replaceAll("-", "_")}-${source.version}-`;
  const wheel = files.find(({ filename }) => filename.toLowerCase().startsWith(wanted.toLowerCase()) && filename.endsWith("-none-any.whl"));
  const sha256 = wheel?.hashes?.sha256;
  if (wheel === undefined || sha256 === undefined) {
    throw new GatewayError("CONFIG_INVALID", `the index has no wheel of ${source.name} ${source.version} for every system, with a sha256`);
  }
  return { address: new URL(wheel.url, page).href, sha256 };
}
