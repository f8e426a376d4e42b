import { type CommandParser, defineScript } from "@redis/client";

/*
 * What one run holds is one hash: `latest`, `oldest`, `pinned`, and per version `v:` its value, `f:` its facts, `c:` its cause,
 * `i:` its step id; `s:` + step id is the version that the step made. Beside the runs of a state stand its queue of runs without
 * a pin, by turn, the set of runs with one, and the counter of turns. All keys of a state share a hash tag, so one node holds them.
 */

/** Shared by the scripts that write. KEYS: run, queue, pinned runs, turns. */
const WRITING = `
local function drop(version)
  local step = redis.call('HGET', KEYS[1], 'i:' .. version)
  redis.call('HDEL', KEYS[1], 'v:' .. version, 'f:' .. version, 'c:' .. version, 'i:' .. version)
  if step then redis.call('HDEL', KEYS[1], 's:' .. step) end
end
local function line_up(run)
  if redis.call('HEXISTS', KEYS[1], 'pinned') == 1 then
    redis.call('ZREM', KEYS[2], run)
    redis.call('SADD', KEYS[3], run)
  else
    redis.call('SREM', KEYS[3], run)
    redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[4]), run)
  end
end
`;

const script = (keys: number, SCRIPT: string) =>
  defineScript({
    NUMBER_OF_KEYS: keys,
    SCRIPT,
    parseCommand(parser: CommandParser, named: readonly string[], given: readonly string[]) {
      parser.pushKeys([...named]);
      parser.push(...given);
    },
    transformReply: (reply: unknown) => reply,
  });

/** The scripts of the Redis store; each runs alone on the server. */
export const SCRIPTS = {
  /** ARGV: version, "latest", or "" for the pinned or latest. Replies nil, or {version}, or {version, value}. */
  readVersion: script(
    1,
    `
local latest = redis.call('HGET', KEYS[1], 'latest')
if not latest then return false end
local version = ARGV[1]
if version == '' then version = redis.call('HGET', KEYS[1], 'pinned') or latest end
if version == 'latest' then version = latest end
local value = redis.call('HGET', KEYS[1], 'v:' .. version)
return value and { version, value } or { version }
`,
  ),
  /** ARGV: step id. Replies nil, or {latest, its value}, or those and {version, value, facts} of the step. */
  findStep: script(
    1,
    `
local latest = redis.call('HGET', KEYS[1], 'latest')
if not latest then return false end
local reply = { latest, redis.call('HGET', KEYS[1], 'v:' .. latest) }
local version = redis.call('HGET', KEYS[1], 's:' .. ARGV[1])
if version then
  local made = redis.call('HMGET', KEYS[1], 'v:' .. version, 'f:' .. version)
  reply[3], reply[4], reply[5] = version, made[1], made[2]
end
return reply
`,
  ),
  /** ARGV: run, expected version or "", versions kept, runs kept, prefix of run keys, then per version: number, step id or "", value, facts, cause. */
  appendVersions: script(
    4,
    `${WRITING}
local run, expected, keep, max_runs, prefix = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local outcome = 'appended'
local latest = redis.call('HGET', KEYS[1], 'latest')
if (latest or '') ~= expected then return 'moved' end
if not latest and redis.call('ZCARD', KEYS[2]) + redis.call('SCARD', KEYS[3]) >= max_runs then
  local leaving = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if not leaving then return 'full' end
  redis.call('ZREM', KEYS[2], leaving)
  redis.call('DEL', prefix .. leaving)
  outcome = 'evicted'
end
for i = 6, #ARGV, 5 do
  local version, step = ARGV[i], ARGV[i + 1]
  redis.call('HSET', KEYS[1], 'v:' .. version, ARGV[i + 2], 'f:' .. version, ARGV[i + 3], 'c:' .. version, ARGV[i + 4], 'latest', version)
  if step ~= '' then redis.call('HSET', KEYS[1], 'i:' .. version, step, 's:' .. step, version) end
  latest = version
end
local oldest = tonumber(redis.call('HGET', KEYS[1], 'oldest') or ARGV[6])
local pinned = tonumber(redis.call('HGET', KEYS[1], 'pinned') or '-1')
while tonumber(latest) - oldest >= keep do
  if oldest ~= pinned then drop(string.format('%d', oldest)) end
  oldest = oldest + 1
end
redis.call('HSET', KEYS[1], 'oldest', string.format('%d', oldest))
line_up(run)
return outcome
`,
  ),
  /** ARGV: run, version or "" for no pin. Replies 1, or 0 when the version is not kept. */
  setPin: script(
    4,
    `${WRITING}
local run, version = ARGV[1], ARGV[2]
local before = redis.call('HMGET', KEYS[1], 'latest', 'oldest', 'pinned')
if not before[1] then return 0 end
if version ~= '' and redis.call('HEXISTS', KEYS[1], 'v:' .. version) == 0 then return 0 end
local pinned = before[3]
if pinned and pinned ~= version and tonumber(pinned) < tonumber(before[2]) then drop(pinned) end
if version == '' then redis.call('HDEL', KEYS[1], 'pinned') else redis.call('HSET', KEYS[1], 'pinned', version) end
line_up(run)
return 1
`,
  ),
  /** ARGV: field prefixes. Replies nil, or {pinned or "", {version, one text per prefix or ""}, …}, oldest first. */
  listVersions: script(
    1,
    `
local head = redis.call('HMGET', KEYS[1], 'latest', 'oldest', 'pinned')
if not head[1] then return false end
local reply = { head[3] or '' }
local function list(version)
  local entry = { version }
  for i = 1, #ARGV do entry[i + 1] = redis.call('HGET', KEYS[1], ARGV[i] .. version) or '' end
  reply[#reply + 1] = entry
end
if head[3] and tonumber(head[3]) < tonumber(head[2]) then list(head[3]) end
for version = tonumber(head[2]), tonumber(head[1]) do list(string.format('%d', version)) end
return reply
`,
  ),
};
