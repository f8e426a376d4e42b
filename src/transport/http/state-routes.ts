import type { ZodType } from "zod";
import type { RequestLimits } from "../../domain/limits.ts";
import type { StateService, StateSnapshot } from "../../domain/state.ts";
import { refuse } from "../request-rules.ts";
import { checkRunNames, type RunNames } from "../state-rules.ts";
import { readWholeBody } from "./body.ts";
import { parseJson } from "./from-json.ts";
import { parametersOf } from "./query.ts";
import type { Request, Route } from "./route.ts";
import { PinStateJson, ResetStateJson, StepStateJson, UnpinStateJson } from "./state-schema.ts";
import { parseStrictJson } from "./strict-json.ts";

/** What reading the bodies of these routes depends on. */
export interface StateRoutesOptions {
  readonly states: StateService;
  readonly limits: RequestLimits;
  /** Time for a body, milliseconds. */
  readonly bodyMs: number;
}

/** The routes of server state. */
export function stateRoutes({ states, limits, bodyMs }: StateRoutesOptions): Route[] {
  /** A route that changes a run. */
  function change<T extends RunNames>(
    verb: string,
    method: string,
    schema: ZodType<T>,
    apply: (name: string, body: T) => Promise<StateSnapshot>,
  ): Route {
    return {
      verb: "post",
      path: `/v1/states/{name}:${verb}`,
      method,
      mediaTypes: ["application/json"],
      async handle(exchange, request) {
        const bytes = await readWholeBody(request, { maxBytes: limits.maxHttpBodyBytes, timeoutMs: bodyMs });
        exchange.record.bytes = bytes.length;
        const body = parseJson(schema, parseStrictJson(bytes, limits));
        checkRunNames(body);
        exchange.answer({ state: await apply(nameOf(request), body) });
      },
    };
  }

  return [
    {
      verb: "get",
      path: "/v1/states",
      method: "ListStates",
      handle: async (exchange) => exchange.answer({ states: await states.list() }),
    },
    change("step", "StepState", StepStateJson, (name, { run, stepId, ...input }) => states.step(name, run, stepId, input)),
    change("pin", "PinState", PinStateJson, (name, { run, version }) => states.pin(name, run, version)),
    change("unpin", "UnpinState", UnpinStateJson, (name, { run }) => states.unpin(name, run)),
    change("reset", "ResetState", ResetStateJson, (name, { run, stepId }) => states.reset(name, run, stepId)),
    {
      verb: "get",
      path: "/v1/states/{name}/history",
      method: "GetStateHistory",
      async handle(exchange, request) {
        const { run } = queryOf(request, []);
        exchange.answer({ versions: await states.history(nameOf(request), run) });
      },
    },
    {
      verb: "get",
      path: "/v1/states/{name}",
      method: "GetState",
      async handle(exchange, request) {
        const { run, version } = queryOf(request, ["version"]);
        exchange.answer({ state: await states.read(nameOf(request), run, version) });
      },
    },
  ];
}

function nameOf(request: Request): string {
  return request.params.name as string;
}

/**
 * The run and what else a query of these routes may state.
 * @throws {GatewayError} REQUEST_INVALID as parametersOf, and without a run
 */
function queryOf(request: Request, more: readonly string[]): { readonly run: string; readonly version: number | undefined } {
  const parameters = parametersOf(request.url, ["run", ...more]);
  const run = parameters.get("run");
  if (run === null) throw refuse("run", "required, as ?run=…");
  const written = parameters.get("version");
  const version = written === null ? undefined : /^\d{1,10}$/.test(written) ? Number(written) : Number.NaN;
  checkRunNames({ run, version });
  return { run, version };
}
