import { GatewayError } from "../../domain/errors.ts";

/** The server was replaced by one with another model, or the configuration names the model otherwise than the server does. */
export class WrongModel extends GatewayError {
  constructor(backend: string) {
    super(
      "BACKEND_REFUSED",
      `backend "${backend}" answered in the name of another model than \`model\` says; correct the name, or the server's model`,
    );
  }
}

/** What a proof ends with when a call of it threw this: a server with another model is not what the configuration says. */
export function proofError(thrown: unknown): unknown {
  return thrown instanceof WrongModel ? new GatewayError("CONFIG_INVALID", thrown.message) : thrown;
}
