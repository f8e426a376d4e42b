import type { ZodOpenApiPathsObject } from "zod-openapi";
import { RUN_DIMENSIONS } from "../../domain/run.ts";
import { LABEL } from "./request-schema.ts";
import { ForgottenJson, PinBaselineJson, RunAlarmsJson, RunReportJson, RunsJson } from "./run-schema.ts";

const RUN = {
  name: "run",
  in: "path",
  required: true,
  schema: { type: "string", ...LABEL },
  description: "Name of the run, percent-encoded; `GET /v1/runs` lists them.",
} as const;

const filter = (name: string, description: string) => ({ name, in: "query", schema: { type: "string" }, description }) as const;
const FILTERS = [
  filter("panel", "Rows of this panel only."),
  filter("domain", "Rows of this domain only."),
  filter("judge", "Rows of this judge or member only."),
  {
    name: "groupBy",
    in: "query",
    schema: { type: "array", minItems: 1, items: { type: "string", enum: RUN_DIMENSIONS } },
    style: "form",
    explode: false,
    description: "By what rows are told apart, with commas between; what is not named is taken together. Default `domain,judge`.",
  },
] as const;

/** The part of the OpenAPI document that is about training runs. @param errors what any of its operations may answer instead */
export function runPaths(errors: Readonly<Record<string, object>>): ZodOpenApiPathsObject {
  const operation = (operationId: string, summary: string, parameters: readonly object[], schema: unknown) => ({
    operationId,
    tags: ["Runs"],
    summary,
    parameters,
    responses: { "200": { description: summary, content: { "application/json": { schema } } }, ...errors },
  });
  return {
    "/v1/runs": { get: operation("listRuns", "The training runs that are remembered", [], RunsJson) },
    "/v1/runs/{run}:pinBaseline": {
      post: operation(
        "pinRunBaseline",
        "Make what the windows of a run hold now the baselines that later ones are compared with",
        [RUN],
        PinBaselineJson,
      ),
    },
    "/v1/runs/{run}/alarms": { get: operation("listRunAlarms", "Alarms of a run", [RUN], RunAlarmsJson) },
    "/v1/runs/{run}": {
      get: operation("getRun", "Statistics of a run", [RUN, ...FILTERS], RunReportJson),
      delete: operation("deleteRun", "Forget a run", [RUN], ForgottenJson),
    },
  } as unknown as ZodOpenApiPathsObject;
}
