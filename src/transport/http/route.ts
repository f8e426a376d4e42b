import type { IncomingMessage, ServerResponse } from "node:http";
import type { GatewayError } from "../../domain/errors.ts";
import type { Exchange } from "./exchange.ts";

/** One row of the route table: what is not in it is 404, another verb on its path is 405. */
export interface Route {
  readonly verb: "get" | "post" | "delete";
  /** As the document writes it: `/v1/states/{name}:step`. Of two that fit an address, the first in the table is taken. */
  readonly path: string;
  /** Name in logs and metrics; the gRPC method where there is one. */
  readonly method: string;
  readonly mediaTypes?: readonly string[];
  /** Body of an answer that is an error, where clients of the route read a form of their own. */
  errorBody?(error: GatewayError): object;
  handle(exchange: Exchange, request: Request, response: ServerResponse): Promise<void> | void;
}

/** A request at the route that takes it. */
export interface Request extends IncomingMessage {
  /** A server's request always has one. */
  url: string;
  /** What its address has in the places of the names of the route's path, decoded. */
  params: Readonly<Record<string, string>>;
}
