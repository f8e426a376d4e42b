import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openHttp } from "../../support/servers.ts";

let http: Awaited<ReturnType<typeof openHttp>>;
before(async () => {
  http = await openHttp();
});
after(() => http.close());

test("/docs loads local files only, each of which is there, and holds no inline script or style", async () => {
  const response = await fetch(`${http.url}/docs`);
  assert.match(String(response.headers.get("content-type")), /^text\/html/);
  const page = await response.text();
  assert.doesNotMatch(page, /https?:\/\//);
  assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|<script(?![^>]* src=)/);
  const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
  assert.equal(addresses.length, 4);
  for (const address of addresses) {
    const file = await fetch(new URL(address, `${http.url}/docs`));
    assert.equal(file.status, 200, address);
    assert.ok((await file.arrayBuffer()).byteLength > 50, address);
  }
});

test("the page's policy allows nothing from elsewhere and nothing inline", async () => {
  const policy = String((await fetch(`${http.url}/docs`)).headers.get("content-security-policy"));
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
});

test("the style sheet and the start script ask for nothing from elsewhere", async () => {
  const css = await (await fetch(`${http.url}/docs/swagger-ui.css`)).text();
  assert.doesNotMatch(css, /url\(["']?https?:|@import/);
  const start = await (await fetch(`${http.url}/docs/start.js`)).text();
  assert.doesNotMatch(start, /https?:/);
  assert.match(start, /validatorUrl: null/);
});
