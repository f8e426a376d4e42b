import { z } from "zod";
import { parseJson } from "../../domain/json.ts";
import { type Input, number, type ReadNumbers } from "../model-server/protocol.ts";
import type { Tensors } from "./metadata.ts";

/** The body of `POST /v2/models/{name}/infer`, all of it JSON. */
export function writeInfer({ text, query, score }: Tensors, inputs: readonly Input[]): string {
  const tensorOf = ({ name, rest }: Tensors["text"], data: readonly string[]) => ({
    ...{ name, datatype: "BYTES", shape: [inputs.length, ...rest] },
    data,
  });
  const written = [
    tensorOf(
      text,
      inputs.map((input) => input.text),
    ),
  ];
  if (query !== undefined) {
    written.push(
      tensorOf(
        query,
        inputs.map((input) => input.query!),
      ),
    );
  }
  return JSON.stringify({ inputs: written, outputs: [{ name: score, parameters: { binary_data: false } }] });
}

const output = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int().min(0)), data: z.array(z.unknown()) });
const inferred = z.object({ model_name: z.string(), outputs: z.array(output).length(1) });
const numbers = z.array(number);
/** Words that are no JSON, which Triton writes in the place of a number. */
const NO_NUMBER = /(?<=[[,:\s])(?:NaN|-?Infinity)(?=\s*[\],}])/g;
/** Lists within lists in which numbers may stand. No tensor of scores has more dimensions; a body may be nested beyond what the stack bears. */
const MOST_DIMENSIONS = 8;

/**
 * Reads the answer of `POST /v2/models/{name}/infer`: one number in each row of the one output that was asked for.
 *
 * @returns undefined when it is no such answer, several numbers in a row or fewer than its shape says among them
 */
export function readInfer(body: string, score: string | undefined): ReadNumbers | undefined {
  const parsed = inferred.safeParse(parseJson(body) ?? parseJson(body.replace(NO_NUMBER, "null")));
  if (!parsed.success) return undefined;
  const { model_name: model, outputs } = parsed.data;
  const { name, shape, data } = outputs[0]!;
  const [rows = 0, ...rest] = shape;
  const values = numbers.safeParse(data.flat(MOST_DIMENSIONS));
  if (name !== score || rest.some((size) => size !== 1) || !values.success || values.data.length !== rows) return undefined;
  return { rows: values.data.map((value, index) => ({ index, values: Float32Array.of(value) })), model };
}
