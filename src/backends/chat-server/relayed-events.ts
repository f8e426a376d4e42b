import type { PieceListener } from "../../domain/relay.ts";
import type { EventReader } from "../upstream/http-target.ts";
import { type RelayedFacts, readRelayed } from "./relayed-facts.ts";

/** Reads the events of a chat's answer while it hands them on. */
export interface RelayedEvents extends EventReader {
  /** What they said of the answer; undefined as long as there was no event, or where the first one is none of a chat. */
  readonly facts: RelayedFacts | undefined;
}

/**
 * A reader that hands pieces on from the first event on, once that is a JSON object in the name of a model that is accepted: until then
 * nothing has gone out, and the call may still be made elsewhere. Nothing that follows is looked at, but for the usage of tokens.
 *
 * @param accepts whether an answer in the name of this model may go out
 */
export function createRelayedEvents(onPiece: PieceListener, accepts: (model: string | undefined) => boolean): RelayedEvents {
  const decoder = new TextDecoder();
  const held: Uint8Array[] = [];
  let line = "";
  let facts: RelayedFacts | undefined;
  let begun = false;
  let refused = false;

  function read(text: string): void {
    line += text;
    // Taken apart at its end alone: a server may send a long line in many pieces.
    if (!text.includes("\n")) return;
    const lines = line.split("\n");
    line = lines.pop()!;
    for (const each of lines) {
      const data = each.startsWith("data:") ? each.slice("data:".length).trim() : "";
      if (facts === undefined && data !== "") {
        facts = readRelayed(data);
        refused = facts === undefined || !accepts(facts.model);
        if (refused) return;
      } else if (data.includes('"usage"')) facts = { ...facts!, tokens: readRelayed(data)?.tokens ?? facts!.tokens };
    }
  }

  return {
    get begun() {
      return begun;
    },
    get facts() {
      return facts;
    },
    take(piece) {
      read(decoder.decode(piece, { stream: true }));
      if (refused) return false;
      held.push(piece);
      if (facts === undefined) return true;
      begun = true;
      for (const each of held.splice(0)) onPiece(each);
      return true;
    },
  };
}
