import assert from "node:assert/strict";
import { test } from "node:test";
import { addressProblem } from "../../../src/backends/upstream/written-address.ts";

test("an address that says its host plainly is taken", () => {
  for (const url of [
    ...["http://127.0.0.1:8000", "https://api.example.com/v1", "http://vllm", "http://Policy.Internal:8000/", "http://localhost:11434"],
    ...["grpc://127.0.0.1:8001", "grpcs://judges.internal:443", "http://[::1]:8000", "http://[fd12::1]", "grpc://[fd12::1]:50051"],
    ...["http://10.0.0.7:80", "http://xn--bcher-kva.example", "http://a_b.internal:8000/base/path"],
  ]) {
    assert.equal(addressProblem(url), undefined, url);
  }
});

test("a host that a parser would turn into another is refused, with the plain one", () => {
  for (const [url, plain] of [
    ["http://2130706433:8000", "127.0.0.1"],
    ["http://0x7f.1", "127.0.0.1"],
    ["grpc://017700000001:50051", "127.0.0.1"],
    ["http://127.0.0.1.:8000", "127.0.0.1"],
    ["http://１２７。0。0。1", "127.0.0.1"],
    ["http://%6c%6f%63alhost", "localhost"],
    ["http://bücher.example", "xn--bcher-kva.example"],
    ["http://[0:0:0:0:0:0:0:1]", "[::1]"],
    ["http://[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
  ] as const) {
    assert.equal(addressProblem(url), `a host is written in one way only: this one as ${plain}`);
  }
});

test("users, queries, fragments, other ways to write a port or a scheme, and what is no address are refused", () => {
  const keyless = /no user, password, query or fragment/;
  for (const url of ["http://u@h", "http://u:p@h", "http://@h", "http://h:1@g", "http://h?a=1", "http://h/#a", "http://h/?"])
    assert.match(addressProblem(url)!, keyless, url);
  assert.match(addressProblem("http://h:08000")!, /without zeros/);
  for (const url of [
    "HTTP://h",
    " http://h",
    "http:h",
    "http:/h",
    "http:///h",
    "http:\\\\h",
    "ht\ntp://h",
    "h:80",
    "//h",
    "http://",
    "http://h@",
    "http://h:99999",
  ])
    assert.notEqual(addressProblem(url), undefined, url);
});
