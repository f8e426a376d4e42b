import { createHmac, randomBytes } from "node:crypto";
import type { Fence } from "../judges/generative/quoted-text.ts";

/**
 * Delimiters of 128 bits around texts that are not to be trusted: a keyed digest (HMAC-SHA-256) of the texts themselves. Who does
 * not know the secret cannot guess one, and texts that change, if only to hold the delimiter that was seen around them, get
 * another. The same texts get the same one, so that equal questions stay equal calls, which are asked once and kept.
 *
 * @param secret drawn at random when absent
 */
export function createFence(secret: string | undefined): Fence {
  const key = secret ?? randomBytes(32);
  return (untrusted) => {
    for (let counter = 0; ; counter++) {
      const hmac = createHmac("sha256", key).update(`fence/1:${counter}`);
      for (const text of untrusted) hmac.update(`|${text.length}:${text}`, "utf8");
      const delimiter = hmac.digest("hex").slice(0, 32);
      if (!untrusted.some((text) => text.includes(delimiter))) return delimiter;
    }
  };
}
