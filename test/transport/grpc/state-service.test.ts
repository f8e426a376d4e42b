import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import * as wire from "../../../src/gen/rewardgate/v1/state_service.ts";
import { detailsOf } from "../../support/grpc-status.ts";
import { openGrpc, openHttp } from "../../support/servers.ts";
import { EVERY_KIND, stateService } from "../../support/states.ts";
import { STORE_KINDS, type StorePlace } from "../../support/stores.ts";
import { unaryCalls } from "../../support/unary-calls.ts";

let place: StorePlace;
let states: ReturnType<typeof stateService>;
let grpc: Awaited<ReturnType<typeof openGrpc>>;
let http: Awaited<ReturnType<typeof openHttp>>;
let client: InstanceType<typeof wire.StateServiceClient>;

before(async () => {
  place = await STORE_KINDS[0]!.place();
  states = stateService(EVERY_KIND, await place.open());
  grpc = await openGrpc({ states: states.service });
  http = await openHttp({ states: states.service });
  client = new wire.StateServiceClient(grpc.address, credentials.createInsecure());
});
after(async () => {
  client.close();
  await grpc.close();
  await http.close();
  await states.calls.close();
  await place.remove();
});

const ask = unaryCalls(() => client);

const methods = wire.StateServiceService;

const step = (fields: Partial<wire.StepStateRequest>) =>
  ask(methods.stepState, wire.StepStateRequest.fromPartial({ run: "run ü", stepId: "s", ...fields })).then(({ state }) => state!);

/** What HTTP says of the same run: absent where gRPC has an empty map or nothing. */
async function overHttp(path: string) {
  return JSON.parse(await (await fetch(`${http.url}/v1/states/${path}`)).text());
}

/** The answer without what protobuf shows for fields that are not set. */
function withoutUnset(answer: object): unknown {
  return JSON.parse(
    JSON.stringify(answer, (_, value) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).filter(([, each]) => JSON.stringify(each) !== "{}"))
        : value,
    ),
  );
}

test("every kind is stepped over gRPC and reads the same over HTTP, to the bit", async () => {
  const reports = {
    safety: { meanRewards: { a: 0.1 + 0.2 } },
    experts: { losses: { a: 1 / 3, b: 0 } },
    scales: { scores: { b: { values: [1, 3.3] } } },
    bundles: { bundleScores: [1, 2, 5e-324] },
  };
  for (const [name, report] of Object.entries(reports)) {
    const made = await step({ name, ...report });
    assert.deepEqual([made.name, made.run, made.version], [name, "run ü", 1]);
    assert.deepEqual(withoutUnset({ state: made }), await overHttp(`${name}?run=run%20%C3%BC`));
    const { state } = await ask(methods.getState, { name, run: "run ü", version: 1 });
    assert.deepEqual(state, made);
  }
  const start = await ask(methods.getState, { name: "scales", run: "run ü", version: 0 });
  assert.deepEqual(start.state!.value!.scales.a, { count: 0, mean: undefined, std: 0, squares: 0, min: undefined, max: undefined });
  const { states: listed } = await ask(methods.listStates, {});
  assert.deepEqual({ states: listed }, JSON.parse(await (await fetch(`${http.url}/v1/states`)).text()));
});

test("pin, unpin, reset and history answer as over HTTP", async () => {
  const of = { name: "bundles", run: "r" };
  const first = await step({ ...of, stepId: "1", bundleScores: [1] });
  const second = await step({ ...of, stepId: "2", bundleScores: [2] });
  assert.deepEqual(await step({ ...of, stepId: "1", bundleScores: [1] }), first);
  assert.deepEqual((await ask(methods.pinState, { ...of, version: 1 })).state, first);
  assert.deepEqual((await ask(methods.getState, { ...of, version: undefined })).state, first);
  assert.deepEqual((await ask(methods.unpinState, of)).state, second);
  const { state } = await ask(methods.resetState, { ...of, stepId: "3" });
  assert.deepEqual([state!.version, state!.value!.quantiles], [3, undefined]);
  const history = await ask(methods.getStateHistory, of);
  assert.deepEqual(withoutUnset(history), await overHttp("bundles/history?run=r"));
  assert.equal(history.versions.length, 4);
});

test("errors are those of HTTP, with the code of the table", async () => {
  const failure = async (asked: Promise<unknown>) => {
    const error = await asked.then(
      () => assert.fail("answered"),
      (thrown: ServiceError) => thrown,
    );
    const { info, fields } = detailsOf(error);
    return [error.code, info?.reason, ...(fields ?? [])];
  };
  const of = { name: "experts", run: "e" };
  await step({ ...of, losses: { a: 1 } });
  const invalid = (field: string) => [status.INVALID_ARGUMENT, "REQUEST_INVALID", field];
  assert.deepEqual(await failure(step({ ...of, losses: { a: 2 } })), [status.ALREADY_EXISTS, "STATE_STEP_CONFLICT", "stepId"]);
  assert.deepEqual(await failure(ask(methods.getState, { ...of, name: "nobody", version: 0 })), [
    status.NOT_FOUND,
    "STATE_NOT_FOUND",
    "name",
  ]);
  assert.deepEqual(await failure(ask(methods.getState, { ...of, version: 7 })), [status.NOT_FOUND, "STATE_VERSION_NOT_FOUND", "version"]);
  assert.deepEqual(await failure(ask(methods.getState, { name: "", run: "e", version: 0 })), invalid("name"));
  assert.deepEqual(await failure(ask(methods.getState, { name: "experts", run: "", version: 0 })), invalid("run"));
  assert.deepEqual(await failure(step({ ...of, stepId: "" })), invalid("stepId"));
  assert.deepEqual(await failure(step({ ...of, stepId: "2" })), invalid("losses"));
  assert.deepEqual(await failure(step({ ...of, stepId: "2", losses: { a: Number.NaN } })), invalid("losses.a"));
  assert.deepEqual(await failure(step({ ...of, stepId: "2", bundleScores: [1] })), invalid("bundleScores"));
  assert.equal((await ask(methods.getState, { ...of, version: undefined })).state!.version, 1);
});
