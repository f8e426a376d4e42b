import { Command } from "commander";
import { stateStoreOf } from "../config/state-plan.ts";
import { GatewayError } from "../domain/errors.ts";
import { openStateStore } from "../state/open.ts";
import { replay } from "../state/replay.ts";
import { createLogger } from "../telemetry/log.ts";
import { configOption, readConfig } from "./config-file.ts";
import { EXIT, type SetExit } from "./failure.ts";

/** `rewardgate replay`: makes the versions of a run again from its log and compares them with the stored ones, bit by bit. */
export function replayCommand(exit: SetExit): Command {
  return new Command("replay")
    .description("make the versions of a run's state again from its log, and compare bit by bit; changes nothing")
    .argument("<state>", "name of the state in the configuration")
    .argument("<run>", "id of the run")
    .addOption(configOption())
    .addHelpText("after", "\nExample:\n  $ rewardgate replay safety run-7")
    .action(async (state: string, run: string, { config: file }: { config?: string }) => {
      const config = await readConfig(file);
      if (!Object.hasOwn(config.states, state)) throw new GatewayError("STATE_NOT_FOUND", `the configuration has no state "${state}"`);
      const store = await openStateStore({ ...stateStoreOf(config), log: createLogger({ level: config.log.level }) });
      try {
        const log = await store.log({ state, run });
        const { replayed, different } = replay(log);
        const kept = log.length === 0 ? "no version is kept" : `versions ${log[0]!.version} to ${log.at(-1)!.version} are kept`;
        const found = different.length === 0 ? "every bit equal" : `other bits in versions ${different.join(", ")}`;
        process.stdout.write(`${kept}; ${replayed} replayed: ${found}\n`);
        if (different.length > 0) exit(EXIT.failure);
      } finally {
        await store.close();
      }
    });
}
