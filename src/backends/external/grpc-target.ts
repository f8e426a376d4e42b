import { Client, type ServiceError, status } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { type ContentPart, type Message as PromptMessage, ROLES } from "../../domain/item.ts";
import { type JudgedCandidate, JudgeRequest, type JudgeResponse, JudgeServiceClient } from "../../gen/rewardgate/judge/v1/judge_service.ts";
import type { Content, Message } from "../../gen/rewardgate/v1/item.ts";
import { createGrpcTarget, type GrpcService, type Invoke } from "../upstream/grpc-target.ts";
import type { HttpTarget, HttpTargetOptions } from "../upstream/http-target.ts";

/**
 * A JudgeService over gRPC, for what asks servers over HTTP: `POST /judge` is Judge, `GET /describe` is Health.Check, where the
 * service has it, and then Describe. Bodies are the JSON of the same contract. Opens no connection yet.
 */
export function createJudgeTarget(options: HttpTargetOptions): HttpTarget {
  return createGrpcTarget(options, (host, security, channel): GrpcService => {
    const judges = new JudgeServiceClient(host, security, channel);
    const health = new Client(host, security, { ...channel, channelOverride: judges.getChannel() });
    return {
      answer: (request, invoke) => (request.method === "POST" ? judge(judges, request.body!, invoke) : describe(judges, health, invoke)),
      close() {
        judges.close();
        health.close();
      },
    };
  });
}

async function judge(judges: JudgeServiceClient, body: string, invoke: Invoke) {
  const message = toRequest(JSON.parse(body));
  const response = await invoke<JudgeResponse>((metadata, options, done) => judges.judge(message, metadata, options, done));
  return { body: fromResponse(response) };
}

async function describe(judges: JudgeServiceClient, health: Client, invoke: Invoke) {
  const { Check } = healthService;
  try {
    const checked = await invoke<{ status?: string }>((metadata, options, done) =>
      health.makeUnaryRequest(
        Check!.path,
        Check!.requestSerialize,
        Check!.responseDeserialize as (bytes: Buffer) => { status?: string },
        { service: "" },
        metadata,
        options,
        done,
      ),
    );
    if (checked.status !== "SERVING") return { status: 503, body: {} };
  } catch (thrown) {
    // A service need not have a health service, or know the empty name.
    const { code } = thrown as ServiceError;
    if (code !== status.UNIMPLEMENTED && code !== status.NOT_FOUND) throw thrown;
  }
  return { body: await invoke<object>((metadata, options, done) => judges.describe({}, metadata, options, done)) };
}

interface JsonItem {
  readonly id: string;
  readonly prompt: readonly PromptMessage[];
  readonly candidates: readonly { readonly id: string; readonly content: PromptMessage["content"] }[];
  readonly reference?: string;
  readonly domain?: string;
  readonly language?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

function toRequest({ judge, items }: { readonly judge: string; readonly items: readonly JsonItem[] }): JudgeRequest {
  return JudgeRequest.fromPartial({
    judge,
    items: items.map(({ prompt, candidates, ...item }) => ({
      ...item,
      prompt: prompt.map(toMessage),
      candidates: candidates.map(({ id, content }) => ({ id, content: toContent(content) })),
    })),
  });
}

function toMessage({ role, content }: PromptMessage): Message {
  // The enumeration counts the roles from 1, in the domain's order.
  return { role: (ROLES.indexOf(role) + 1) as Message["role"], content: toContent(content) };
}

function toContent(content: PromptMessage["content"]): Content {
  if (typeof content === "string") return { form: { $case: "text", value: content } };
  return { form: { $case: "parts", value: { parts: content.map((part) => ({ kind: toPart(part) })) } } };
}

function toPart(part: ContentPart) {
  return part.type === "text" ? { $case: "text" as const, value: part.text } : { $case: "imageUrl" as const, value: { url: part.url } };
}

function fromResponse({ version, items }: JudgeResponse): object {
  return { version, items: items.map(({ id, candidates }) => ({ id, candidates: candidates.map(fromCandidate) })) };
}

function fromCandidate({ outcome, ...rest }: JudgedCandidate): object {
  if (outcome === undefined) return rest;
  const { $case, value } = outcome;
  return { ...rest, [$case]: typeof value === "number" && !Number.isFinite(value) ? String(value) : value };
}
