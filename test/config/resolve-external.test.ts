import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { temporaryFolder } from "../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

/** A configuration with one service and the judges given. */
async function resolved(judges: string, backend = "{ type: external, url: grpc://127.0.0.1:7000, apiKey: { file: key } }") {
  const members = [...judges.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => `{ judge: ${name} }`).join(", ");
  const text = `apiVersion: rewardgate/v1\nbackends:\n  svc: ${backend}\njudges:\n${judges}\npanels:\n  p: { members: [${members}] }\n`;
  return resolve(await loadConfig({ file: folder.write("rewardgate.yaml", text), variables: {} }));
}

describe("a judge of kind external", () => {
  it("shares its service with others, which then has to have them all", async () => {
    const { services, judges } = await resolved(
      "  tests: { kind: external, backend: svc, version: '1', space: unit }\n  style: { kind: external, backend: svc, judge: lint, version: 2b, space: unit }",
    );
    assert.deepEqual(
      services.map(({ name, external }) => [name, external.expected, external.apiKey]),
      [
        [
          "svc",
          [
            { name: "tests", version: "1", space: "unit" },
            { name: "lint", version: "2b", space: "unit" },
          ],
          { file: join(folder.path, "key") },
        ],
      ],
    );
    assert.equal(judges[1]!.description, "Judge lint 2b of a service outside of the gateway.");
  });

  it("has a revision that says its version and what it is told, and not where the service is", async () => {
    const revision = async (changes: string, backend?: string) =>
      (await resolved(`  tests: { kind: external, backend: svc, space: unit, ${changes} }`, backend)).judges[0]!.judge.revision;
    const plain = await revision("version: '1'");
    assert.equal(await revision("version: '1', judge: tests, description: Tests.", "{ type: external, url: http://elsewhere }"), plain);
    assert.notEqual(await revision("version: '2'"), plain);
    assert.notEqual(await revision("version: '1', metadata: [tests]"), plain);
    assert.notEqual(await revision("version: '1', group: true"), plain);
  });

  it("is refused on a backend that is no service, and without a version", async () => {
    const problem = async (judge: string, backend?: string) => {
      const error = await resolved(judge, backend).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
      return JSON.stringify(error.details.problems);
    };
    const chat = "{ type: openai, url: http://127.0.0.1:1/v1, model: m }";
    assert.match(await problem("  t: { kind: external, backend: svc, version: '1', space: unit }", chat), /is no service that judges/);
    assert.match(await problem("  t: { kind: external, backend: svc, space: unit }"), /judges\.t\.version.*missing/);
    assert.match(await problem("  t: { kind: critique, backend: svc, rubric: { text: x } }"), /answers no chat/);
  });
});
