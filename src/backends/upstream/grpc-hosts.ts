import { type ChannelOptions, experimental, Metadata, status } from "@grpc/grpc-js";
import type { Clock } from "../../domain/clock.ts";
import type { Host } from "./resolve-host.ts";

const SCHEME = "rewardgate-host";
const OPTION = "rewardgate.host";
/** Of an address without one. */
const DEFAULT_PORT = 443;
/** A name is asked for again after so long, so that servers that came behind it get their share, milliseconds. */
const REFRESH_MS = 30_000;
/** And after so long when the library wants it, which wants it again at once where there is no answer, milliseconds. */
const AGAIN_MS = 1_000;

interface Given {
  readonly host: Host;
  readonly port: number;
  readonly clock: Clock;
}

/**
 * What a gRPC channel needs so that it connects to the addresses of a host and to nothing else: each of them, in turn for each call, and
 * none by way of a proxy.
 *
 * @param url grpc://host:port or grpcs://host:port
 */
export function channelTo(url: string, host: Host, clock: Clock): { readonly target: string; readonly options: ChannelOptions } {
  const { host: name, port } = new URL(url);
  const given: Given = { host, clock, port: port === "" ? DEFAULT_PORT : Number(port) };
  return {
    target: `${SCHEME}:${name}`,
    options: {
      [OPTION]: given,
      "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
      // Proxies are decided by the configuration, and a service's DNS record configures nothing here.
      "grpc.enable_http_proxy": 0,
      "grpc.service_config_disable_resolution": 1,
    },
  };
}

/** Where the library asks for addresses: when it begins, when it lost a connection, and here now and then. */
class HostResolver implements experimental.Resolver {
  private readonly given: Given;
  private readonly listener: experimental.ResolverListener;
  private cancelTimer = () => {};
  private askedAt = Number.NEGATIVE_INFINITY;
  private asking = false;
  /** Counts how often it was destroyed: an answer that comes later is nobody's. */
  private life = 0;

  constructor(_target: experimental.GrpcUri, listener: experimental.ResolverListener, options: ChannelOptions) {
    this.given = options[OPTION] as Given;
    this.listener = listener;
  }

  updateResolution(): void {
    if (this.asking) return;
    const restMs = this.askedAt + AGAIN_MS - this.given.clock.now();
    if (restMs <= 0) void this.ask(this.life);
    else this.askAfter(restMs);
  }

  private async ask(life: number): Promise<void> {
    const { host, port, clock } = this.given;
    this.cancelTimer();
    this.asking = true;
    this.askedAt = clock.now();
    const found: experimental.StatusOr<experimental.Endpoint[]> = await host.addresses().then(
      (all) => ({ ok: true, value: all.map(({ address }) => ({ addresses: [{ host: address, port }] })) }),
      ({ message }: Error) => ({ ok: false, error: { code: status.UNAVAILABLE, details: message, metadata: new Metadata() } }),
    );
    if (life !== this.life) return;
    this.asking = false;
    this.askAfter(REFRESH_MS);
    this.listener(found, {}, null, "");
  }

  private askAfter(ms: number): void {
    // An address that is written stays what it is.
    if (!this.given.host.isName) return;
    this.cancelTimer();
    this.cancelTimer = this.given.clock.after(ms, () => void this.ask(this.life));
  }

  destroy(): void {
    this.life++;
    this.asking = false;
    this.askedAt = Number.NEGATIVE_INFINITY;
    this.cancelTimer();
  }

  static getDefaultAuthority({ path }: experimental.GrpcUri): string {
    return path;
  }
}

experimental.registerResolver(SCHEME, HostResolver);
