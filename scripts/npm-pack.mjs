/**
 * What `npm pack --json` says of the package that it made: `files`, `filename`, `size`.
 *
 * output: its standard output. npm 12 gives an object with the package under its name, earlier ones a list, and what `prepack` prints may
 * stand before either.
 */
export function packedOf(output) {
  const [packed] = Object.values(JSON.parse(output.slice(output.search(/^[[{]/m))));
  return packed;
}
