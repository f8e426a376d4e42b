/**
 * What is wrong with how an address of a server is written. An address says scheme, host and port in one way only, so that what a reader or a
 * filter sees is what is called: no user, no other notation of a number, nothing that a parser of URLs would take away or turn into another
 * host.
 *
 * @param text scheme, `://`, host, port and a path; no scheme but those of HTTP and gRPC
 * @returns what is wrong, for people, or undefined
 */
export function addressProblem(text: string): string | undefined {
  const [, authority] = /^(?:https?|grpcs?):\/\/([^/?#\\]+)/.exec(text) ?? [];
  // Schemes that URLs know nothing of get no host read as a number; resolvers of names read it so all the same.
  const plain = text.replace(/^grpc/i, "http");
  if (authority === undefined || !URL.canParse(plain)) return "an address is http, https, grpc or grpcs, ://, a host and a port";
  if (authority.includes("@") || /[?#]/.test(text)) return "an address holds no user, password, query or fragment; a key goes to apiKey";
  const { hostname } = new URL(plain);
  const [, host, port] = /^(.*?)(?::(\d*))?$/s.exec(authority)!;
  if (host!.toLowerCase() !== hostname) return `a host is written in one way only: this one as ${hostname}`;
  if (port !== undefined && String(Number(port)) !== port) return "a port is a number without zeros before it";
  return undefined;
}
