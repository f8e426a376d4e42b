import { createOnnxBackend } from "../src/backends/index.ts";
import { resolve } from "../src/config/resolve.ts";
import type { Config } from "../src/config/schema.ts";
import type { Item } from "../src/domain/item.ts";
import type { BareSequence } from "./bare.ts";

/** Token ids of the items as the gateway itself makes them, and the graph they are for. */
export async function openSequences(
  config: Config,
  items: readonly Item[],
): Promise<{ sequences: BareSequence[]; graphPath: string; outputs: readonly string[]; executors: number }> {
  const { judges, backends } = await resolve(config);
  const { judge } = judges[0]!;
  const plan = backends.find((backend) => backend.name === judge.backend)!;
  const backend = await createOnnxBackend({ ...plan.onnx, name: plan.name, warmUp: false });
  const prepared = await backend.prepare(items.flatMap((item) => judge.encode(item).flatMap((ask) => ask.calls)));
  await backend.close();
  const sequences = prepared.map((call) => {
    if (call instanceof Error) throw call;
    return call.payload as BareSequence;
  });
  return { sequences, graphPath: plan.onnx.graphPath, outputs: plan.onnx.outputs, executors: backend.limits.parallelism };
}
