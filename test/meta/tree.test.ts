import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

// Whoever runs the tests need not be the owner of the checkout.
const tracked = execFileSync("git", ["-c", "safe.directory=*", "ls-files", "-z"], { encoding: "utf8", maxBuffer: 2 ** 26 })
  .split("\0")
  .filter(existsSync);
const BINARY = /\.(onnx|gz|png|ico|npz|bin)$/;

describe("the tree", () => {
  it("mirrors src/ in test/: a test of a file stands at the file's path", () => {
    const apart = /^test\/(meta|support|golden|conformance|deploy|e2e)\//;
    const strays = tracked
      .filter((file) => /^test\/.*\.test\.ts$/.test(file) && !apart.test(file))
      .filter((file) => !existsSync(file.replace(/^test\//, "src/").replace(/\.test\.ts$/, ".ts")));
    assert.deepEqual(strays, []);
  });

  it("runs every test: none is skipped, left for later or singled out", () => {
    const marked = tracked
      .filter((file) => /^(test|clients)\/.*\.(ts|py)$/.test(file) && !file.startsWith("test/meta/"))
      .filter((file) =>
        /\b(it|test|describe)\.(skip|todo|only)\(|\b(skip|todo|only): true|pytest\.mark\.(skip|xfail)/.test(readFileSync(file, "utf8")),
      );
    assert.deepEqual(marked, []);
  });

  it("names no path of the machine it was written on", () => {
    const machine = new RegExp(["/" + "work/", "/" + "root/", "/" + "home/\\w+/", "/" + "Users/\\w+"].join("|"));
    const named = tracked.filter((file) => !BINARY.test(file) && machine.test(readFileSync(file, "utf8")));
    assert.deepEqual(named, []);
  });

  it("has no download addresses in lock files", () => {
    for (const file of tracked.filter((file) => path.basename(file) === "package-lock.json")) {
      assert.doesNotMatch(readFileSync(file, "utf8"), /"resolved": "http/, file);
    }
  });

  it("keeps source files under 400 lines", () => {
    const long = tracked
      .filter((file) => /^src\/(?!gen\/).*\.ts$/.test(file))
      .filter((file) => readFileSync(file, "utf8").split("\n").length > 400);
    assert.deepEqual(long, []);
  });

  it("keeps the pages that are bound to: ARCHITECTURE.md on one page", () => {
    assert.ok(readFileSync("ARCHITECTURE.md", "utf8").split("\n").length <= 70);
  });
});

describe("links in documents", () => {
  const pages = tracked.filter((file) => file.endsWith(".md"));
  for (const page of pages) {
    it(`of ${page} lead somewhere`, () => {
      const text = readFileSync(page, "utf8").replace(/```[\s\S]*?```/g, "");
      const broken = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)]
        .map(([, link]) => link!)
        .filter((link) => !leadsSomewhere(page, link));
      assert.deepEqual(broken, []);
    });
  }

  it("lead to every page that people read, or to its folder", () => {
    const linked = new Set(
      pages.flatMap((page) =>
        [...readFileSync(page, "utf8").matchAll(/\]\((?!https?:|mailto:)([^)#\s]+)/g)].map(([, link]) =>
          path.join(path.dirname(page), link!),
        ),
      ),
    );
    const dead = pages.filter((page) => page.endsWith("README.md") || page.startsWith("docs/")).filter((page) => page !== "README.md");
    assert.deepEqual(
      dead.filter((page) => !linked.has(page) && !linked.has(path.dirname(page))),
      [],
    );
  });
});

/** Whether a relative link names a file, and its fragment a heading there. */
function leadsSomewhere(page: string, link: string): boolean {
  const [target = "", fragment] = link.split("#");
  const file = target === "" ? page : path.join(path.dirname(page), target);
  if (!existsSync(file)) return false;
  if (fragment === undefined) return true;
  const headings = readFileSync(file, "utf8").matchAll(/^#+ (.+)$/gm);
  return [...headings].some(([, heading]) => slug(heading!) === fragment);
}

/** The anchor that GitHub gives a heading. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
