import { GatewayError } from "../../domain/errors.ts";

/** What a server refuses for its length is too long in the same words behind every protocol. */
export function tooLong(backend: string): GatewayError {
  return new GatewayError("ITEM_TOO_LONG", `the item is longer than the model of backend "${backend}" reads; shorten it`);
}
