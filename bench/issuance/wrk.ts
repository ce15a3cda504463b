/** Clients of the issuance benchmark: wrk, with requests that are sent in turn. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

/** As many as share one commit at most. */
export const connections = 128;

/** What the clients send, and where they find it. */
export interface Load {
  /** The script for wrk. */
  readonly script: string;
  /** The server's base URL. */
  readonly url: string;
}

/** Requests to one path. */
export interface Posts {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON without `]==]`. */
  readonly bodies: readonly string[];
}

/** Writes the script that sends `posts` in turn. */
export async function writeScript(file: string, { path, headers, bodies }: Posts): Promise<void> {
  const fields = Object.entries(headers).map(([name, value]) => `["${name}"] = "${value}"`);
  const list = bodies.map((body) => `[==[${body}]==]`).join(',\n');
  await writeFile(
    file,
    `
local headers = { ["content-type"] = "application/json", ${fields.join(', ')} }
local bodies = {${list}}
local requests = {}
local at = 0
function init()
  for index, body in ipairs(bodies) do requests[index] = wrk.format("POST", "${path}", headers, body) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`,
  );
}

/** Answers a second. Throws when there was any other than a success. */
export async function countAnswers({ script, url }: Load, seconds: number): Promise<number> {
  const words = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', '-s', script, url];
  const { stdout } = await runFile('wrk', words);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`expected only certificates, got:\n${stdout}`);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`expected a rate from wrk, got:\n${stdout}`);
  return Number(rate);
}
