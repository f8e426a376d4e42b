import { GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import type { StateService, StateSnapshot, StepInput } from "../../domain/state.ts";
import * as wire from "../../gen/rewardgate/v1/state_service.ts";
import { checkRunNames } from "../state-rules.ts";
import type { UnaryHandler } from "./calls.ts";
import { refuseOversize } from "./oversize.ts";
import { createStrictDecoder } from "./strict-decode.ts";

const decodeList = createStrictDecoder("rewardgate.v1.ListStatesRequest", wire.ListStatesRequest);
const decodeGet = createStrictDecoder("rewardgate.v1.GetStateRequest", wire.GetStateRequest);
const decodeStep = createStrictDecoder("rewardgate.v1.StepStateRequest", wire.StepStateRequest);
const decodePin = createStrictDecoder("rewardgate.v1.PinStateRequest", wire.PinStateRequest);
const decodeUnpin = createStrictDecoder("rewardgate.v1.UnpinStateRequest", wire.UnpinStateRequest);
const decodeReset = createStrictDecoder("rewardgate.v1.ResetStateRequest", wire.ResetStateRequest);
const decodeHistory = createStrictDecoder("rewardgate.v1.GetStateHistoryRequest", wire.GetStateHistoryRequest);

/** The methods of rewardgate.v1.StateService by their names in code, bytes in and out. */
export function stateMethods(states: StateService, limits: RequestLimits): Record<StateMethod, UnaryHandler> {
  return {
    async listStates(bytes) {
      decodeList(bytes);
      const all = (await states.list()).map((state) => ({ ...state, judges: [...state.judges] }));
      return wire.ListStatesResponse.encode({ states: all }).finish();
    },
    async getState(bytes) {
      const request = checked(decodeGet(bytes));
      return wire.GetStateResponse.encode(toProto(await states.read(request.name, request.run, request.version))).finish();
    },
    async stepState(bytes) {
      refuseOversize(bytes, limits);
      const { name, run, stepId, ...input } = checked(decodeStep(bytes));
      return wire.StepStateResponse.encode(toProto(await states.step(name, run, stepId, inputFromProto(input)))).finish();
    },
    async pinState(bytes) {
      const { name, run, version } = checked(decodePin(bytes));
      return wire.PinStateResponse.encode(toProto(await states.pin(name, run, version))).finish();
    },
    async unpinState(bytes) {
      const { name, run } = checked(decodeUnpin(bytes));
      return wire.UnpinStateResponse.encode(toProto(await states.unpin(name, run))).finish();
    },
    async resetState(bytes) {
      const { name, run, stepId } = checked(decodeReset(bytes));
      return wire.ResetStateResponse.encode(toProto(await states.reset(name, run, stepId))).finish();
    },
    async getStateHistory(bytes) {
      const { name, run } = checked(decodeHistory(bytes));
      const versions = (await states.history(name, run)).map((version) => ({ stepId: undefined, inputDigest: undefined, ...version }));
      return wire.GetStateHistoryResponse.encode({ versions }).finish();
    },
  };
}

type StateMethod = keyof typeof wire.StateServiceService;

/** A request whose names keep the rules. A name of a state cannot be empty, so an empty one is a field that was left out. */
function checked<
  T extends { readonly name: string; readonly run: string; readonly stepId?: string; readonly version?: number | undefined },
>(request: T): T {
  if (request.name === "") throw new GatewayError("REQUEST_INVALID", "name: required", { details: { field: "name" } });
  checkRunNames(request);
  return request;
}

function inputFromProto({ meanRewards, losses, scores, bundleScores }: Omit<wire.StepStateRequest, "name" | "run" | "stepId">): StepInput {
  return {
    meanRewards,
    losses,
    scores: Object.fromEntries(Object.entries(scores).map(([judge, { values }]) => [judge, values])),
    bundleScores,
  };
}

function toProto({ name, run, version, kind, value }: StateSnapshot): { state: wire.StateSnapshot } {
  return { state: { name, run, version, kind, value: wire.StateValue.fromPartial(value) } };
}
