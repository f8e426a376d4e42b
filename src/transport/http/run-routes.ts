import { RUN_DIMENSIONS, type RunDimension, type RunQuery, type RunStatistics } from "../../domain/run.ts";
import { checkLabel, refuse } from "../request-rules.ts";
import { parametersOf } from "./query.ts";
import type { Request, Route } from "./route.ts";

/** The routes of the statistics of training runs. */
export function runRoutes(runs: RunStatistics): Route[] {
  return [
    { verb: "get", path: "/v1/runs", method: "ListRuns", handle: (exchange) => exchange.answer({ runs: runs.list() }) },
    {
      verb: "post",
      path: "/v1/runs/{run}:pinBaseline",
      method: "PinRunBaseline",
      handle: (exchange, request) => exchange.answer({ baselines: runs.pinBaseline(runOf(request)) }),
    },
    {
      verb: "get",
      path: "/v1/runs/{run}/alarms",
      method: "ListRunAlarms",
      handle: (exchange, request) => exchange.answer({ alarms: runs.alarms(runOf(request)) }),
    },
    {
      verb: "get",
      path: "/v1/runs/{run}",
      method: "GetRun",
      handle: (exchange, request) => exchange.answer(runs.report(runOf(request), queryOf(request))),
    },
    {
      verb: "delete",
      path: "/v1/runs/{run}",
      method: "DeleteRun",
      handle(exchange, request) {
        runs.forget(runOf(request));
        exchange.answer({});
      },
    },
  ];
}

function runOf(request: Request): string {
  const run = request.params.run as string;
  checkLabel(run, "run");
  return run;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const FILTERS = ["panel", "domain", "judge"] as const;

/** @throws {GatewayError} REQUEST_INVALID as parametersOf, and for a dimension that is none */
function queryOf(request: Request): RunQuery {
  const parameters = parametersOf(request.url, [...FILTERS, "groupBy"]);
  const query: Mutable<RunQuery> = {};
  for (const name of FILTERS) {
    const value = parameters.get(name);
    if (value !== null) query[name] = value;
  }
  const dimensions = parameters.get("groupBy");
  if (dimensions !== null) query.groupBy = dimensions.split(",").map(dimensionOf);
  return query;
}

function dimensionOf(word: string): RunDimension {
  const dimension = RUN_DIMENSIONS.find((each) => each === word);
  if (dimension === undefined)
    throw refuse("groupBy", `names something that rows are not told apart by; there are: ${RUN_DIMENSIONS.join(", ")}`);
  return dimension;
}
