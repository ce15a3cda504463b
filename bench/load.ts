/** Puts load on a server: requests a second with wrk, or with our own client where wrk is not installed. */
import { execFile, spawnSync } from 'node:child_process';
import { Agent, get } from 'node:http';
import { promisify } from 'node:util';

const runFile = promisify(execFile);
const connections = 32;

/** Request headers by name. */
type Headers = Readonly<Record<string, string>>;

/** Requests a second that `url` answers with 200, or 304, during `seconds`. Throws when one is answered otherwise. */
export function measureRequestsPerSecond(url: string, seconds: number, headers: Headers = {}): Promise<number> {
  const load = { url, seconds, headers };
  return isWrkInstalled() ? measureWithWrk(load) : measureWithNode(load);
}

interface Load {
  readonly url: string;
  readonly seconds: number;
  readonly headers: Headers;
}

/** Which load generator this machine has, for the report. */
export function nameLoadGenerator(): string {
  return isWrkInstalled() ? 'wrk' : 'a client on Node';
}

/** How long `url` takes to answer, again and again until `until` settles; milliseconds, one at a time. */
export async function measureLatencies(url: string, until: Promise<unknown>): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const latencies: number[] = [];
  let over = false;
  const end = until.finally(() => {
    over = true;
  });
  while (!over) {
    const started = performance.now();
    await fetchOnce({ url, headers: {} }, agent);
    latencies.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  agent.destroy();
  await end;
  return latencies;
}

function isWrkInstalled(): boolean {
  return spawnSync('wrk', ['-v']).error === undefined;
}

async function measureWithWrk({ url, seconds, headers }: Load): Promise<number> {
  const words = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const { stdout } = await runFile('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, ...words, url]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`expected only answers of 200, got:\n${stdout}`);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`expected a rate from wrk, got:\n${stdout}`);
  return Number(rate);
}

async function measureWithNode({ url, seconds, headers }: Load): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const started = performance.now();
  const end = started + seconds * 1000;
  let answered = 0;
  const ask = async () => {
    while (performance.now() < end) {
      await fetchOnce({ url, headers }, agent);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, ask));
  agent.destroy();
  return answered / ((performance.now() - started) / 1000);
}

function fetchOnce({ url, headers }: Pick<Load, 'url' | 'headers'>, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers }, (response) => {
      if (response.statusCode !== 200 && response.statusCode !== 304)
        reject(new Error(`expected 200, got ${response.statusCode}`));
      response.resume();
      response.on('end', resolve);
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
