import type { Server } from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer, loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { protoPath as healthProtoPath } from "grpc-health-check";
import { DESCRIPTOR_SET } from "../../gen/descriptor-set.ts";

/** Adds server reflection (v1 and v1alpha) for the services of protos/ and for health. */
export function addReflection(server: Server): void {
  const own = loadFileDescriptorSetFromBuffer(Buffer.from(DESCRIPTOR_SET, "base64"));
  new ReflectionService({ ...own, ...loadSync(healthProtoPath) }).addToServer(server);
}
