import assert from "node:assert/strict";
import { test } from "node:test";
import { credentials, loadPackageDefinition, type ServiceError, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { protoPath } from "grpc-health-check";
import { openGrpc, settled } from "../../support/servers.ts";

interface HealthClient {
  check(request: { service: string }, callback: (error: ServiceError | null, answer: { status: string }) => void): void;
  watch(request: { service: string }): NodeJS.EventEmitter;
  close(): void;
}

function clientOf(address: string): HealthClient {
  // biome-ignore lint/suspicious/noExplicitAny: the definition is loaded at run time
  const definition = loadPackageDefinition(loadSync(protoPath, { enums: String })) as any;
  return new definition.grpc.health.v1.Health(address, credentials.createInsecure());
}

test("Check and Watch follow readiness for the server and for each service, and a drain ends Watch", async () => {
  const { address, readiness, server, close } = await openGrpc();
  const client = clientOf(address);
  const check = (service: string) =>
    new Promise<string>((resolve) => {
      client.check({ service }, (error, answer) => resolve(error === null ? answer.status : (status[error.code] as string)));
    });
  const seen: Record<string, string[]> = {
    "": [],
    "rewardgate.v1.RewardService": [],
    "rewardgate.v1.StateService": [],
    "rewardgate.v1.RunService": [],
  };
  let ended = 0;
  try {
    for (const [service, statuses] of Object.entries(seen)) {
      const watch = client.watch({ service });
      watch.on("data", (answer: { status: string }) => statuses.push(answer.status));
      watch.on("error", () => {});
      watch.on("status", () => ended++);
    }
    const heard = (n: number) => settled(() => Object.values(seen).every((statuses) => statuses.length === n));
    await heard(1);
    assert.deepEqual(
      [await check(""), await check("rewardgate.v1.RewardService"), await check("rewardgate.v1.StateService"), await check("other")],
      ["SERVING", "SERVING", "SERVING", "NOT_FOUND"],
    );
    readiness.set(false);
    await heard(2);
    assert.equal(await check(""), "NOT_SERVING");
    readiness.set(true);
    await heard(3);
    readiness.set(false);
    await server.drain();
    await settled(() => ended === 4);
    for (const statuses of Object.values(seen)) assert.deepEqual(statuses, ["SERVING", "NOT_SERVING", "SERVING", "NOT_SERVING"]);
  } finally {
    client.close();
    await close();
  }
});

test("a server that starts before its judges says NOT_SERVING", async () => {
  const { scriptedReadiness } = await import("../../support/scripted-service.ts");
  const { address, close } = await openGrpc({ readiness: scriptedReadiness(false) });
  const client = clientOf(address);
  try {
    const answer = await new Promise<string>((resolve) => client.check({ service: "" }, (_, { status }) => resolve(status)));
    assert.equal(answer, "NOT_SERVING");
  } finally {
    client.close();
    await close();
  }
});
