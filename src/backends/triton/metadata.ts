import { z } from "zod";
import { parseJson } from "../../domain/json.ts";
import type { TritonParams } from "./params.ts";

/** An input of texts: its name, and its sizes behind the number of rows. */
interface TextInput {
  readonly name: string;
  readonly rest: readonly number[];
}

/** The tensors of a model through which it is asked. */
export interface Tensors {
  readonly text: TextInput;
  readonly query?: TextInput;
  readonly score: string;
}

const tensor = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.coerce.number().pipe(z.int())) });
const metadata = z.object({ name: z.string(), inputs: z.array(tensor), outputs: z.array(tensor) });
const NUMBERS = /^(FP|BF)\d+$/;

/**
 * The tensors that a model's description names for texts and scores: those of the configuration, or the only ones that fit.
 *
 * @param body answer of `GET /v2/models/{name}`
 * @returns undefined when it is no such answer, is of another model, or leaves a choice that the configuration does not make
 */
export function readMetadata(
  body: string,
  { model, gives, tensors }: Pick<TritonParams, "model" | "gives" | "tensors">,
): Tensors | undefined {
  const parsed = metadata.safeParse(parseJson(body));
  if (!parsed.success || parsed.data.name !== model) return undefined;
  const { inputs, outputs } = parsed.data;
  const texts = inputs.filter(({ datatype }) => datatype === "BYTES");
  const query = gives === "pairs" ? texts.find(({ name }) => name === tensors.query) : undefined;
  const text = only(
    texts.filter((one) => one !== query),
    tensors.text,
  );
  const score = only(
    outputs.filter(({ datatype }) => NUMBERS.test(datatype)),
    tensors.score,
  );
  if (text === undefined || score === undefined) return undefined;
  if (gives === "scores") {
    const input = textInput(text);
    return input && { text: input, score: score.name };
  }
  const [input, queryInput] = [textInput(text), query && textInput(query)];
  return input && queryInput && { text: input, query: queryInput, score: score.name };
}

function only<T extends { readonly name: string }>(all: readonly T[], named: string | undefined): T | undefined {
  if (named !== undefined) return all.find(({ name }) => name === named);
  return all.length === 1 ? all[0] : undefined;
}

/** One text in a row, whatever the number of rows: every size behind it is 1 or open. */
function textInput({ name, shape }: z.output<typeof tensor>): TextInput | undefined {
  const rest = shape.slice(1);
  return shape.length > 0 && rest.every((size) => size === 1 || size === -1) ? { name, rest: rest.map(() => 1) } : undefined;
}
