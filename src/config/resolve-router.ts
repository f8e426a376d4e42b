import type { Item } from "../domain/item.ts";
import type { RouteRow, Router } from "../domain/panel.ts";
import { type CategoryRow, type ItemFacts, routeByCategory } from "../reward/routing/category.ts";
import { digestOf } from "./digest.ts";
import type { RoutingConfig } from "./panel-schema.ts";

type When = RoutingConfig["routes"][number]["when"];

/**
 * Makes a routing table.
 *
 * @param revisionOf digest of the panel or table of that name, or undefined while it has none
 */
export function resolveRouter(name: string, config: RoutingConfig, revisionOf: (panel: string) => string): Router {
  const { routes, otherwise, description } = config;
  // A list of alternatives is as many rows, which stand for the one that was written.
  const table: CategoryRow<{ to: string; row: number }>[] = routes.flatMap(({ when, panel }, row) =>
    alternatives(when).map((facts) => ({ if: facts, to: { to: panel, row } })),
  );
  const rows: RouteRow[] = [...routes.map(({ when, panel }) => ({ when: inWords(when), panel })), { when: "", panel: otherwise }];
  const targets = [...routes.map(({ panel }) => panel), otherwise];
  return {
    name,
    description,
    revision: digestOf({ routes, otherwise, targets: targets.map(revisionOf) }),
    rows,
    choose: (item) => routeByCategory(factsOf(item), table, { to: otherwise, row: -1 }).to,
  };
}

/** Every combination of the alternatives that a condition lists. */
function alternatives({ domain, language, hasReference, metadata = {} }: When): ItemFacts[] {
  const fixed: ItemFacts = {
    ...(hasReference !== undefined && { hasReference }),
    ...Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`metadata.${key}`, value])),
  };
  const domains: ItemFacts[] = listed(domain).map((label) => ({ domain: label }));
  const languages: ItemFacts[] = listed(language).map((range) => ({ [`language.${range.toLowerCase()}`]: true }));
  return orNothing(domains).flatMap((one) => orNothing(languages).map((other) => ({ ...fixed, ...one, ...other })));
}

function listed(labels: string | readonly string[] | undefined): readonly string[] {
  if (labels === undefined) return [];
  return typeof labels === "string" ? [labels] : labels;
}

function orNothing(facts: readonly ItemFacts[]): readonly ItemFacts[] {
  return facts.length === 0 ? [{}] : facts;
}

/** What conditions can ask of an item; its language holds for every range that takes it, as in RFC 4647's basic filtering. */
function factsOf({ domain, language, reference, metadata = {} }: Item): ItemFacts {
  const subtags = language?.toLowerCase().split("-") ?? [];
  const ranges = subtags.map((_, i) => [`language.${subtags.slice(0, i + 1).join("-")}`, true] as const);
  return {
    hasReference: (reference ?? "").trim() !== "",
    ...(domain !== undefined && { domain }),
    ...Object.fromEntries(ranges),
    ...Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`metadata.${key}`, value])),
  };
}

function inWords({ domain, language, hasReference, metadata = {} }: When): string {
  const parts = [
    ...(domain === undefined ? [] : [`domain ${listed(domain).join(" or ")}`]),
    ...(language === undefined ? [] : [`language ${listed(language).join(" or ")}`]),
    ...(hasReference === undefined ? [] : [hasReference ? "has a reference" : "has no reference"]),
    ...Object.entries(metadata).map(([key, value]) => `${key} ${value}`),
  ];
  return parts.length === 0 ? "any item" : parts.join(", ");
}
