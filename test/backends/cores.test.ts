import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import test from "node:test";
import { availableCores, cgroupQuota } from "../../src/backends/cores.ts";

const files = (content: Record<string, string>) => (path: string) => content[path];

test("cgroupQuota(read) reads version 2, version 1, and no limit", () => {
  assert.equal(cgroupQuota(files({ "/sys/fs/cgroup/cpu.max": "150000 100000" })), 1.5);
  assert.equal(cgroupQuota(files({ "/sys/fs/cgroup/cpu.max": "max 100000" })), undefined);
  const versionOne = (quota: string) => ({
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": quota,
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
  });
  assert.equal(cgroupQuota(files(versionOne("400000"))), 4);
  assert.equal(cgroupQuota(files(versionOne("-1"))), undefined);
  assert.equal(cgroupQuota(files({})), undefined);
});

test("availableCores() is at least one and no more than the process may run on", () => {
  assert.ok(availableCores() >= 1 && availableCores() <= availableParallelism());
});
