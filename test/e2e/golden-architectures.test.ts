import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openBundle } from "../../src/config/bundle.ts";

/** The judges whose 8-bit graphs ship: a last bit decides a step of their scores, so ARM has a record of its own. */
const ROUNDED = ["chat-reward", "chat-objectives", "chat-group"];

for (const name of ROUNDED) {
  test(`${name} ships golden scores of ARM, of the same graph and of rows that do not lie at the edge of a rounding`, async () => {
    const [x64, arm64] = await Promise.all([bundleOf(name, "x64"), bundleOf(name, "arm64")]);
    assert.ok(arm64.golden.length >= 0.75 * x64.golden.length, `${arm64.golden.length} of ${x64.golden.length} rows`);
    const moves = arm64.golden.flatMap((row) => {
      const common = x64.golden.find(({ id }) => id === row.id)!;
      assert.deepEqual(row.item, common.item);
      const [own, recorded] = [numbersOf(row), numbersOf(common)];
      assert.equal(own.length, recorded.length);
      return own.map((value, index) => Math.abs(value - recorded[index]!));
    });
    const equal = moves.filter((move) => move <= 1e-5).length / moves.length;
    assert.ok(equal < 1, "a record of ARM that says what x64's says is a copy");
    const stale = `largest move ${Math.max(...moves)}, ${equal} within 1e-5: record anew, models/recipes/processors`;
    assert.ok(equal >= 0.75 && Math.max(...moves) <= x64.spec.goldenTolerance / 2, stale);
  });
}

async function bundleOf(name: string, architecture: NodeJS.Architecture) {
  const folder = fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
  const opened = await openBundle(folder, new Map(), architecture);
  assert.ok("bundle" in opened, JSON.stringify(opened));
  return opened.bundle;
}

function numbersOf({ scores }: Awaited<ReturnType<typeof bundleOf>>["golden"][number]): number[] {
  return scores.flatMap(({ value, objectives = [], gating = [] }) => [value, ...objectives, ...gating]);
}
