import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { protoPath as healthProtoPath } from "grpc-health-check";
import { DESCRIPTOR_SET } from "../../gen/descriptor-set.ts";

/** Adds server reflection (v1 and v1alpha) for the services of protos/ and for health. */
export function addReflection(server: Server): void {
  const files = [...ownFiles(), ...healthFiles()];
  // The service reads nothing of a definition but its files.
  const definition = { files: { fileDescriptorProtos: files.map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file))) } };
  new ReflectionService(definition as unknown as PackageDefinition).addToServer(server);
}

/** What the gateway asks of others and does not serve. */
const ASKED = "rewardgate/judge/";

/** The files as the compiler described them; a pass through proto-loader would merge and damage them. */
function ownFiles(): FileDescriptorProto[] {
  const { file } = fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET, "base64"));
  return file.filter(({ name }) => !name.startsWith(ASKED));
}

/** The health service's file, which comes without descriptors. proto-loader marks messages that have a map as map entries. */
function healthFiles(): FileDescriptorProto[] {
  const [method] = Object.values(loadSync(healthProtoPath));
  const files = (method as { fileDescriptorProtos?: Uint8Array[] }).fileDescriptorProtos ?? [];
  return files.map((bytes) => {
    const file = fromBinary(FileDescriptorProtoSchema, bytes);
    for (const message of file.messageType) if (message.options?.mapEntry) message.options.mapEntry = false;
    return file;
  });
}
