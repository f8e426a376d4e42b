import { GatewayError } from "../../domain/errors.ts";

/**
 * Turns places in a text that count code points, as Python's `len` and its tokenizers do, into UTF-16 units, as this program does. The
 * two differ after every character beyond U+FFFF, an emoji for example.
 *
 * @param places ascending, each from 0 to the number of code points
 * @returns same order
 * @throws {GatewayError} REQUEST_INVALID when a place lies outside the text or before the one before it
 * @complexity O(length of the text + places), pure
 * @example unitsOfCodePoints("🙂b", [1, 2])[0] // → 2
 */
export function unitsOfCodePoints(text: string, places: readonly number[]): number[] {
  let points = 0;
  let units = 0;
  return places.map((place) => {
    for (; points < place && units < text.length; points++) units += text.codePointAt(units)! > 0xffff ? 2 : 1;
    if (points !== place) throw misplaced(place, "code point");
    return units;
  });
}

/**
 * The other way round: places in UTF-16 units as counts of code points.
 *
 * @param places ascending, each from 0 to the text's length
 * @returns same order
 * @throws {GatewayError} REQUEST_INVALID when a place lies outside the text, before the one before it, or within a surrogate pair
 * @complexity O(length of the text + places), pure
 * @example codePointsOfUnits("🙂b", [2, 3])[1] // → 2
 */
export function codePointsOfUnits(text: string, places: readonly number[]): number[] {
  let points = 0;
  let units = 0;
  return places.map((place) => {
    for (; units < place && units < text.length; points++) units += text.codePointAt(units)! > 0xffff ? 2 : 1;
    if (units !== place) throw misplaced(place, "UTF-16 unit");
    return points;
  });
}

function misplaced(place: number, unit: string): GatewayError {
  return new GatewayError(
    "REQUEST_INVALID",
    `${unit} ${place} is no place in the text, or comes after a later one: send ascending places of this text`,
  );
}
