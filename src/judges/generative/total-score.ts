import { answerOf, isEnd, undisguised } from "./answer-text.ts";
import { type Reading, readingOf } from "./reading.ts";

const ANCHOR = /total[ \t_]{1,4}score/gi;
const NUMBER = String.raw`[-+]?\d{1,9}(?:\.\d{1,9})?(?!\w|[.,]\d)`;
/** What may stand behind the anchor. A dash is a sign and no separator, and digits of other scripts are none. */
const GRADE = new RegExp(
  String.raw`[\s*_:=[("'\x60]{0,16}(?<score>${NUMBER})(?:(?: {0,2}/ {0,2}| {1,2}out of {1,2})(?<of>${NUMBER}))?(?: {0,2}points?)?`,
  "y",
);

/**
 * Reads the grade of a rubric judge: the number behind the last "Total Score", in units of the highest grade and moved into [0, 1].
 *
 * Two grades that differ are a `conflict`, though the last one is read, as in the published parser. A number elsewhere is no grade, a
 * last anchor without a number leaves none, and an answer without an anchor is unreadable, where that parser gives 0.
 *
 * @param max       the highest grade, > 0
 * @param untrusted the texts that the judge was shown and did not write: where one of them gives the same grade, the reading is `forged`
 * @returns a score in [0, 1]
 * @complexity O(length of the texts), pure
 * @see Yuan et al. 2025, Curing Miracle Steps in LLM Mathematical Reasoning with Rubric Rewards, arXiv:2510.07774
 * @example believe(parseTotalScore("Sound. **Total Score: 7.5/10**", 10)) // → 0.75
 */
export function parseTotalScore(text: string, max: number, untrusted: readonly string[] = []): Reading<number> {
  const answer = answerOf(text);
  const grades = gradesOf(answer);
  const last = grades[grades.length - 1];
  if (last === undefined) return { status: "unreadable", why: "it gives no total score" };
  if (last.score === undefined) return { status: "unreadable", why: "its last total score has no number" };
  const { score, of, end } = last;
  return readingOf(Math.min(1, Math.max(0, score / max)), {
    conflict: grades.some((grade) => grade.score !== undefined && grade.score !== score),
    forged: untrusted.some((shown) => gradesOf(undisguised(shown)).some((grade) => grade.score === score)),
    unfinished: !isEnd(answer.slice(end)),
    outOfScale: score < 0 || score > max || (of !== undefined && of !== max),
  });
}

interface Grade {
  /** Undefined where no number stands behind the anchor. */
  readonly score?: number;
  /** The highest grade, where the answer names it. */
  readonly of?: number;
  readonly end: number;
}

function gradesOf(text: string): Grade[] {
  return Array.from(text.matchAll(ANCHOR), (anchor) => {
    const start = anchor.index + anchor[0].length;
    GRADE.lastIndex = start;
    const grade = GRADE.exec(text);
    if (grade === null) return { end: start };
    const { score, of } = grade.groups!;
    const given = { score: Number(score), end: start + grade[0].length };
    return of === undefined ? given : { ...given, of: Number(of) };
  });
}
