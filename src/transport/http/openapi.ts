import { createDocument, type ZodOpenApiOperationObject } from "zod-openapi";
import { ERROR_TABLE, type ErrorReason } from "../../domain/errors.ts";
import { httpStatusOf, type OverloadHttpStatus } from "../error-mapping.ts";
import { MAX_DEADLINE_MS } from "../request-options.ts";
import { runPaths } from "./openapi-runs.ts";
import { statePaths } from "./openapi-states.ts";
import { ScoreRequestJson, ScoreStreamRequestJson } from "./request-schema.ts";
import { ErrorJson, JudgesJson, PanelsJson, ScoreResponseJson, ScoreStreamResponseJson, VersionJson } from "./response-schema.ts";

/** Request bodies that work against the shipped configuration; a test sends each of them. */
const EXAMPLES = {
  pair: {
    summary: "Two candidates for one question",
    value: {
      panel: "chat",
      items: [
        {
          id: "q1",
          prompt: "How do I boil an egg?",
          candidates: [
            { content: "Put it in boiling water for eight minutes, then cool it under cold water." },
            { content: "Eggs are a kind of food." },
          ],
        },
      ],
    },
  },
  conversation: {
    summary: "A conversation, less detail, a deadline",
    value: {
      panel: "chat",
      items: [
        {
          id: "q2",
          prompt: [
            { role: "system", content: "You are a patient teacher." },
            { role: "user", content: [{ type: "text", text: "Why is the sky blue?" }] },
          ],
          candidates: [{ content: "Air scatters short wavelengths of sunlight more than long ones, so blue reaches us from everywhere." }],
          language: "en",
          metadata: { source: "docs" },
        },
      ],
      run: "demo",
      step: 120,
      policyVersion: "demo-120",
      options: { detail: "judges", deadlineMs: 30000, priority: "critical" },
    },
  },
} as const;

/** A line, as an object that fits the schema of a line; whoever sends it writes it on one. */
const STREAM_EXAMPLE = { summary: "One line", value: { panel: "chat", item: EXAMPLES.pair.value.items[0] } };

const json = (schema: unknown, examples?: object) => ({ "application/json": { schema, ...(examples && { examples }) } }) as never;
const ndjson = (schema: unknown, examples?: object) => ({ "application/x-ndjson": { schema, ...(examples && { examples }) } }) as never;

/** One entry per HTTP status of the error table, with the reasons that give it. */
function errorResponses(overload: OverloadHttpStatus): Record<string, object> {
  const reasons = new Map<number, string[]>();
  for (const reason of Object.keys(ERROR_TABLE) as ErrorReason[]) {
    const http = httpStatusOf({ reason }, overload);
    if (reason !== "CALLER_GONE") reasons.set(http, [...(reasons.get(http) ?? []), reason]);
  }
  return Object.fromEntries(
    [...reasons].map(([http, names]) => [String(http), { description: names.join(", "), content: json(ErrorJson) }]),
  );
}

const TIMEOUT_HEADER = {
  name: "x-request-timeout-ms",
  in: "header",
  schema: { type: "integer", minimum: 1, maximum: MAX_DEADLINE_MS },
  description: "Milliseconds the caller allows.",
} as const;
const REQUEST_ID_HEADER = {
  name: "x-request-id",
  in: "header",
  schema: { type: "string", maxLength: 128 },
  description: "Printable ASCII; returned and logged. Made up when absent.",
} as const;

/**
 * The OpenAPI 3.1 document of the JSON API, from the schemas that parse it.
 * @param overload status of QUEUE_FULL
 */
export function openApiDocument(version: string, overload: OverloadHttpStatus = 503): object {
  const errors = errorResponses(overload);
  const read = (operationId: string, summary: string, schema: unknown): { get: ZodOpenApiOperationObject } => ({
    get: {
      operationId,
      tags: ["Gateway"],
      summary,
      responses: { "200": { description: summary, content: json(schema) }, ...errors },
    } as ZodOpenApiOperationObject,
  });
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "RewardGate",
      version,
      description:
        "A panel of judges scores prompts and candidates; the answer is one calibrated, explained reward. A failed judgement is never a number: it has a status and no `reward`.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    tags: [
      { name: "Scoring", description: "Rewards of items, with every judge's part." },
      { name: "States", description: "Weights and scales that follow a training run, in versions." },
      { name: "Runs", description: "What the gateway has seen of a training run, and its alarms." },
      { name: "Gateway", description: "What is configured and running." },
    ],
    paths: {
      "/v1/score": {
        post: {
          operationId: "score",
          tags: ["Scoring"],
          summary: "Score items",
          description: "Fails only when nothing was scored; otherwise each candidate has a status.",
          parameters: [TIMEOUT_HEADER, REQUEST_ID_HEADER],
          requestBody: { required: true, content: json(ScoreRequestJson, EXAMPLES) },
          responses: { "200": { description: "One result per item.", content: json(ScoreResponseJson) }, ...errors },
        },
      },
      "/v1/score:stream": {
        post: {
          operationId: "scoreStream",
          tags: ["Scoring"],
          summary: "Score items as they come",
          description:
            "JSON lines both ways: each line is one item, each answer one line with its id, in any order, exactly one per line. A bad line is answered with an error line and the stream goes on.",
          parameters: [TIMEOUT_HEADER, REQUEST_ID_HEADER],
          requestBody: { required: true, content: ndjson(ScoreStreamRequestJson, { line: STREAM_EXAMPLE }) },
          responses: { "200": { description: "One line per item.", content: ndjson(ScoreStreamResponseJson) }, ...errors },
        },
      },
      "/v1/judges": read("listJudges", "The judges of this gateway", JudgesJson),
      "/v1/panels": read("listPanels", "The panels of this gateway", PanelsJson),
      ...statePaths(errors),
      ...runPaths(errors),
      "/v1/version": read("getVersion", "What is running", VersionJson),
    },
  });
}
