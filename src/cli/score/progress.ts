import cliProgress from "cli-progress";

export interface Progress {
  /** @param done in the unit of the total */
  update(done: number, facts: { readonly candidates: number; readonly seconds: number }): void;
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };

/**
 * A progress bar on standard error with rate and time left; silent where that is no terminal.
 *
 * @param total what is to be done, or undefined when nobody knows
 */
export function createProgress(total: number | undefined): Progress {
  if (!process.stderr.isTTY) return SILENT;
  const plain = process.env.NO_COLOR !== undefined && process.env.NO_COLOR !== "";
  const known = total !== undefined && total > 0;
  const format = known ? "{bar} {percentage}% | {candidates} candidates | {rate}/s | {left} left" : "{candidates} candidates | {rate}/s";
  const bar = new cliProgress.SingleBar({
    format,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 24,
    barCompleteChar: plain ? "#" : "\u2588",
    barIncompleteChar: plain ? "-" : "\u2591",
    fps: 5,
  });
  bar.start(known ? total : 1, 0, { candidates: 0, rate: "-", left: "-" });
  let start: number | undefined;
  return {
    update(done, { candidates, seconds }) {
      start ??= done;
      const rate = seconds > 0 ? candidates / seconds : 0;
      const speed = seconds > 0 ? (done - start) / seconds : 0;
      const left = known && speed > 0 ? duration((total - done) / speed) : "-";
      bar.update(known ? Math.min(done, total) : 0, { candidates, rate: rate.toFixed(1), left });
    },
    stop: () => bar.stop(),
  };
}

/** Says on a terminal what a command does now; silent where standard error is none. */
export function announce(doing: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${doing} …\n`);
}

/** Seconds as people say them. */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
