import { refuse } from "../request-rules.ts";

/**
 * The parameters of an address.
 *
 * @param url as the request writes it
 * @param known names that the route has
 * @throws {GatewayError} REQUEST_INVALID for a query that is not percent-encoded UTF-8, which URLSearchParams would repair, and for a
 *   parameter that is not known or given twice
 */
export function parametersOf(url: string, known: readonly string[]): URLSearchParams {
  const { search, searchParams } = new URL(url, "http://gateway");
  try {
    decodeURIComponent(search);
  } catch {
    throw refuse("query", "not percent-encoded UTF-8");
  }
  for (const key of new Set(searchParams.keys())) {
    if (!known.includes(key)) throw refuse("query", `an unknown parameter; there are: ${known.join(", ")}`);
    if (searchParams.getAll(key).length > 1) throw refuse(key, "given twice");
  }
  return searchParams;
}
