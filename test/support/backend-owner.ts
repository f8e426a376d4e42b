/** A process that opens a backend over the model in its arguments, prints the process ids of its executors, and stays. */
import { createOnnxBackend } from "../../src/backends/index.ts";

const bundle = JSON.parse(process.argv[2]!);
const backend = await createOnnxBackend({
  name: "owned",
  ...bundle,
  maxTokens: 24,
  batchable: true,
  device: "cpu",
  executors: 1,
  threadsPerExecutor: 1,
});
console.log(backend.pids.join(" "));
