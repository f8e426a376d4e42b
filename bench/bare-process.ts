import { InferenceSession, Tensor } from "onnxruntime-node";

/*
 * The yardstick: ONNX Runtime alone. One session, batches of token ids that somebody else has made and sorted, nothing but `session.run` in
 * the measured loop. Inputs are built before the clock starts.
 */

export interface LoadJob {
  readonly type: "load";
  readonly graphPath: string;
  readonly outputs: readonly string[];
  readonly threads: number;
}
export interface BareJob {
  readonly type: "run";
  /** Per batch: token ids and where the candidate begins, per text. */
  readonly batches: readonly (readonly { readonly ids: Int32Array; readonly candidateStart: number }[])[];
}
export interface BareAnswer {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Duration of each batch, milliseconds. */
  readonly batchMs: readonly number[];
}

let session: InferenceSession | undefined;

process.on("message", async (message: LoadJob | BareJob) => {
  if (message.type === "load") {
    outputs = [...message.outputs];
    session = await InferenceSession.create(message.graphPath, {
      intraOpNumThreads: message.threads,
      interOpNumThreads: 1,
      enableMemPattern: false,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      // Otherwise its threads go on spinning while the next way is measured.
      extra: { session: { force_spinning_stop: "1" } },
    });
    process.send!("ready");
    return;
  }
  const inputs = message.batches.map(feedsOf);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const batchMs: number[] = [];
  for (const feeds of inputs) {
    const began = performance.now();
    await session!.run(feeds, outputs);
    batchMs.push(performance.now() - began);
  }
  const used = process.cpuUsage(cpu);
  const answer: BareAnswer = { seconds: (performance.now() - start) / 1000, cpuSeconds: (used.user + used.system) / 1e6, batchMs };
  process.send!(answer);
});
process.on("disconnect", () => process.exit(0));

let outputs: string[] = [];

function feedsOf(batch: BareJob["batches"][number]): InferenceSession.FeedsType {
  const length = Math.max(...batch.map(({ ids }) => ids.length));
  const size = batch.length * length;
  const ids = new BigInt64Array(size);
  const mask = new BigInt64Array(size);
  const segments = new BigInt64Array(size);
  for (const [row, text] of batch.entries()) {
    for (const [column, id] of text.ids.entries()) {
      ids[row * length + column] = BigInt(id);
      mask[row * length + column] = 1n;
      if (column >= text.candidateStart) segments[row * length + column] = 1n;
    }
  }
  const tensor = (data: BigInt64Array) => new Tensor("int64", data, [batch.length, length]);
  return { input_ids: tensor(ids), attention_mask: tensor(mask), token_type_ids: tensor(segments) };
}
