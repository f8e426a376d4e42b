import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { openBrowser, type Visit, visit } from "../support/browser.ts";
import { type SpawnedGateway, spawnGateway } from "../support/spawned-gateway.ts";

/** The page's examples are for it. */
const SHIPPED = fileURLToPath(new URL("../../rewardgate.yaml", import.meta.url));

let gateway: SpawnedGateway;
let browser: Browser;
let docs: Visit;
before(async () => {
  browser = await openBrowser();
  gateway = await spawnGateway(SHIPPED, { REWARDGATE_HTTP_PORT: "0", REWARDGATE_GRPC_PORT: "0", REWARDGATE_ADMIN_PORT: "0" });
  docs = await visit(browser, `${gateway.http}/docs`);
  await docs.page.waitForSelector(".opblock");
});
after(async () => {
  await browser?.close();
  gateway?.process.kill("SIGKILL");
});

test("a browser shows every operation of the document, by what it is about", async () => {
  const { paths } = (await (await fetch(`${gateway.http}/openapi.json`)).json()) as { paths: Record<string, object> };
  const shown = await docs.page.locator(".opblock-summary-path").allTextContents();
  const written = Object.entries(paths).flatMap(([path, verbs]) => Object.keys(verbs).map(() => path));
  const plain = (texts: string[]) => texts.map((text) => text.replaceAll("\u200b", "").trim()).sort();
  assert.deepEqual(plain(shown), plain(written));
  const headings = await docs.page.locator(".opblock-tag").evaluateAll((tags) => tags.map((tag) => tag.getAttribute("data-tag")));
  assert.deepEqual(headings, ["Scoring", "States", "Runs", "Gateway"]);
});

for (const path of ["/v1/score", "/v1/score:stream"]) {
  test(`the page's example of ${path} is sent and answered with rewards`, async () => {
    const block = docs.page.locator(".opblock").filter({ has: docs.page.locator(`[data-path="${path}"]`) });
    await block.locator(".opblock-summary-control").click();
    await block.locator(".try-out__btn").click();
    await block.locator(".execute").click();
    const answer = block.locator(".live-responses-table .response");
    assert.equal(((await answer.locator(".response-col_status").textContent()) ?? "").trim().slice(0, 3), "200");
    const body = (await answer.locator(".highlight-code code").first().textContent()) ?? "";
    assert.equal(body.match(/"reward":\s*-?\d/g)?.length, 2, body);
  });
}

test("the page asks nothing of any other host and complains of nothing", () => {
  assert.deepEqual(
    docs.requests.filter((address) => !address.startsWith(gateway.http) && !address.startsWith("data:")),
    [],
  );
  assert.deepEqual(docs.errors, []);
});
