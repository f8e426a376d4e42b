import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { panelSchema, type RoutingConfig } from "../../src/config/panel-schema.ts";
import { resolveRouter } from "../../src/config/resolve-router.ts";
import { itemOf } from "../support/scripted.ts";

function routerOf(routes: object[], revisions: Record<string, string> = {}) {
  const config = panelSchema.parse({ routes, otherwise: "rest" }) as RoutingConfig;
  return resolveRouter("table", config, (panel) => revisions[panel] ?? "");
}
const item = (more: object = {}) => ({ ...itemOf("i", ["x"]), ...more });

describe("resolveRouter(name, config, revisionOf)", () => {
  it("takes the first row of which everything holds, and the default otherwise", () => {
    const { choose } = routerOf([
      { when: { domain: ["math", "code"], hasReference: true }, panel: "checked" },
      { when: { domain: "math" }, panel: "steps" },
      { when: { metadata: { tier: "gold", region: "eu" } }, panel: "gold" },
    ]);
    assert.deepEqual(choose(item({ domain: "code", reference: "4" })), { to: "checked", row: 0 });
    assert.deepEqual(choose(item({ domain: "math" })), { to: "steps", row: 1 });
    assert.deepEqual(choose(item({ domain: "code" })), { to: "rest", row: -1 });
    assert.deepEqual(choose(item({ metadata: { tier: "gold", region: "eu", more: "x" } })), { to: "gold", row: 2 });
    assert.deepEqual(choose(item({ metadata: { tier: "gold" } })), { to: "rest", row: -1 });
  });

  it("takes a blank reference for none, as judges do", () => {
    const { choose } = routerOf([{ when: { hasReference: true }, panel: "checked" }]);
    for (const reference of ["", " \n", undefined]) assert.equal(choose(item({ reference })).row, -1, JSON.stringify(reference));
    assert.equal(choose(item({ reference: "0" })).row, 0);
  });

  it("matches language ranges by their subtags, whatever the case", () => {
    const { choose } = routerOf([{ when: { language: ["de", "pt-BR"] }, panel: "other" }]);
    for (const language of ["de", "DE-at", "pt-br", "pt-BR-abl1943"]) assert.equal(choose(item({ language })).row, 0, language);
    for (const language of ["den", "pt", "pt-PT", undefined]) assert.equal(choose(item({ language })).row, -1, String(language));
  });

  it("says its rows in words, and changes its revision with a panel that it leads to", () => {
    const routes = [{ when: { domain: ["a", "b"], hasReference: false }, panel: "p" }];
    const router = routerOf(routes, { p: "1" });
    assert.deepEqual(router.rows, [
      { when: "domain a or b, has no reference", panel: "p" },
      { when: "", panel: "rest" },
    ]);
    assert.equal(routerOf(routes, { p: "1" }).revision, router.revision);
    assert.notEqual(routerOf(routes, { p: "2" }).revision, router.revision);
  });
});
