import type * as domain from "../../domain/run.ts";
import * as wire from "../../gen/rewardgate/v1/run_service.ts";
import { checkLabel, refuse } from "../request-rules.ts";
import type { UnaryHandler } from "./calls.ts";
import { createStrictDecoder } from "./strict-decode.ts";

const decodeList = createStrictDecoder("rewardgate.v1.ListRunsRequest", wire.ListRunsRequest);
const decodeGet = createStrictDecoder("rewardgate.v1.GetRunRequest", wire.GetRunRequest);
const decodeAlarms = createStrictDecoder("rewardgate.v1.ListRunAlarmsRequest", wire.ListRunAlarmsRequest);
const decodePin = createStrictDecoder("rewardgate.v1.PinRunBaselineRequest", wire.PinRunBaselineRequest);
const decodeDelete = createStrictDecoder("rewardgate.v1.DeleteRunRequest", wire.DeleteRunRequest);

/** Enum values of the wire in domain words; index 0, UNSPECIFIED, has none. */
const DIMENSIONS: readonly (domain.RunDimension | undefined)[] = [undefined, "domain", "judge", "policyVersion"];
const KINDS: Readonly<Record<domain.AlarmKind, wire.AlarmKind>> = {
  mean_shift: 1,
  spread_shift: 2,
  distribution_shift: 3,
  length_hacking: 4,
  disagreement: 5,
  collapse: 6,
  proxy_divergence: 7,
  probe_accepted: 8,
};
const STATES: Readonly<Record<domain.RunAlarm["state"], wire.AlarmState>> = { raised: 1, cleared: 2 };

type RunMethod = keyof typeof wire.RunServiceService;

/** The methods of rewardgate.v1.RunService by their names in code, bytes in and out. */
export function runMethods(runs: domain.RunStatistics): Record<RunMethod, UnaryHandler> {
  return {
    listRuns(bytes) {
      decodeList(bytes);
      return wire.ListRunsResponse.encode(wire.ListRunsResponse.fromPartial({ runs: runs.list().map(summaryToProto) })).finish();
    },
    getRun(bytes) {
      const { run, panel, domain, judge, groupBy } = decodeGet(bytes);
      const report = runs.report(checked(run), {
        ...(panel !== undefined && { panel }),
        ...(domain !== undefined && { domain }),
        ...(judge !== undefined && { judge }),
        ...(groupBy.length > 0 && { groupBy: groupBy.map(dimensionFromProto) }),
      });
      const answer = { summary: summaryToProto(report.summary), rows: report.rows.map(rowToProto) };
      return wire.GetRunResponse.encode(wire.GetRunResponse.fromPartial(answer)).finish();
    },
    listRunAlarms(bytes) {
      const alarms = runs.alarms(checked(decodeAlarms(bytes).run)).map(alarmToProto);
      return wire.ListRunAlarmsResponse.encode(wire.ListRunAlarmsResponse.fromPartial({ alarms })).finish();
    },
    pinRunBaseline(bytes) {
      const baselines = runs.pinBaseline(checked(decodePin(bytes).run));
      return wire.PinRunBaselineResponse.encode({ baselines }).finish();
    },
    deleteRun(bytes) {
      runs.forget(checked(decodeDelete(bytes).run));
      return wire.DeleteRunResponse.encode({}).finish();
    },
  };
}

function checked(run: string): string {
  if (run === "") throw refuse("run", "required");
  checkLabel(run, "run");
  return run;
}

function dimensionFromProto(value: wire.RunDimension): domain.RunDimension {
  const dimension = DIMENSIONS[value];
  if (dimension === undefined) throw refuse("groupBy", `unknown enum value ${value}`);
  return dimension;
}

function summaryToProto(summary: domain.RunSummary) {
  return { ...summary, panels: [...summary.panels], domains: [...summary.domains] };
}

function rowToProto(row: domain.RunRow) {
  return { ...row, gating: { ...row.gating } };
}

function alarmToProto(alarm: domain.RunAlarm) {
  return { ...alarm, kind: KINDS[alarm.kind], state: STATES[alarm.state], examples: [...alarm.examples] };
}
