/** How far a server is on its way to the first verified release, told from the API alone. */
import type { Answer, Client } from '../api/client.ts';
import { askActive, type ReleaseQuestion } from './find-releases.ts';
import { type PushKeys, readPushKeys } from './push-keys.ts';

type Project = Answer<'GET /api/projects'>['projects'][number];
type Release = Answer<'GET /api/projects/{slug}/releases'>['releases'][number];

/** What is to be done, in order. */
export const setupSteps = ['vault', 'key', 'root', 'project', 'upload', 'activate', 'verify'] as const;

/** One of them. */
export type SetupStep = (typeof setupSteps)[number];

/** What is known of the way. */
export interface FirstRun {
  readonly vault: Answer<'GET /api/status'>['vault'];
  readonly trust: Answer<'GET /api/trust'>;
  /** The server's key for everything, unless it was taken out of use. */
  readonly key: Answer<'GET /api/signing-keys'>['keys'][number] | undefined;
  readonly pushKeys: PushKeys;
  /** The project with a release in service, else the first one there is. */
  readonly project: Project | undefined;
  /** The one in service, else a draft with files. */
  readonly release: Release | undefined;
}

/** How many projects are looked into for a release in service: more have somebody who knows the way. */
const mostProjects = 3;

/** Asks for all of it. */
export async function askFirstRun(client: Pick<Client, 'ask'>, signal: AbortSignal): Promise<FirstRun> {
  const [{ vault }, trust, { keys }, pushKeys, projects] = await Promise.all([
    client.ask('GET /api/status', { signal }),
    client.ask('GET /api/trust', { signal }),
    client.ask('GET /api/signing-keys', { signal }),
    readPushKeys(client, signal),
    askProjects(client, signal),
  ]);
  const usable = keys.filter(({ scope, state }) => scope === '*' && (state === 'active' || state === 'created'));
  const released = await Promise.all(
    projects.slice(0, mostProjects).map(async (project) => ({
      project,
      release: await askRelease(client, { slug: project.slug, signal }),
    })),
  );
  const best =
    released.find(({ release }) => release?.state === 'active') ??
    released.find(({ release }) => release !== undefined) ??
    released[0];
  return {
    ...{ vault, trust, pushKeys },
    key: usable.find(({ state }) => state === 'active') ?? usable[0],
    project: best?.project,
    release: best?.release,
  };
}

/** Those that a first run is about, some of each kind. */
async function askProjects(client: Pick<Client, 'ask'>, signal: AbortSignal): Promise<readonly Project[]> {
  const kinds = ['app', 'wordpress_plugin'] as const;
  const found = await Promise.all(
    kinds.map((kind) => client.ask('GET /api/projects', { query: { kind, limit: 50 }, signal })),
  );
  return found.flatMap(({ projects }) => projects).filter(({ deleted_at }) => deleted_at === null);
}

/** The one in service, else a draft with files. */
async function askRelease(
  client: Pick<Client, 'ask'>,
  { slug, signal }: ReleaseQuestion,
): Promise<Release | undefined> {
  const [active] = await askActive(client, { slug, signal });
  if (active) return active;
  const query = { state: 'draft', limit: 50 } as const;
  const { releases } = await client.ask('GET /api/projects/{slug}/releases', { path: { slug }, query, signal });
  return releases.find(({ deleted_at, artifacts }) => deleted_at === null && artifacts.length > 0);
}

/** The step that is to be done now; `verify` once a release is in service. */
export function currentStep({ vault, trust, key, project, release }: FirstRun): SetupStep {
  if (release?.state === 'active') return 'verify';
  if (vault !== 'unlocked') return 'vault';
  if (!key) return 'key';
  if (trust.version === null || trust.light === 'red' || !key.in_trust_list || key.state !== 'active') return 'root';
  if (!project) return 'project';
  return release ? 'activate' : 'upload';
}
