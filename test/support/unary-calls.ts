import type { Client } from "@grpc/grpc-js";

/** A method of a service as ts-proto defines it. */
interface Method<Q, A> {
  readonly path: string;
  readonly requestSerialize: (request: Q) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => A;
}

/**
 * Calls of a client as promises. The callback form is one of a method's overloads, so its types are read off the definition.
 *
 * @param client asked for at each call, since tests open theirs when they begin
 */
export function unaryCalls(client: () => Client) {
  return <Q, A>(method: Method<Q, A>, request: Q): Promise<A> =>
    new Promise((resolve, reject) =>
      client().makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, request, (error, answer) =>
        error ? reject(error) : resolve(answer as A),
      ),
    );
}
