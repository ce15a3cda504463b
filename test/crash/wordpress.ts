/**
 * Kills a server that deploys a plugin or the pictures of its page, in turn, again and again at random moments: each ends in the repository as one
 * revision, or it is not there.
 */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openApiKey } from '../programs/authority.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { type Answer, createOperator, type Operator, signIn } from '../programs/operator.ts';
import { activateRelease, pinRoot, uploadRelease } from '../programs/publisher.ts';
import { type Installation, install, type RunningServer, startServer } from '../programs/server.ts';
import { committer, createRepository, type Repository, startSvnserve } from '../programs/subversion.ts';
import { buildPlugin, slug } from '../wordpress/plugin.ts';

/** How a run went. */
export interface DeployReport {
  readonly findings: readonly string[];
  readonly deployed: number;
  /** In which states deploys were when the server was killed. */
  readonly struck: Readonly<Record<string, number>>;
}

interface Siege {
  readonly installation: Installation;
  readonly repository: Repository;
  readonly headers: Operator['headers'];
  readonly struck: Record<string, number>;
  /** What a deploy takes here, from the request to its end, in milliseconds. */
  readonly deployMs: number;
}

const path = `/api/projects/${slug}/wordpress`;
const patienceMs = 180_000;

/** Kills a server `kills` times, each time during the deploy of another version. */
export async function killWhileDeploying(kills: number, report: (line: string) => void): Promise<DeployReport> {
  const repository = await createRepository(slug);
  const served = await startSvnserve(repository, slug);
  const installation = await install({ SIGNPOST_WORDPRESS_HOSTS: served.host });
  try {
    const siege = await prepare({ installation, repository, struck: {} }, served.url);
    const findings: string[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      findings.push(...(await (kill % 2 === 0 ? killAssets(siege, kill) : killOnce(siege, `1.0.${kill}`))));
      report(`${kill} of ${kills} kills, struck ${JSON.stringify(siege.struck)}, ${findings.length} findings`);
    }
    findings.push(...(await judgeLog(siege, Math.ceil(kills / 2), Math.floor(kills / 2))));
    return { findings, deployed: kills, struck: siege.struck };
  } finally {
    await served.stop();
    await installation.remove();
    await repository.remove();
  }
}

async function prepare(parts: Omit<Siege, 'headers' | 'deployMs'>, repository: string): Promise<Siege> {
  const server = await startServer(parts.installation);
  const { email, password } = parts.installation.admin;
  const operator = await signIn(server.base, email, password);
  await pinRoot(operator, await OfflineRoot.create());
  await operator.call('POST', '/api/projects', { slug, name: slug, kind: 'wordpress_plugin', accepted_types: ['zip'] });
  // What tools find has its own tests, and would only make each round longer.
  await operator.call('PUT', `${path}/preflight`, { gates: { security: 'off', php: 'off' } });
  await operator.call('PUT', `${path}/credentials`, { ...committer, repository });
  const headers = await openApiKey(operator, ['read', 'upload', 'manage', 'activate', 'admin']);
  const deployMs = await measureDeploy(createOperator(server.base, headers));
  await server.stop();
  return { ...parts, headers, deployMs };
}

/** So that kills strike everywhere, on a fast machine and on a busy one. */
async function measureDeploy(operator: Operator): Promise<number> {
  const { id } = await requestDeploy(operator, '1.0.0');
  const started = performance.now();
  const deploy = await follow(operator, id, { state: '' });
  if (deploy?.state !== 'deployed')
    throw new Error(`expected a deploy to come to its end, got ${JSON.stringify(deploy)}`);
  return performance.now() - started;
}

async function requestDeploy(operator: Operator, version: string): Promise<Answer> {
  const files = Array.from({ length: 20 }, (_, index) => ({
    path: `inc/${index}.php`,
    content: `<?php // ${version}\n`,
  }));
  const bytes = buildPlugin({ version, files });
  await uploadRelease(operator, { project: slug, version, name: `${slug}.zip`, bytes });
  await activateRelease(operator, slug, version);
  return operator.call('POST', `${path}/deploys`, { version });
}

async function killOnce(siege: Siege, version: string): Promise<readonly string[]> {
  const request = (operator: Operator) => requestDeploy(operator, version);
  const id = await strike(siege, request);
  return judge(siege, await startServer(siege.installation), { id, version });
}

