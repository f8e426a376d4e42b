import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { openBrowser, visit } from "../support/browser.ts";
import { runCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { jsonLines } from "../support/json-lines.ts";
import { labelledGroups, labelledPairs, ratedResponses } from "../support/labelled-file.ts";

let browser: Browser;
let tiny: TestGateway;
const pages: Record<string, string> = {};
before(async () => {
  [browser, tiny] = await Promise.all([openBrowser(), writeGateway()]);
  const pairs = tiny.folder.write("pairs.jsonl", jsonLines(labelledPairs(60)));
  const groups = tiny.folder.write("groups.jsonl", jsonLines(labelledGroups(20)));
  const rated = tiny.folder.write("rated.jsonl", jsonLines(ratedResponses(40)));
  const folder = join(tiny.folder.path, "out");
  const common = ["--config", tiny.config, "--output", folder];
  const evaluated = await runCli(["eval", pairs, groups, rated, ...common, "--with-text"]);
  assert.equal(evaluated.code, 0, evaluated.stderr);
  const compared = await runCli(["compare", pairs, rated, ...common, "--against-panel", "reward"]);
  assert.equal(compared.code, 0, compared.stderr);
  for (const name of ["eval", "compare"]) pages[name] = pathToFileURL(join(folder, `${name}.html`)).href;
});
after(async () => {
  await browser?.close();
  tiny?.remove();
});

/** What a reader sees of a figure. */
interface Seen {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** Shapes that have a size and a colour. */
  readonly marks: number;
  readonly texts: number;
  /** Rows of the table once it is unfolded. */
  readonly rows: number;
  /** Size of its smallest text on the screen, pixels. */
  readonly smallest: number;
}

const PROBE = readFileSync(new URL("../support/page-probe.cjs", import.meta.url), "utf8");

/** Calls a function of page-probe.cjs in the page. */
function probe<T>(page: Page, name: "measureFigures" | "overflow" | "contrasts"): Promise<T> {
  return page.evaluate(`(() => { const exports = {}; ${PROBE}; return exports.${name}(); })()`);
}

describe("the pages of eval and compare, opened from disk in Chromium", () => {
  for (const [name, least] of [
    ["eval", 24],
    ["compare", 8],
  ] as const) {
    for (const [width, scheme] of [
      [1280, "light"],
      [360, "dark"],
    ] as const) {
      it(`${name}.html draws every chart at ${width} px in ${scheme}, asks nobody for anything and reports no error`, async () => {
        const { page, requests, errors } = await visit(browser, pages[name]!, { width, scheme });
        const figures = await probe<Seen[]>(page, "measureFigures");
        assert.ok(figures.length >= least, `${figures.length} figures`);
        for (const { title, ...seen } of figures) {
          assert.ok(seen.width > 200 && seen.height > 40, `${title} is ${seen.width} × ${seen.height}`);
          assert.ok(seen.marks >= 3 && seen.texts >= 2, `${title} has ${seen.marks} marks and ${seen.texts} texts`);
          assert.ok(seen.rows > 0, `${title} has a table`);
          assert.ok(seen.smallest >= 9, `${title} has text of ${seen.smallest} px`);
        }
        assert.equal(await probe(page, "overflow"), 0, "nothing is wider than the window");
        assert.deepEqual(requests, [pages[name]]);
        assert.deepEqual(errors, []);
        await page.context().close();
      });
    }
  }

  it("follow the reader's scheme with enough contrast in text and charts", async () => {
    for (const scheme of ["light", "dark"] as const) {
      const { page } = await visit(browser, pages.eval!, { scheme });
      const { texts, dots } = await probe<{ texts: number[]; dots: number[] }>(page, "contrasts");
      assert.ok(texts.length > 100 && dots.length > 20, `${texts.length} texts, ${dots.length} dots`);
      assert.ok(Math.min(...texts) >= 4.5, `${scheme}: text of contrast ${Math.min(...texts)}`);
      assert.ok(Math.min(...dots) >= 3, `${scheme}: dot of contrast ${Math.min(...dots)}`);
      await page.context().close();
    }
  });
});
