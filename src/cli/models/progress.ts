import cliProgress from "cli-progress";

/** A bar for one file after the other on standard error; silent where that is no terminal. */
export function createDownloadProgress(): { update(file: string, have: number, total: number | undefined): void; stop(): void } {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const bar = new cliProgress.SingleBar({
    format: "{file} {bar} {have} of {all}",
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 24,
    fps: 5,
  });
  let current: string | undefined;
  return {
    update(file, have, total) {
      const facts = { file, have: sizeText(have), all: total === undefined ? "?" : sizeText(total) };
      if (current !== file) {
        if (current !== undefined) bar.stop();
        current = file;
        bar.start(total ?? 1, have, facts);
      } else bar.update(total === undefined ? 0 : have, facts);
    },
    stop: () => bar.stop(),
  };
}

/** Bytes as people say them. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const steps = ["kB", "MB", "GB"];
  let [value, step] = [bytes / 1000, 0];
  while (value >= 1000 && step < steps.length - 1) [value, step] = [value / 1000, step + 1];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${steps[step]}`;
}
