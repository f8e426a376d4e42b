/** Host and port as an address writes them: an IPv6 address stands in brackets, so that its last group is not taken for the port. */
export function authorityOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
