import { BlockList, isIPv4 } from "node:net";

/**
 * What an IP address is to a gateway that calls servers: one like any other; this machine; a neighbour on the link; a service of the cloud
 * that hands out its credentials; or nothing that a server of anybody's could be at, or another way to write such an address.
 */
export type AddressKind = "plain" | "loopback" | "linkLocal" | "metadata" | "unusable";

/** How the host of a server is written in the configuration. */
export type WrittenHost = "address" | "localhost" | "name";

/** Networks of both families, apart: a block takes an IPv4 address for the IPv6 one that it is mapped to. */
interface Networks {
  readonly ipv4: BlockList;
  readonly ipv6: BlockList;
}

/** @param networks each as `address/bits` */
function blockOf(...networks: readonly string[]): Networks {
  const blocks: Networks = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const network of networks) {
    const [base, bits] = network.split("/") as [string, string];
    blocks[familyOf(base)].addSubnet(base, Number(bits), familyOf(base));
  }
  return blocks;
}

function familyOf(ip: string): keyof Networks {
  return isIPv4(ip) ? "ipv4" : "ipv6";
}

/** IPv4 networks, and the same as a gateway between IPv6 and IPv4 (NAT64) writes them. */
function translated(...networks: readonly string[]): string[] {
  return networks.flatMap((network) => {
    const [base, bits] = network.split("/") as [string, string];
    return [network, ...["64:ff9b::", "64:ff9b:1::"].map((prefix) => `${prefix}${base}/${96 + Number(bits)}`)];
  });
}

/**
 * The first that holds an address says its kind.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const KINDS: readonly (readonly [AddressKind, Networks])[] = [
  // IPv4 addresses inside of IPv6 ones: mapped, 6to4, Teredo. Nobody needs them, and filters overlook them.
  ["unusable", blockOf("::ffff:0:0/96", "2002::/16", "2001::/32")],
  [
    "metadata",
    blockOf(
      // AWS, GCP, Azure and others; then AWS's tasks and pods, Azure's host, Alibaba, Oracle; then AWS and GCP over IPv6.
      ...translated(
        "169.254.169.254/32",
        "169.254.170.2/32",
        "169.254.170.23/32",
        "168.63.129.16/32",
        "100.100.100.200/32",
        "192.0.0.192/32",
      ),
      ...["fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128"],
    ),
  ],
  ["loopback", blockOf("::1/128", ...translated("127.0.0.0/8"))],
  ["linkLocal", blockOf("fe80::/10", ...translated("169.254.0.0/16"))],
  // This network, assignments of protocols, multicast, reserved and broadcast; unspecified and IPv4-compatible, discarded, multicast.
  ["unusable", blockOf("::/96", "100::/64", "ff00::/8", ...translated("0.0.0.0/8", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4"))],
];

/** @param ip an IPv4 or IPv6 address, with or without a zone */
export function kindOf(ip: string): AddressKind {
  return KINDS.find(([, networks]) => holds(networks, ip))?.[0] ?? "plain";
}

function holds(networks: Networks, ip: string): boolean {
  const family = familyOf(ip);
  return networks[family].check(ip.replace(/%.*$/, ""), family);
}

/** How a host is written, as the host of a URL: IPv6 addresses without brackets. */
export function writtenAs(host: string): WrittenHost {
  if (isIPv4(host) || host.includes(":")) return "address";
  return /^(.+\.)?localhost\.?$/i.test(host) ? "localhost" : "name";
}

/**
 * Whether a server may be asked at an address that its host stands for.
 *
 * A plain address always; this machine where the configuration writes its address, or `localhost`, which is nothing else. With networks the
 * address has to lie in one of them, and a special one in one that is special in the same way: 0.0.0.0/0 allows no loopback.
 *
 * @param written  how the configuration writes the host
 * @param networks as `address/bits`; undefined where the configuration says nothing
 */
export function mayReach(ip: string, written: WrittenHost, networks: readonly string[] | undefined): boolean {
  const kind = kindOf(ip);
  if (kind === "unusable" || (written === "localhost" && kind !== "loopback")) return false;
  const holding = networks?.filter((network) => holds(blockOf(network), ip));
  if (kind === "plain" || (kind === "loopback" && written !== "name")) return holding === undefined || holding.length > 0;
  return holding?.some((network) => kindOf(network.split("/")[0]!) === kind) ?? false;
}

/** Kinds in words, for messages. */
export const KIND_WORDS: Readonly<Record<AddressKind, string>> = {
  plain: "outside of `networks`",
  loopback: "of this machine itself",
  linkLocal: "of the local link",
  metadata: "of a cloud's metadata service",
  unusable: "that no server has, or a disguise of another",
};
