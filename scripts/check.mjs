// Everything that must hold before a commit: types, lint, layers, generated files, tests. All run; the end names what failed.
import { spawnSync } from "node:child_process";

const steps = ["types", "lint", "layers", "drift", "test"];
const failed = steps.filter((step) => {
  console.log(`\n> ${step}`);
  return spawnSync("npm", ["run", "--silent", step], { stdio: ["ignore", "inherit", "inherit"] }).status !== 0;
});
console.log(
  `\n${steps.length - failed.length} of ${steps.length} checks passed${failed.length === 0 ? "" : `; failed: ${failed.join(", ")}`}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
