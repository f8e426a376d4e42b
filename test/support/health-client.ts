import { credentials, loadPackageDefinition, type ServiceError, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { protoPath } from "grpc-health-check";

interface Client {
  check(request: { service: string }, callback: (error: ServiceError | null, answer: { status: string }) => void): void;
  watch(request: { service: string }): NodeJS.EventEmitter & { cancel(): void };
  close(): void;
}

/** What a Watch stream has said so far. */
export interface Watched {
  /** In order, with its first status. */
  readonly statuses: readonly string[];
  readonly ended: boolean;
  cancel(): void;
}

/** A client of grpc.health.v1.Health as grpc-js makes one from the protocol's own file. */
export function healthClient(address: string) {
  // biome-ignore lint/suspicious/noExplicitAny: the definition is loaded at run time
  const definition = loadPackageDefinition(loadSync(protoPath, { enums: String })) as any;
  const client: Client = new definition.grpc.health.v1.Health(address, credentials.createInsecure());
  return {
    /** The status of a service, "" for the server; the name of a gRPC status code when the call fails. */
    check: (service: string) =>
      new Promise<string>((resolve) => {
        client.check({ service }, (error, answer) => resolve(error === null ? answer.status : (status[error.code] as string)));
      }),
    watch(service: string): Watched {
      const statuses: string[] = [];
      const stream = client.watch({ service });
      const watched = { statuses, ended: false, cancel: () => stream.cancel() };
      stream.on("data", (answer: { status: string }) => statuses.push(answer.status));
      stream.on("error", () => {});
      stream.on("status", () => {
        watched.ended = true;
      });
      return watched;
    },
    close: () => client.close(),
  };
}
