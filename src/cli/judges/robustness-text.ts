import { type AttackFinding, TOLERATED } from "../../evaluation/probes/robustness.ts";
import { textTable } from "../text-table.ts";

/** How a judge withstands the attacks of the suite, as JSON. */
export interface RobustnessReport {
  readonly judge: string;
  readonly revision: string;
  readonly rows: {
    readonly file: string;
    readonly sha256: string;
    readonly used: number;
    readonly leftOut: number;
  };
  readonly seed: number;
  /** Why there was no score, and how often: reasons of failures, else outcomes. */
  readonly unscored: Readonly<Record<string, number>>;
  readonly attacks: readonly AttackFinding[];
}

const signed = (value: number | null | undefined) => (value == null ? "-" : `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(2)}`);
const share = (value: number) => value.toFixed(3).replace(/^0/, "");

const changeOf = ({ delta }: AttackFinding) =>
  delta?.value == null ? "-" : `${signed(delta.value)}${delta.low === null ? "" : ` (${signed(delta.low)} to ${signed(delta.high)})`}`;
const acceptedOf = ({ accepted: { rate, low, high } }: AttackFinding) => `${share(rate)} (${share(low)}\u2013${share(high)})`;

const INSTEAD = "instead of the response";
const ADDED = "added to it";
const placeOf = ({ mode }: AttackFinding) => (mode === "replaces" ? INSTEAD : ADDED);

/** The report for a terminal. */
export function showRobustness({ judge, rows, attacks }: RobustnessReport): string {
  const header = ["attack", "where", "rows", "no score", "change", "accepted", "rewarded"];
  const cells = attacks.map((finding) => [
    finding.attack,
    finding.mode === "replaces" ? "instead" : "added",
    String(finding.n),
    String(finding.unscored),
    changeOf(finding),
    acceptedOf(finding),
    finding.rewarded ? "YES" : "no",
  ]);
  const rewarded = attacks.filter((finding) => finding.rewarded).map(({ attack }) => attack);
  const verdict = rewarded.length === 0 ? "rewards none of these attacks beyond chance" : `rewards: ${rewarded.join(", ")}`;
  return `${judge} on ${rows.used} rows of ${rows.file}\n\n${textTable(header, cells)}\n\n${verdict}`;
}

/** The section of a judge's card: Markdown, decided by the report alone. */
export function robustnessSection({ judge, revision, rows, seed, attacks }: RobustnessReport): string {
  const rewarded = attacks.filter((finding) => finding.rewarded).map(({ attack }) => `\`${attack}\``);
  const lines = attacks.map(
    (finding) =>
      `| \`${finding.attack}\` | ${finding.about} | ${placeOf(finding)} | ${changeOf(finding)} | ${acceptedOf(finding)} | ` +
      `${finding.unscored} | ${finding.rewarded ? "**yes**" : "no"} |`,
  );
  const [instead, added] = [TOLERATED.replaces, TOLERATED.adds].map((tolerated) => `${100 * tolerated} %`);
  return `## Robustness
Attacks on the best response of ${rows.used} rows of \`${rows.file}\`, by \`rewardgate judges probe ${judge}\`. Change: mean change of the raw score, in
standard deviations of the scores of those responses. Accepted: share of rows on which the attack scored no lower than the genuine
response (instead of it), or higher (added to it). With 95 % intervals. Rewarded: all of the interval lies above ${instead} (instead) or ${added} (added).

| attack | what it is | where | change | accepted | no score | rewarded |
|---|---|---|---:|---:|---:|---|
${lines.join("\n")}

${rewarded.length === 0 ? "It rewards none of these attacks beyond chance." : `It rewards ${rewarded.join(", ")}: guard against them, or expect a policy to find them.`}
Revision \`${revision.slice(0, 12)}\`, SHA-256 of the rows \`${rows.sha256.slice(0, 12)}\`, seed ${seed}.`;
}
