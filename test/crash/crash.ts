/** Kills a loaded server again and again, at random moments, and judges what is left. */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { waitUntil } from '../../packages/protocol/test/wait-until.ts';
import { startCommand } from '../programs/command.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { createOperator, type Operator, signIn } from '../programs/operator.ts';
import { createProject, pinRoot } from '../programs/publisher.ts';
import { type Installation, install, startServer } from '../programs/server.ts';
import { createHistory, type History } from './history.ts';
import { type Evidence, findLosses, findSetbacks } from './inspection.ts';
import { type Load, publishNext, putLoad } from './workload.ts';

/** How a run went. */
export interface CrashReport {
  readonly findings: readonly string[];
  readonly history: History;
}

const projects = ['alpha', 'beta', 'gamma'];

/** What goes on from one server process to the next. */
interface Siege {
  readonly installation: Installation;
  readonly load: Load;
  readonly headers: Operator['headers'];
  /** The longest that a server lives under load: a few times what one release takes on this machine. */
  readonly maxLifeMs: number;
}

/** Kills a server `kills` times; after each restart the numbers are judged, after the last one everything. */
export async function crashRepeatedly(kills: number, report: (line: string) => void): Promise<CrashReport> {
  const installation = await install();
  try {
    const siege = await prepare(installation);
    const { load, headers } = siege;
    const findings: string[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      // One in ten does not live to its first answer.
      if (kill % 10 === 0) await killWhileStarting(installation);
      // A run in which the load never came to the end of anything would say nothing.
      const isEnough = () => kill < kills || hasDoneEverything(load.history);
      findings.push(...(await killUnderLoad(siege, isEnough)));
      report(
        `${kill} of ${kills} kills, ${load.history.releases.length} releases, ${load.history.rotations} rotations`,
      );
    }
    const server = await startServer(installation);
    findings.push(...(await findLosses(collect(load, createOperator(server.base, headers)))));
    await server.stop();
    return { findings: [...findings, ...load.history.surprises], history: load.history };
  } finally {
    await installation.remove();
  }
}

async function prepare(installation: Installation): Promise<Siege> {
  const server = await startServer(installation);
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  const root = await OfflineRoot.create();
  const key = await pinRoot(operator, root);
  for (const slug of projects) await createProject(operator, slug);
  const load: Load = { history: createHistory(), root, projects, keys: [key], sent: 0 };
  const started = performance.now();
  await publishNext(load, operator, 'alpha');
  const maxLifeMs = Math.ceil(6 * (performance.now() - started));
  await server.stop();
  return { installation, load, headers: operator.headers, maxLifeMs };
}

/** At a random moment, or as soon after it as what was done is enough. */
async function killUnderLoad(
  { installation, load, headers, maxLifeMs }: Siege,
  isEnough: () => boolean,
): Promise<readonly string[]> {
  const server = await startServer(installation);
  const operator = createOperator(server.base, headers);
  const findings = await findSetbacks(collect(load, operator));
  const working = putLoad(load, operator);
  await delay(randomInt(maxLifeMs));
  await waitUntil('the load to do of everything once', isEnough).finally(() => server.kill());
  await working;
  return findings;
}

function hasDoneEverything({ rotations, releases }: History): boolean {
  return rotations > 0 && releases.some(({ state }) => state === 'active');
}

async function killWhileStarting({ variables }: Installation): Promise<void> {
  const child = startCommand(['serve'], { ...variables, SIGNPOST_LISTEN: '127.0.0.1:0' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await delay(randomInt(1000));
  child.kill('SIGKILL');
  await ended;
}

function collect({ history, root }: Load, operator: Operator): Evidence {
  return { operator, history, projects, root: root.pubkeyB64 };
}
