import { FORBIDDEN_REMEDY, forbiddenAddress } from "../backends/index.ts";
import type { Finding } from "./problems.ts";
import type { Settings } from "./schema.ts";

/** Addresses of backends where no server may be asked, as far as they show without asking for names. */
export function checkAddresses(backends: Settings["backends"]): Finding[] {
  return Object.entries(backends).flatMap(([name, backend]) => {
    if (!("url" in backend)) return [];
    const { url, networks } = backend;
    return [url].flat().flatMap((one, index): Finding[] => {
      const cause = forbiddenAddress(one, networks);
      const place = typeof url === "string" ? [] : [index];
      return cause === undefined ? [] : [{ path: ["backends", name, "url", ...place], cause, remedy: FORBIDDEN_REMEDY }];
    });
  });
}