/** The same for a picture that is another one each time. */
async function killAssets(siege: Siege, side: number): Promise<readonly string[]> {
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h${side}"/></svg>`;
  const id = await strike(siege, async (operator) => {
    await operator.call('PUT', `${path}/assets/icon.svg`, Buffer.from(drawing));
    return operator.call('POST', `${path}/assets/deploys`);
  });
  const server = await startServer(siege.installation);
  const deploy = await follow(createOperator(server.base, siege.headers), id, { state: '' });
  await server.stop();
  const folder = await siege.repository.export('assets');
  const picture = await readFile(join(folder, 'icon.svg'), 'utf8').catch(() => '');
  const isThere = picture.includes(`M0 0h${side}"`);
  if (deploy?.state === 'deployed' && isThere) return [];
  return [
    `picture ${side}: ${deploy?.state} ${JSON.stringify(deploy?.failure)}, and it is ${isThere ? 'there' : 'not there'}`,
  ];
}

/** Asks for a deploy, kills the server at a random moment of it, and gives its id. */
async function strike(siege: Siege, request: (operator: Operator) => Promise<Answer>): Promise<string> {
  const server = await startServer(siege.installation);
  const operator = createOperator(server.base, siege.headers);
  const { id } = await request(operator);
  const last = { state: 'requested' };
  const work = follow(operator, id, last);
  await delay(randomInt(Math.ceil(1.1 * siege.deployMs)));
  await server.kill();
  await work;
  siege.struck[last.state] = (siege.struck[last.state] ?? 0) + 1;
  return id;
}

/** Confirms what is prepared, until the deploy is at its end or nobody answers. */
async function follow(operator: Operator, id: string, last: { state: string }): Promise<Answer | undefined> {
  for (let waited = 0; waited < patienceMs; waited += 20) {
    try {
      const deploy = await operator.call('GET', `${path}/deploys/${id}`);
      last.state = deploy.stage === 'sending' ? 'sending' : deploy.state;
      if (deploy.ended_at !== null) return deploy;
      if (deploy.state === 'awaiting_confirmation') {
        await operator.call('POST', `${path}/deploys/${id}/confirm`, { diff_digest: deploy.diff_digest });
      }
    } catch (error) {
      if (error instanceof Error && 'status' in error) throw error;
      return undefined;
    }
    await delay(20);
  }
  return undefined;
}

/** The next server brings the deploy to its end; the tag is there if and only if it says so, and holds the release. */
async function judge(
  { repository, headers }: Siege,
  server: RunningServer,
  { id, version }: { id: string; version: string },
): Promise<readonly string[]> {
  const operator = createOperator(server.base, headers);
  const deploy = await follow(operator, id, { state: '' });
  await operator.call('GET', '/api/audit/verify');
  await server.stop();
  const tags = (await repository.svn('list', `${repository.local}/tags`)).split('\n');
  const isThere = tags.includes(`${version}/`);
  if (deploy === undefined) return [`${version}: not at its end after ${patienceMs} ms`];
  if ((deploy.state === 'deployed') !== isThere)
    return [`${version}: ${deploy.state}, and the tag is ${isThere ? 'there' : 'not there'}`];
  if (deploy.state !== 'deployed') return [`${version}: ${deploy.state} ${JSON.stringify(deploy.failure)}`];
  const folder = await repository.export(`tags/${version}`);
  const inside = await readFile(join(folder, 'inc/19.php'), 'utf8');
  return inside === `<?php // ${version}\n` ? [] : [`${version}: the tag holds something else`];
}

/** One revision for each version, with trunk and tag, one for each picture, and no other. */
async function judgeLog({ repository }: Siege, kills: number, pictures: number): Promise<readonly string[]> {
  const log = await repository.readLog();
  const revisions = log.filter(({ message }) => message.startsWith('Release '));
  const drawn = log.filter(({ message }) => message.startsWith('Update the pictures')).length;
  // The first one was not killed.
  const findings = revisions.length === kills + 1 ? [] : [`expected ${kills + 1} revisions, got ${revisions.length}`];
  if (drawn !== pictures) findings.push(`expected ${pictures} revisions of pictures, got ${drawn}`);
  for (const { number, paths } of revisions) {
    const tags = paths.filter((one) => / \(from .*\/trunk:\d+\)$/.test(one));
    const hasTrunk = paths.some((one) => one === `M /${slug}/trunk`);
    if (tags.length !== 1 || !hasTrunk) findings.push(`revision ${number} is ${JSON.stringify(paths)}`);
  }
  return findings;
}
