import assert from "node:assert/strict";
import { test } from "node:test";
import { type AddressKind, kindOf, mayReach, writtenAs } from "../../../src/backends/upstream/reach.ts";

const ADDRESSES: Readonly<Record<AddressKind, readonly string[]>> = {
  plain: ["10.0.0.7", "172.20.1.1", "192.168.1.5", "100.64.0.1", "93.184.216.34", "fd12:3456::1", "2a00:1450::200e", "64:ff9b::a00:7"],
  loopback: ["127.0.0.1", "127.0.1.1", "127.255.255.254", "::1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1"],
  linkLocal: ["169.254.1.1", "fe80::1", "fe80::1%eth0", "febf::1", "64:ff9b::a9fe:101"],
  metadata: ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"],
  unusable: [
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:a00:7",
    "2002:7f00:1::",
    "2001:0:1::1",
    "224.0.0.1",
  ].concat(["255.255.255.255", "240.0.0.1", "ff02::1", "192.0.0.8", "100::1", "64:ff9b::"]),
};

test("every address is of one kind, whatever its notation", () => {
  for (const [kind, ips] of Object.entries(ADDRESSES)) for (const ip of ips) assert.equal(kindOf(ip), kind, ip);
});

test("a host is an address, localhost, or a name", () => {
  const written = (host: string) => writtenAs(host);
  for (const host of ["127.0.0.1", "::1", "fe80::1"]) assert.equal(written(host), "address");
  for (const host of ["localhost", "LOCALHOST", "localhost.", "vllm.localhost"]) assert.equal(written(host), "localhost");
  for (const host of ["localhost.example.com", "vllm", "127.0.0.1.example.com", "notlocalhost"]) assert.equal(written(host), "name");
});

test("without networks a plain address is reached, and this machine where it is written as such; nothing else is", () => {
  const reached = (written: Parameters<typeof mayReach>[1]) =>
    Object.entries(ADDRESSES).flatMap(([kind, ips]) => (ips.some((ip) => mayReach(ip, written, undefined)) ? [kind] : []));
  assert.deepEqual(reached("address"), ["plain", "loopback"]);
  assert.deepEqual(reached("localhost"), ["loopback"]);
  assert.deepEqual(reached("name"), ["plain"]);
});

test("with networks an address has to lie in one of them, and a special one in one that is special in the same way", () => {
  const reach = (ip: string, written: Parameters<typeof mayReach>[1], ...networks: string[]) => mayReach(ip, written, networks);
  assert.equal(reach("10.0.0.7", "name", "10.0.0.0/8"), true);
  assert.equal(reach("10.0.0.7", "name", "192.168.0.0/16", "fd00::/8"), false);
  assert.equal(reach("fd12::1", "name", "192.168.0.0/16", "fd00::/8"), true);
  assert.equal(reach("127.0.0.1", "address", "10.0.0.0/8"), false);
  assert.equal(reach("127.0.1.1", "name", "127.0.1.0/24"), true);
  assert.equal(reach("127.0.0.1", "name", "127.0.1.0/24"), false);
  assert.equal(reach("169.254.1.1", "address", "169.254.0.0/16"), true);
  assert.equal(reach("169.254.169.254", "name", "169.254.0.0/16"), false);
  assert.equal(reach("169.254.169.254", "name", "169.254.169.254/32"), true);
  for (const ip of [...ADDRESSES.loopback, ...ADDRESSES.linkLocal, ...ADDRESSES.metadata, ...ADDRESSES.unusable])
    assert.equal(reach(ip, "name", "0.0.0.0/0", "::/0", "0.0.0.0/8", "fd00::/8"), false, ip);
});
