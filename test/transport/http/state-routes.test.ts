import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { StateSnapshot } from "../../../src/domain/state.ts";
import { ErrorJson } from "../../../src/transport/http/response-schema.ts";
import { StateHistoryJson, StateJson, StatesJson } from "../../../src/transport/http/state-schema.ts";
import { openHttp } from "../../support/servers.ts";
import { EVERY_KIND, stateService } from "../../support/states.ts";
import { STORE_KINDS, type StorePlace } from "../../support/stores.ts";

let place: StorePlace;
let states: ReturnType<typeof stateService>;
let http: Awaited<ReturnType<typeof openHttp>>;

before(async () => {
  place = await STORE_KINDS[0]!.place();
  states = stateService(EVERY_KIND, await place.open());
  http = await openHttp({ states: states.service });
});
after(async () => {
  await http.close();
  await states.calls.close();
  await place.remove();
});

/** Sends a change; the answer keeps to the schema of the document. */
async function change(path: string, body: object): Promise<StateSnapshot> {
  const response = await http.post(`/v1/states/${path}`, JSON.stringify(body));
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return StateJson.parse(JSON.parse(text)).state as StateSnapshot;
}

async function read(path: string): Promise<StateSnapshot> {
  const response = await fetch(`${http.url}/v1/states/${path}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return StateJson.parse(JSON.parse(text)).state as StateSnapshot;
}

async function refusal(response: Response) {
  const { error } = ErrorJson.parse(await response.json());
  return { status: response.status, reason: error.reason, field: error.details?.field };
}

test("every kind is stepped by what it reads, and reads back the same", async () => {
  const run = "run 7 / ü?&"; // Ids are the client's own; the query carries them escaped.
  const query = `run=${encodeURIComponent(run)}`;
  const reports = {
    safety: { meanRewards: { a: 0.3 } },
    experts: { losses: { a: 0.5, b: null } },
    scales: { scores: { b: [1, 3] } },
    bundles: { bundleScores: [1, 2, 3] },
  };
  for (const [name, report] of Object.entries(reports)) {
    const start = await read(`${name}?${query}`);
    assert.deepEqual([start.name, start.run, start.version], [name, run, 0]);
    const made = await change(`${name}:step`, { run, stepId: "s", ...report });
    assert.equal(made.version, 1);
    assert.notDeepEqual(made.value, start.value);
    assert.deepEqual(made, await states.service.read(name, run, 1));
    assert.deepEqual(await read(`${name}?${query}`), made);
    assert.deepEqual(await read(`${name}?version=0&${query}`), start);
  }
  const listed = StatesJson.parse(await (await fetch(`${http.url}/v1/states`)).json());
  assert.deepEqual(
    listed.states.map(({ name, kind, runs }) => [name, kind, runs]),
    [
      ["safety", "multipliers", 1],
      ["experts", "hedge", 1],
      ["scales", "runningScale", 1],
      ["bundles", "quantileTracker", 1],
    ],
  );
});

test("pin, unpin, reset and history do what they say", async () => {
  const run = "r";
  const first = await change("bundles:step", { run, stepId: "1", bundleScores: [1] });
  const second = await change("bundles:step", { run, stepId: "2", bundleScores: [2] });
  assert.deepEqual(await change("bundles:pin", { run, version: 1 }), first);
  assert.deepEqual(await read("bundles?run=r"), first);
  const zero = await http.post("/v1/states/bundles:pin", `{"run":"${run}","version":-0}`);
  assert.equal(StateJson.parse(await zero.json()).state.version, 0);
  assert.deepEqual(await change("bundles:unpin", { run }), second);
  assert.deepEqual(await change("bundles:pin", { run }), second);
  const reset = await change("bundles:reset", { run, stepId: "3" });
  assert.deepEqual([reset.version, reset.value], [3, {}]);
  const { versions } = StateHistoryJson.parse(await (await fetch(`${http.url}/v1/states/bundles/history?run=r`)).json());
  assert.deepEqual(
    versions.map(({ version, change, stepId, pinned }) => [version, change, stepId, pinned]),
    [
      [0, "start", undefined, false],
      [1, "step", "1", false],
      [2, "step", "2", true],
      [3, "reset", "3", false],
    ],
  );
});

test("errors have the one shape: unknown state and version, a step id with two inputs, a broken rule", async () => {
  const post = async (path: string, body: object) => refusal(await http.post(`/v1/states/${path}`, JSON.stringify(body)));
  const get = async (path: string) => refusal(await fetch(`${http.url}/v1/states/${path}`));
  const step = { run: "e", stepId: "1", meanRewards: { a: 1 } };
  await change("safety:step", step);
  const invalid = (field: string) => ({ status: 400, reason: "REQUEST_INVALID", field });
  assert.deepEqual(await post("safety:step", { ...step, meanRewards: { a: 2 } }), {
    status: 409,
    reason: "STATE_STEP_CONFLICT",
    field: "stepId",
  });
  assert.deepEqual(await get("nobody?run=e"), { status: 404, reason: "STATE_NOT_FOUND", field: "name" });
  assert.deepEqual(await get("safety?run=e&version=9"), { status: 404, reason: "STATE_VERSION_NOT_FOUND", field: "version" });
  assert.deepEqual(await get("safety"), invalid("run"));
  assert.deepEqual(await get("safety?run="), invalid("run"));
  assert.deepEqual(await get("safety?run=e&run=f"), invalid("run"));
  assert.deepEqual(await get("safety?run=e&steps=3"), invalid("query"));
  assert.deepEqual(await get("safety?run=e&version=-1"), invalid("version"));
  assert.deepEqual(await get("safety/history?run=e&version=1"), invalid("query"));
  assert.deepEqual(await post("safety:step", { ...step, stepId: "" }), invalid("stepId"));
  assert.deepEqual(await post("safety:step", { ...step, stepId: "2", losses: { a: 1 } }), invalid("losses"));
  assert.deepEqual(await post("safety:step", { ...step, stepId: "2", meanRewards: { b: 1 } }), invalid("meanRewards"));
  assert.deepEqual(await post("safety:step", { ...step, stepId: "2", meanRewards: { a: "1" } }), invalid("meanRewards.a"));
  assert.deepEqual(await post("safety:step", { ...step, step: 1 }), invalid("step"));
  assert.deepEqual(await post("safety:pin", { run: "e", version: 0.5 }), invalid("version"));
  assert.equal((await http.post("/v1/states/safety:step", "{}", { "content-type": "text/plain" })).status, 415);
  assert.equal((await fetch(`${http.url}/v1/states/safety:step`)).status, 405);
  assert.equal((await http.post("/v1/states/safety", "{}")).status, 405);
  assert.equal((await http.post("/v1/states/safety:stop", "{}")).status, 405);
  assert.equal((await read("safety?run=e")).version, 1);
});

test("a query that is not percent-encoded UTF-8 is refused, and reads no other run", async () => {
  for (const path of ["safety?run=l%E4ufer", "safety/history?run=l%E4ufer", "safety?run=50%", "safety?run=%ED%A0%80"]) {
    const refused = await refusal(await fetch(`${http.url}/v1/states/${path}`));
    assert.deepEqual(refused, { status: 400, reason: "REQUEST_INVALID", field: "query" });
  }
  assert.equal((await refusal(await fetch(`${http.url}/v1/runs/any?panel=l%E4ufer`))).field, "query");
  assert.equal((await read("safety?run=l%C3%A4ufer")).run, "läufer");
});
