import assert from "node:assert/strict";
import { test } from "node:test";
import { authorityOf } from "../../src/transport/authority.ts";

test("a listener's address can be called as it is printed, on IPv4, IPv6 and by name", () => {
  for (const [host, port] of [
    ["127.0.0.1", 8080],
    ["::1", 8080],
    ["::", 50051],
    ["gateway.example", 9090],
  ] as const) {
    const url = new URL(`http://${authorityOf(host, port)}/v1/score`);
    assert.deepEqual([url.hostname.replace(/^\[|\]$/g, ""), url.port, url.pathname], [host, String(port), "/v1/score"]);
  }
});
