import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import * as wire from "../../src/gen/rewardgate/v1/reward_service.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { healthClient } from "../support/health-client.ts";
import { settled } from "../support/servers.ts";
import { type SpawnedGateway, spawnGateway } from "../support/spawned-gateway.ts";

/** Requests of one burst, half over each wire. */
const BURST = 500;
/** Stops, each later in its burst than the one before. */
const STOPS = Number(process.env.STOPS ?? 4);

let written: TestGateway;
before(async () => {
  written = await writeGateway({ backend: { maxBatchCalls: 8, maxBatchTokens: 256 } });
});
after(() => written.remove());

/** How a request ended: with a reward, or refused with leave to send it again. What was cut off rejects. */
type Ending = "answered" | "refused";

async function overHttp({ http }: SpawnedGateway, candidate: string): Promise<Ending> {
  const body = JSON.stringify({ panel: "reward", items: [{ prompt: "what is good", candidates: [{ content: candidate }] }] });
  let response: Response;
  try {
    response = await fetch(`${http}/v1/score`, { method: "POST", headers: { "content-type": "application/json" }, body });
  } catch (thrown) {
    // Nobody listened any more, so nothing was sent.
    if (((thrown as Error).cause as NodeJS.ErrnoException | undefined)?.code === "ECONNREFUSED") return "refused";
    throw thrown;
  }
  const answer = (await response.json()) as { results: { candidates: { reward: number }[] }[] };
  if (response.status === 200) {
    assert.ok(Number.isFinite(answer.results[0]!.candidates[0]!.reward));
    return "answered";
  }
  assert.equal(response.status, 503);
  assert.ok(Number(response.headers.get("retry-after")) >= 1);
  return "refused";
}

function overGrpc(client: InstanceType<typeof wire.RewardServiceClient>, candidate: string): Promise<Ending> {
  const text = (value: string) => ({ form: { $case: "text" as const, value } });
  const item = { prompt: text("what is good"), candidates: [{ content: text(candidate) }] };
  const request = wire.ScoreRequest.fromPartial({ panel: "reward", items: [item] });
  return new Promise((resolve, reject) => {
    client.score(request, (error: ServiceError | null, answer: wire.ScoreResponse) => {
      if (error === null) resolve(Number.isFinite(answer.results[0]!.candidates[0]!.reward) ? "answered" : "refused");
      else if (error.code === status.UNAVAILABLE && !/reset|closed|dropped/i.test(error.details)) resolve("refused");
      else reject(error);
    });
  });
}

for (let stop = 0; stop < STOPS; stop++) {
  const answeredBefore = Math.floor((stop * BURST) / STOPS);
  test(`SIGTERM after ${answeredBefore} of ${BURST} answers loses no request, tells every watcher, and ends with 0`, async (t) => {
    const gateway = await spawnGateway(written.config);
    t.after(() => gateway.process.kill("SIGKILL"));
    const health = healthClient(gateway.grpc);
    const watched = health.watch("");
    await settled(() => watched.statuses.length === 1);
    const client = new wire.RewardServiceClient(gateway.grpc, credentials.createInsecure());
    let answered = 0;
    const stopInTime = () => {
      if (answered++ === answeredBefore) gateway.process.kill("SIGTERM");
    };
    const endings = Promise.all(
      Array.from({ length: BURST }, async (_, index) => {
        const candidate = `good word ${stop} ${index}`;
        const ending = await (index % 2 === 0 ? overHttp(gateway, candidate) : overGrpc(client, candidate));
        stopInTime();
        return ending;
      }),
    );
    assert.ok((await endings).filter((ending) => ending === "answered").length > answeredBefore);
    assert.equal(await gateway.exited, 0);
    await settled(() => watched.ended);
    assert.deepEqual(watched.statuses, ["SERVING", "NOT_SERVING"]);
    client.close();
    health.close();
  });
}
