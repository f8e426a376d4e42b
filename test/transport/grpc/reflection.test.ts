import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { openGrpc } from "../../support/servers.ts";

const require = createRequire(import.meta.url);
const folder = dirname(require.resolve("@grpc/reflection/package.json"));

for (const version of ["v1", "v1alpha"]) {
  test(`reflection ${version} lists the services and describes the methods`, async () => {
    const { address, close } = await openGrpc();
    const path = join(folder, "build", "proto", "grpc", "reflection", version, "reflection.proto");
    // biome-ignore lint/suspicious/noExplicitAny: the definition is loaded at run time
    const definition = loadPackageDefinition(loadSync(path)) as any;
    const client = new definition.grpc.reflection[version].ServerReflection(address, credentials.createInsecure());
    try {
      const stream = client.serverReflectionInfo();
      const ask = (request: object) =>
        new Promise<Record<string, never>>((resolve, reject) => {
          stream.once("data", resolve);
          stream.once("error", reject);
          stream.write(request);
        });
      const list = (await ask({ listServices: "*" })) as unknown as { listServicesResponse: { service: { name: string }[] } };
      const names = list.listServicesResponse.service.map(({ name }) => name);
      assert.ok(names.includes("rewardgate.v1.RewardService"), names.join());
      assert.ok(names.includes("rewardgate.v1.StateService"), names.join());
      assert.ok(names.includes("rewardgate.v1.RunService"), names.join());
      assert.ok(names.includes("grpc.health.v1.Health"), names.join());
      const file = (await ask({ fileContainingSymbol: "rewardgate.v1.RewardService" })) as unknown as {
        fileDescriptorResponse: { fileDescriptorProto: Buffer[] };
      };
      const files = file.fileDescriptorResponse.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
      const methods = files.flatMap(({ service }) => service).flatMap(({ method }) => method.map(({ name }) => name));
      assert.deepEqual(methods, ["Score", "ScoreStream", "ListJudges", "ListPanels", "GetVersion"]);
      const messages = files.flatMap(({ messageType }) => messageType);
      assert.ok(messages.every(({ name, options }) => options?.mapEntry !== true || name.endsWith("Entry")));
      const stored = (await ask({ fileContainingSymbol: "rewardgate.v1.CandidateResult" })) as unknown as typeof file;
      const reward = stored.fileDescriptorResponse.fileDescriptorProto
        .flatMap((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).messageType)
        .find(({ name }) => name === "CandidateResult")
        ?.field.find(({ name }) => name === "reward");
      assert.equal(reward?.proto3Optional, true);
      stream.end();
    } finally {
      client.close();
      await close();
    }
  });
}
