/**
 * The direction of imports in src/, inner to outer:
 * domain < reward, telemetry < judges, backends, engine, state < config < transport < app, cli, main.
 * Type-only imports count. `npm run layers` runs the rules; test/meta/layers.test.ts plants a violation of each.
 */

/** A folder may import the folders listed, and packages and Node unless another rule says no. */
const layer = (folder, mayImport, comment) => ({
  name: `${folder}-imports-inward`,
  severity: "error",
  comment,
  from: { path: `^src/${folder}/` },
  to: { path: "^src/", pathNot: [folder, ...mayImport].map((name) => `^src/${name}/`) },
});

/** A folder without input or output: of all packages it may use zod, and nothing of Node. */
const pure = (folder, ...packages) => ({
  name: `${folder.replace("/", "-")}-is-pure`,
  severity: "error",
  comment: `src/${folder}/ computes and does nothing else. Take time, randomness, files and the network as parameters or move the code outwards.`,
  from: { path: `^src/${folder}/` },
  to: {
    dependencyTypes: ["core", "npm", "npm-dev", "npm-optional", "npm-peer", "npm-bundled", "npm-no-pkg", "npm-unknown"],
    pathNot: ["zod", ...packages].map((name) => `^node_modules/${name}/`),
  },
});

/** Where a process or an importer of the package begins. */
const ENTRIES = "^src/(main|index)[.]ts$|^src/.*-process[.]ts$";

module.exports = {
  forbidden: [
    layer("domain", [], "The vocabulary: everything may import it, it imports nothing."),
    layer("reward", ["domain"], "Calibration, transforms and aggregation work on domain types alone."),
    layer("judges", ["domain", "reward"], "A judge says what to ask and how to read the answer. It never reaches a backend."),
    layer("telemetry", ["domain"], "Metrics and logs are a leaf that everyone may use."),
    layer("open-inference", ["domain"], "Tensors of the Open Inference Protocol, which is spoken on both sides of the gateway."),
    layer(
      "backends",
      ["domain", "telemetry", "gen", "open-inference"],
      "A backend runs calls. It knows no judge, no panel and no configuration.",
    ),
    layer("engine", ["domain", "telemetry"], "The engine sees judges, backends and reward functions through the domain's interfaces only."),
    layer(
      "state",
      ["domain", "reward", "telemetry"],
      "State keeps what runs report and steps it with reward's functions. It serves no wire.",
    ),
    layer("config", ["domain", "reward", "judges", "backends", "state"], "config composes the parameter schemas that the kinds declare."),
    layer("evaluation", ["domain", "reward"], "Evaluation reads scores and labels; it serves nothing."),
    layer("monitoring", ["domain", "reward", "evaluation", "telemetry"], "Statistics of a run see numbers and names; they serve nothing."),
    layer(
      "transport",
      ["domain", "telemetry", "gen", "open-inference"],
      "An adapter translates between wire and domain. The service is handed to it.",
    ),
    pure("domain"),
    pure("reward"),
    pure("judges", "@huggingface/jinja", "ajv", "eld", "mathjs", "re2js"),
    pure("state/kinds"),
    {
      name: "judge-kinds-are-siblings",
      severity: "error",
      comment: "One judge kind does not import another. Shared code goes to judges/shared/.",
      from: { path: "^src/judges/([^/]+)[.]ts$", pathNot: "^src/judges/index[.]ts$" },
      to: { path: "^src/judges/[^/]+[.]ts$", pathNot: "^src/judges/$1[.]ts$" },
    },
    {
      name: "judges-shared-is-a-leaf",
      severity: "error",
      comment: "The folders beside the kinds serve them and know none of them.",
      from: { path: "^src/judges/(shared|rules|generative|critique|rubric|checklist|pairwise|listwise)/" },
      to: { path: "^src/judges/[^/]+[.]ts$" },
    },
    {
      name: "gen-stays-at-the-edge",
      severity: "error",
      comment: "Generated protobuf types stop at transport and backends; inside, use domain types.",
      from: { path: "^src/(?!transport/|backends/|gen/)" },
      to: { path: "^src/gen/" },
    },
    {
      name: "app-is-the-root",
      severity: "error",
      comment: "app.ts and open-backends.ts wire the parts together. Only main.ts, index.ts and the commands start them.",
      from: { path: "^src/", pathNot: "^src/(main|index|app|open-backends)[.]ts$|^src/cli/" },
      to: { path: "^src/(app|open-backends|main|index)[.]ts$|^src/cli/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      comment: "In a cycle no file can be read first. Move what both sides need to where both may import it.",
      from: { path: "^src/" },
      to: { circular: true },
    },
    {
      name: "no-src-to-test",
      severity: "error",
      comment: "Code that ships imports no test, benchmark or script.",
      from: { path: "^src/" },
      to: { path: "^(test|bench|scripts)/" },
    },
    {
      name: "tests-are-leaves",
      severity: "error",
      comment: "Tests share through test/support/, not through one another.",
      from: {},
      to: { path: "[.]test[.]ts$" },
    },
    {
      name: "no-dev-packages-in-src",
      severity: "error",
      comment: "`npm ci --omit=dev` must leave everything that runs.",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"], pathNot: "^node_modules/@types/" },
    },
    {
      name: "no-undeclared-packages",
      severity: "error",
      comment: "A package that package.json does not name may vanish with the next install. Declare it.",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-dead-files",
      severity: "error",
      comment: "No entry (main, index, *-process) reaches this file: import it or delete it.",
      from: { path: ENTRIES },
      to: { path: "^src/", pathNot: ENTRIES, reachable: false },
    },
    {
      name: "no-unresolved-imports",
      severity: "error",
      comment: "The import leads nowhere.",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
      extensions: [".ts", ".js", ".json", ".d.ts"],
    },
  },
};
