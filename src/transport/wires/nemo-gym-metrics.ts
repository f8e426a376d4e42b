/** A rollout as NeMo Gym sends it back: numbers and flags of its own, beside much else. */
type Rollout = Readonly<Record<string, unknown>>;

const TASK = "_ng_task_index";
const ROLLOUT = "_ng_rollout_index";
/** Whether the reward is no measurement: a flag, and none of the numbers. */
const MASKED = "mask_sample";
const NOT_MEASURED: ReadonlySet<string> = new Set([TASK, ROLLOUT, MASKED]);

/**
 * Statistics of the numbers of verified rollouts, by task and over all, in the keys that NeMo Gym logs: `mean/reward`, `max/…`, `min/…`,
 * `median/…`, `std/…` (ddof 1; 0 for a single number). Flags count as 0 and 1, usage of tokens is taken from `response.usage`, and a rollout
 * without a field does not count for it. Rollouts marked as failed or as masked have no number and are left out.
 *
 * @complexity O(rollouts · fields · log rollouts), pure
 */
export function aggregateMetrics(rollouts: readonly Rollout[]) {
  const judged = rollouts.filter((rollout) => !("_ng_failure_class" in rollout) && rollout[MASKED] !== true);
  const tasks = new Map<number, Rollout[]>();
  for (const rollout of judged) {
    const task = typeof rollout[TASK] === "number" ? rollout[TASK] : 0;
    const group = tasks.get(task);
    if (group) group.push(rollout);
    else tasks.set(task, [rollout]);
  }
  const agent = statistics(judged);
  return {
    group_level_metrics: [...tasks]
      .sort(([a], [b]) => a - b)
      .map(([task, group]) => ({ ...statistics(group), num_rollouts: group.length, [TASK]: task })),
    agent_metrics: agent,
    key_metrics: Object.fromEntries(Object.entries(agent).filter(([key]) => key.startsWith("mean/"))),
  };
}

function statistics(rollouts: readonly Rollout[]): Record<string, number> {
  const columns = new Map<string, number[]>();
  for (const rollout of rollouts) {
    for (const [name, value] of Object.entries({ ...rollout, ...usageOf(rollout) })) {
      if (NOT_MEASURED.has(name) || (typeof value !== "number" && typeof value !== "boolean")) continue;
      const column = columns.get(name);
      if (column) column.push(Number(value));
      else columns.set(name, [Number(value)]);
    }
  }
  const found: Record<string, number> = {};
  for (const [name, column] of columns) for (const [key, value] of describe(column)) found[`${key}/${name}`] = value;
  return found;
}

function describe(values: number[]): [string, number][] {
  const sorted = values.sort((a, b) => a - b);
  const n = sorted.length;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / n;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const median = (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2;
  return [
    ["mean", mean],
    ["max", sorted[n - 1]!],
    ["min", sorted[0]!],
    ["median", median],
    ["std", n > 1 ? Math.sqrt(squares / (n - 1)) : 0],
  ];
}

function usageOf({ response }: Rollout): object {
  const usage = (response as { usage?: unknown } | null | undefined)?.usage;
  return typeof usage === "object" && usage !== null ? usage : {};
}
