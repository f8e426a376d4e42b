// A service of one tool for judges: `node dates.mjs 7100`. Its input was chosen by a model that read a candidate, so it is read as two
// dates or refused, and nothing in it is run, looked up or fetched.
import { createServer } from "node:http";

const [port = "7100", host = "127.0.0.1"] = process.argv.slice(2);
const LONGEST_BODY = 16_384;
const DAY_MS = 86_400_000;
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** The days of a text such as 2024-02-29, counted from 1970; undefined when there is no such date. */
function daysOf(text) {
  const date = new Date(`${text}T00:00:00Z`);
  const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
  return exists ? date.getTime() / DAY_MS : undefined;
}

const TOOLS = {
  days(input) {
    const [first, second] = /^\s*(\d{4}-\d\d-\d\d)\s+(\d{4}-\d\d-\d\d)\s*$/.exec(input)?.slice(1) ?? [];
    const [from, to] = [first, second].map((text) => (text === undefined ? undefined : daysOf(text)));
    if (from === undefined || to === undefined) return { error: "The input is not two dates, such as 2024-02-28 2024-03-01." };
    const weekday = (days) => WEEKDAYS[(((days + 4) % 7) + 7) % 7];
    return { observation: `From ${first}, a ${weekday(from)}, to ${second}, a ${weekday(to)}, it is ${to - from} days.` };
  },
};

const server = createServer(async (request, response) => {
  const answer = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (request.method !== "POST") return answer(405, {});
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > LONGEST_BODY) return answer(413, {});
  }
  try {
    const { tool, input, id } = JSON.parse(text);
    if (!Object.hasOwn(TOOLS, tool) || typeof input !== "string") return answer(404, {});
    answer(200, { id, ...TOOLS[tool](input) });
  } catch {
    answer(400, {});
  }
});
server.listen(Number(port), host, () => console.log(`http://${host}:${server.address().port}/`));
