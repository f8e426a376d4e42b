/**
 * The gateway compiled, as users run it. The loader that runs sources wraps every inner function, which costs a cached answer a third of
 * its speed and would be measured as the gateway's.
 */
const compiled = (path: string) => import(new URL(`../dist/${path}`, import.meta.url).href);

export const { createLogger, loadConfig, openGateway, serve } = (await compiled("index.js")) as typeof import("../src/index.ts");

/** Messages and stubs of the wire, for whoever calls the gateway. */
export const wire = (await compiled("gen/rewardgate/v1/reward_service.js")) as typeof import("../src/gen/rewardgate/v1/reward_service.ts");
