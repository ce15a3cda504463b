/** A collection with authors, over HTTP: what they hand in goes through the real pipeline. */
import { createHash } from 'node:crypto';
import { inspectUpload } from '../../src/releases/uploads/inspect-upload.ts';
import { uploadJobKind } from '../../src/releases/uploads/upload.ts';
import type { Database } from '../../src/storage/database.ts';
import { type RunJob, startWorker } from '../../src/storage/jobs.ts';
import { type Answer, type Credential, openPlanesScene, type PlanesScene } from '../planes-scene.ts';
import { buildZip } from '../releases/inspection/zip-builder.ts';

/** What a test has in its hands. */
export interface AuthorDesk {
  readonly scene: PlanesScene;
  readonly manager: Credential;
  /** Makes an author with a key, in the collection `addons` unless another is named. */
  addAuthor(name: string, wish?: { readonly collection?: string; readonly module?: string }): Promise<Author>;
  /** Asks as the manager. */
  manage(method: string, path: string, json?: unknown): Promise<Answer>;
  /** Announces, sends the bytes and waits for the verdict; returns the submission, or the refusal of its announcement. */
  handIn(author: Author, wish?: HandIn): Promise<Answer>;
  announce(author: Author, wish?: HandIn): Promise<Answer>;
  /** Runs the jobs and the events that wait. */
  settle(): Promise<void>;
}

/** An author and the credential of their key. */
interface Author {
  readonly id: string;
  readonly keyId: string;
  readonly as: Credential;
  readonly base: string;
}

/** What is handed in; the rest has defaults. */
export interface HandIn {
  readonly module?: string;
  readonly version?: string;
  readonly bytes?: Buffer;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Opens the server with the collection `addons` and its signing key. */
export async function openAuthorDesk(
  t: Parameters<typeof openPlanesScene>[0],
  database?: Database,
): Promise<AuthorDesk> {
  const scene = await openPlanesScene(t, database && { database });
  const manager = await scene.openPerson(scene.home, 'manager');
  await scene.home.openServerKey(1);
  const manage: AuthorDesk['manage'] = (method, path, json) =>
    scene.ask(method, path, { as: manager, ...(json === undefined ? {} : { json }) });
  await manage('POST', '/api/collections', { slug: 'addons', name: 'Add-ons' });
  const announce: AuthorDesk['announce'] = ({ as, base }, wish = {}) =>
    scene.ask('POST', `${base}/submit`, { as, json: describe(wish) });
  const settle = () => settleAll(scene);
  return {
    ...{ scene, manager, manage, announce, settle },
    addAuthor: async (name, { collection = 'addons', module } = {}) => {
      const { json } = await manage('POST', `/api/collections/${collection}/authors`, {
        name,
        ...(module && { module }),
      });
      const { id, key } = json.key as { id: string; key: string };
      const as = { authorization: `Bearer ${key}` };
      return { id: String(json.id), keyId: id, as, base: `/api/modules/${collection}` };
    },
    handIn: async (author, wish = {}) => {
      const begun = await announce(author, wish);
      if (begun.status !== 201) return begun;
      const path = `${author.base}/submissions/${begun.json.id}`;
      await scene.ask('PUT', `${path}/upload?offset=0`, { as: author.as, body: bytesOf(wish) });
      await settle();
      return scene.ask('GET', path, { as: author.as });
    },
  };
}

function describe({ module = 'maps', version = '1.0.0', extra = {}, ...wish }: HandIn): Record<string, unknown> {
  const bytes = bytesOf({ module, version, ...wish });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { module, version, name: `${module}.zip`, size_bytes: bytes.length, sha256, ...extra };
}

/** The file of a version. */
export function bytesOf({ module = 'maps', version = '1.0.0', bytes }: HandIn): Buffer {
  return bytes ?? Buffer.from(buildZip([{ name: `${module}/module.txt`, content: `${module} ${version}` }]));
}

async function settleAll({ resources, relay }: PlanesScene): Promise<void> {
  const run: RunJob = (job) => inspectUpload(resources, job);
  const worker = startWorker({ ...resources, handlers: { [uploadJobKind]: run }, concurrency: 1 });
  await worker.drain();
  await worker.stop();
  await relay.drain();
}
