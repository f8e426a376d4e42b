import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { calibrateCommand } from "./calibrate.ts";
import { checkCommand } from "./check.ts";
import { compareCommand } from "./compare.ts";
import { doctorCommand } from "./doctor.ts";
import { evalCommand } from "./eval.ts";
import { describeFailure, EXIT, type SetExit } from "./failure.ts";
import { judgesCommand } from "./judges.ts";
import { modelsCommand } from "./models.ts";
import { panelsCommand } from "./panels.ts";
import { referenceCommand } from "./reference.ts";
import { replayCommand } from "./replay.ts";
import { scoreCommand } from "./score.ts";
import { serveCommand } from "./serve.ts";

/** The `rewardgate` command with all its subcommands. */
export function createProgram(exit: SetExit): Command {
  const program = new Command("rewardgate")
    .description("Reward-model serving gateway: a panel of judges scores prompts and candidates, and the answer is one explained reward.")
    .version(VERSION)
    .option("--debug", "show where an error came from", false)
    .showSuggestionAfterError()
    .addHelpText("after", '\nExample:\n  $ rewardgate score "How do I boil an egg?" "Eight minutes in boiling water." "Google it."');
  for (const command of [
    serveCommand(exit),
    scoreCommand(exit),
    calibrateCommand(exit),
    referenceCommand(exit),
    evalCommand(exit),
    compareCommand(exit),
    judgesCommand(exit),
    panelsCommand(),
    modelsCommand(exit),
    checkCommand(),
    doctorCommand(exit),
    replayCommand(exit),
  ]) {
    program.addCommand(command);
  }
  for (const command of withSubcommands(program)) command.exitOverride().showHelpAfterError("(--help shows how to call it)");
  return program;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/**
 * Runs the command line.
 *
 * @param argv as `process.argv`
 * @returns the exit code: 0 ok, 1 failure, 2 usage or configuration, 3 drain forced, 4 partial results, 130 interrupted
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  process.stdout.on("error", endWithReader);
  const program = createProgram((given) => {
    code = given;
  });
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (thrown) {
    // Commander has printed help or its own message by now.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const failure = describeFailure(thrown, program.opts<{ debug: boolean }>().debug);
    process.stderr.write(`${failure.text}\n`);
    return failure.code;
  }
}

/** Ends quietly when whoever reads the output has had enough, as in `rewardgate score … | head`, and says why else it cannot be written. */
function endWithReader({ code, message }: NodeJS.ErrnoException): void {
  if (code === "EPIPE") process.exit(EXIT.ok);
  process.stderr.write(`error: standard output cannot be written (${code ?? message})\n`);
  process.exit(EXIT.failure);
}
