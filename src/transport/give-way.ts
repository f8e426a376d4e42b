/** How long the messages of one stream may keep the event loop from others, milliseconds. */
const STRETCH_MS = 10;

/**
 * For who reads many messages that need no waiting of any kind, and would otherwise read on for as long as they come.
 *
 * @param now clock time, milliseconds
 * @returns to be awaited between messages: lets others have the event loop where it has been kept from them for 10 ms
 */
export function createGiveWay(now: () => number): () => Promise<void> {
  let turnAt = now();
  return async () => {
    if (now() - turnAt < STRETCH_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    turnAt = now();
  };
}
