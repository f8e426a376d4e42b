import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { GatewayError } from "../../domain/errors.ts";

/** Where one replica of a model runs. */
export type Device = { readonly type: "cpu" } | { readonly type: "cuda"; readonly index: number };

/** What `device` may say: `cpu`, `cuda`, `cuda:N`. */
export const DEVICE_PATTERN = /^(cpu|cuda(:(0|[1-9][0-9]{0,2}))?)$/;

/** A device of the configuration, already matched with {@link DEVICE_PATTERN}; `cuda` is `cuda:0`. */
export function parseDevice(text: string): Device {
  if (text === "cpu") return { type: "cpu" };
  return { type: "cuda", index: Number(text.split(":")[1] ?? 0) };
}

/** The device as the configuration writes it. */
export function describeDevice(device: Device): string {
  return device.type === "cpu" ? "cpu" : `cuda:${device.index}`;
}

/** Whether the part of ONNX Runtime that speaks to CUDA is installed. It may still fail to load: only a session shows that. */
export function isCudaInstalled(): boolean {
  const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-node"));
  const library = process.platform === "win32" ? "onnxruntime_providers_cuda.dll" : "libonnxruntime_providers_cuda.so";
  return existsSync(join(runtime, "..", "bin", "napi-v6", process.platform, process.arch, library));
}

/** How the part of ONNX Runtime that speaks to CUDA gets there: a container has no npm and no checkout. */
export const CUDA_SETUP = "in a checkout run `npm run setup:cuda`, as a container use the image with CUDA (target `cuda`, tag `…-cuda`)";

/** CUDA was asked for by a backend and is not there. `cause` is what the runtime said, when it got that far. */
export function cudaMissing(backend: string, device: Device, cause?: unknown): GatewayError {
  const problem =
    cause === undefined
      ? "the CUDA part of ONNX Runtime is not installed"
      : "the CUDA part of ONNX Runtime did not start on it (the log has its words)";
  return new GatewayError(
    "CONFIG_INVALID",
    `backend "${backend}" asks for device ${describeDevice(device)}, but ${problem}. Set it up: ${CUDA_SETUP}; check that \`nvidia-smi\` shows ` +
      "the device and that the CUDA runtime, cuBLAS and cuDNN libraries are on the library path; or set `device: cpu` or `device: auto`",
    { cause },
  );
}

/**
 * Environment that shows an executor its own GPU only. An outer CUDA_VISIBLE_DEVICES keeps its meaning: `cuda:1` is the
 * second device of that list.
 *
 * @throws {GatewayError} CONFIG_INVALID when the outer list has no such device
 */
export function deviceEnvironment(device: Device, outer: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (device.type === "cpu") return outer;
  const visible = outer.CUDA_VISIBLE_DEVICES?.split(",");
  const own = visible === undefined ? String(device.index) : visible[device.index]?.trim();
  if (!own) {
    throw new GatewayError(
      "CONFIG_INVALID",
      `device ${describeDevice(device)} is asked for, but CUDA_VISIBLE_DEVICES shows fewer devices; change either`,
    );
  }
  return { CUDA_DEVICE_ORDER: "PCI_BUS_ID", ...outer, CUDA_VISIBLE_DEVICES: own };
}
