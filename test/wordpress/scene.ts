/** A server with a plugin's project, credentials, and a worker that runs when it is told. */
import type { TestContext } from 'node:test';
import { createHeavyJobs, createPromptJobs } from '../../packages/server/src/jobs.ts';
import { createProject } from '../../packages/server/src/releases/projects/project.ts';
import type { Database } from '../../packages/server/src/storage/database.ts';
import { startWorker, type Worker } from '../../packages/server/src/storage/jobs.ts';
import {
  type Answer,
  addStoredDraft,
  type Credential,
  openPlanesScene,
  type PlanesScene,
} from '../../packages/server/test/planes-scene.ts';
import { committer, type RepositoryServer } from '../programs/subversion.ts';
import { buildPlugin, type PluginWish, slug } from './plugin.ts';

/** What a test has in its hands. */
export interface PluginScene {
  readonly scene: PlanesScene;
  readonly key: Credential;
  readonly worker: Worker;
  ask(method: string, path: string, json?: unknown): Promise<Answer>;
  /** A release in service whose file is this plugin. */
  release(wish: PluginWish): Promise<void>;
  /** A release in service whose file are these bytes. */
  releaseBytes(version: string, bytes: Uint8Array): Promise<void>;
  /** Asks for a deploy and has it prepared. */
  prepare(version: string): Promise<Deploy>;
  confirm(deploy: Deploy): Promise<Deploy>;
  /** Both. */
  deploy(version: string): Promise<Deploy>;
  /** Stages these pictures by name, and deploys them. */
  deployAssets(pictures: Readonly<Record<string, string>>): Promise<Deploy>;
  show(id: string): Promise<Deploy>;
}

/** A deploy as the API shows it. */
// biome-ignore lint/suspicious/noExplicitAny: tests read fields of many shapes, and fail on the one that is missing
export type Deploy = any;

/** The routes of deploys. */
export const deploysPath = `/api/projects/${slug}/wordpress/deploys`;
/** The route of credentials. */
export const credentialsPath = `/api/projects/${slug}/wordpress/credentials`;

/** What deploys pass by, where nothing else is said. */
const noGates = { security: 'off', php: 'off' };

/** Opens it with the repository's host listed and the committer's credentials set. */
export async function openPluginScene(
  t: Pick<TestContext, 'after'>,
  server: Pick<RepositoryServer, 'url' | 'host'>,
  choice: {
    readonly database?: Database;
    readonly gates?: object;
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<PluginScene> {
  const environment = { SIGNPOST_WORDPRESS_HOSTS: server.host, ...choice.environment };
  const scene = await openPlanesScene(t, { ...choice, environment });
  const { resources, home } = scene;
  await home.openServerKey(1);
  const project = await createProject(resources, home.caller, {
    ...{ slug, kind: 'wordpress_plugin', name: { en: 'Acme Forms' }, description: {}, primaryLocale: 'en' },
    ...{ acceptedTypes: ['zip'], scan: 'off', manifestDays: 30 },
  });
  const key = await scene.openKey(home, ['read', 'upload', 'activate', 'manage', 'admin']);
  const { database, now, log } = resources;
  const handlers = { ...createPromptJobs(resources), ...createHeavyJobs(resources) };
  const worker = startWorker({ database, handlers, now, log, concurrency: 4 });
  t.after(() => worker.stop());
  const ask: PluginScene['ask'] = (method, path, json) => scene.ask(method, path, { as: key, json });
  const releaseBytes = async (version: string, bytes: Uint8Array) => {
    await addStoredDraft(scene, { projectId: project.id, version, files: [{ name: `${slug}-${version}.zip`, bytes }] });
    expectStatus(await ask('POST', `/api/projects/${slug}/releases/${version}/activate`), 200);
  };
  const show = async (id: string) => expectStatus(await ask('GET', `${deploysPath}/${id}`), 200).json as Deploy;
  const prepare = async (version: string) => {
    const { id } = expectStatus(await ask('POST', deploysPath, { version }), 201).json as Deploy;
    await worker.drain();
    return show(id);
  };
  const confirm = async ({ id, diff_digest }: Deploy) => {
    expectStatus(await ask('POST', `${deploysPath}/${id}/confirm`, { diff_digest }), 200);
    await worker.drain();
    return show(id);
  };
  const gates = choice.gates ?? noGates;
  expectStatus(await ask('PUT', `/api/projects/${slug}/wordpress/preflight`, { gates }), 200);
  expectStatus(await ask('PUT', credentialsPath, { ...committer, repository: server.url }), 200);
  return {
    ...{ scene, key, worker, ask, releaseBytes, show, prepare, confirm },
    release: (wish) => releaseBytes(wish.version, buildPlugin(wish)),
    deploy: async (version) => confirm(await prepare(version)),
    deployAssets: async (pictures) => {
      const assets = `/api/projects/${slug}/wordpress/assets`;
      for (const [name, body] of Object.entries(pictures)) {
        expectStatus(await scene.ask('PUT', `${assets}/${name}`, { as: key, body }), 200);
      }
      const { id } = expectStatus(await ask('POST', `${assets}/deploys`), 201).json as Deploy;
      await worker.drain();
      return confirm(await show(id));
    },
  };
}

/** The answer, when it has this status. */
export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Error(`expected the status ${status}, got ${answer.status}: ${answer.body}`);
}
