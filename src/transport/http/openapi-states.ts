import type { ZodOpenApiPathsObject } from "zod-openapi";
import { MAX_VERSION } from "../state-rules.ts";
import { LABEL } from "./request-schema.ts";
import { PinStateJson, ResetStateJson, StateHistoryJson, StateJson, StatesJson, StepStateJson, UnpinStateJson } from "./state-schema.ts";

const NAME = {
  name: "name",
  in: "path",
  required: true,
  schema: { type: "string" },
  description: "Name of the state; `GET /v1/states` lists them.",
} as const;
const RUN = {
  name: "run",
  in: "query",
  required: true,
  schema: { type: "string", ...LABEL },
  description: "The client's id of the run.",
} as const;
const VERSION = {
  name: "version",
  in: "query",
  schema: { type: "integer", minimum: 0, maximum: MAX_VERSION },
  description: "Default the pinned version, else the latest.",
} as const;

/** The part of the OpenAPI document that is about server state. @param errors what any of its operations may answer instead */
export function statePaths(errors: Readonly<Record<string, object>>): ZodOpenApiPathsObject {
  const json = (schema: unknown) => ({ "application/json": { schema } });
  const answers = (description: string, schema: unknown) => ({ "200": { description, content: json(schema) }, ...errors });
  const read = (operationId: string, summary: string, parameters: readonly object[], schema: unknown) => ({
    get: { operationId, tags: ["States"], summary, parameters, responses: answers(summary, schema) },
  });
  const change = (operationId: string, summary: string, description: string, body: unknown) => ({
    post: {
      operationId,
      tags: ["States"],
      summary,
      description,
      parameters: [NAME],
      requestBody: { required: true, content: json(body) },
      responses: answers("What the state is now.", StateJson),
    },
  });
  return {
    "/v1/states": read("listStates", "The states of this gateway", [], StatesJson),
    "/v1/states/{name}:step": change(
      "stepState",
      "Step a state",
      "Moves a run on by one version. The same step id with the same input gives the version that it made before; with another input it is refused with 409.",
      StepStateJson,
    ),
    "/v1/states/{name}:pin": change(
      "pinState",
      "Pin a version",
      "Makes a version the one that reading without a version gives, and keeps it for as long. Steps go on behind it.",
      PinStateJson,
    ),
    "/v1/states/{name}:unpin": change("unpinState", "Unpin", "Lets reading without a version give the latest again.", UnpinStateJson),
    "/v1/states/{name}:reset": change(
      "resetState",
      "Reset a state",
      "Moves a run on to a version with the initial value; what came before stays in the history.",
      ResetStateJson,
    ),
    "/v1/states/{name}/history": read("getStateHistory", "The versions of a run", [NAME, RUN], StateHistoryJson),
    "/v1/states/{name}": read("getState", "One version of a state", [NAME, RUN, VERSION], StateJson),
  } as unknown as ZodOpenApiPathsObject;
}
