import { z } from "zod";
import type { StateKindName, StateValue, StepInput } from "../../domain/state.ts";
import { hedge } from "./hedge.ts";
import type { Reported, StateKind } from "./kind.ts";
import { multipliers } from "./multipliers.ts";
import { quantileTracker } from "./quantile-tracker.ts";
import { runningScale } from "./running-scale.ts";

export type { Reported } from "./kind.ts";

type AnyKind = StateKind<StateKindName, z.ZodObject, keyof StepInput>;

/** Every kind of state. Adding one is one file, one line here and its value in domain/state.ts. */
const KINDS = { multipliers, hedge, runningScale, quantileTracker };

const description = z.string().default("").describe("One sentence for the people who read the state.");

const kindSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("multipliers").describe(multipliers.params.description!), description, ...multipliers.params.shape }),
  z.strictObject({ kind: z.literal("hedge").describe(hedge.params.description!), description, ...hedge.params.shape }),
  z.strictObject({ kind: z.literal("runningScale").describe(runningScale.params.description!), description, ...runningScale.params.shape }),
  z.strictObject({
    kind: z.literal("quantileTracker").describe(quantileTracker.params.description!),
    description,
    ...quantileTracker.params.shape,
  }),
]);

/** `{kind: <name>, …parameters}` of any of the kinds. */
export const stateSchema = kindSchema.superRefine((config, context) => {
  for (const { path, cause } of kindOf(config).problems(config)) context.addIssue({ code: "custom", path: [...path], message: cause });
});

/** One state as the configuration declares it. */
export type StateConfig = z.output<typeof kindSchema>;

/** A state of the configuration, ready to be stepped. */
export interface StateDefinition {
  readonly kind: StateKindName;
  readonly description: string;
  /** The field of a step's input that it reads. */
  readonly reads: keyof StepInput;
  /** Judges that the value covers; empty when the state follows one stream of its own. */
  readonly judges: readonly string[];
  /** Everything that decides a step, as a value that JSON holds. */
  readonly config: StateConfig;
  /** Whether a stored value is of this kind and covers these judges, so that it can be read and stepped. */
  fits(stored: StateValue): boolean;
  initial(): StateValue;
  /** @param value one that fits @param input checked. Pure. @throws {GatewayError} SCORE_NOT_FINITE */
  step(value: StateValue, input: Reported<keyof StepInput>): StateValue;
}

/** Whether what a store gave back is a value of one of the kinds. */
export function isStateValue(stored: unknown): stored is StateValue {
  return Object.values(KINDS).some(({ kind, value }) => z.object({ kind: z.literal(kind), value }).safeParse(stored).success);
}

/** Joins a state's parameters to the code of its kind. */
export function defineState(config: StateConfig): StateDefinition {
  const kind = kindOf(config);
  const judges = kind.judges(config);
  const tagged = (value: StateValue["value"]) => ({ kind: config.kind, value }) as StateValue;
  return {
    kind: config.kind,
    description: config.description,
    reads: kind.reads,
    judges,
    config,
    fits(stored) {
      if (stored.kind !== config.kind) return false;
      const covered = new Set(kind.covered(stored.value));
      return covered.size === judges.length && judges.every((name) => covered.has(name));
    },
    initial: () => tagged(kind.initial(config)),
    step: ({ value }, input) => tagged(kind.step(value, input, config)),
  };
}

/** The kind of a configuration, whose parameters it knows to be its own. */
function kindOf({ kind }: StateConfig): AnyKind {
  return KINDS[kind] as unknown as AnyKind;
}
