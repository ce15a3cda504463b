/** Kills a server that puts releases of modules into service: what it serves as their catalogue was true before or after, and its version never goes back. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { verifyCatalogue, verifyCatalogueEntry } from '@signpost/protocol/updates/verify-catalogue';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { type VerifiedTrustList, verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { openApiKey } from '../programs/authority.ts';
import { OfflineRoot } from '../programs/offline-root.ts';
import { CallError, createOperator, type Operator, signIn } from '../programs/operator.ts';
import { activateRelease, pinRoot, uploadRelease } from '../programs/publisher.ts';
import { type Installation, install, startServer } from '../programs/server.ts';
import { strike } from './strike.ts';

/** How a run went. */
export interface CatalogueReport {
  readonly findings: readonly string[];
  /** Activations and withdrawals that were acknowledged, and catalogues that were read and verified meanwhile. */
  readonly changes: number;
  readonly read: number;
}

/** What is known of one module from outside. */
interface Known {
  readonly slug: string;
  /** What was acknowledged last: the version on offer; undefined: none. */
  offered: string | undefined;
  /** What was asked for last and not answered yet: it holds, or what was acknowledged does. */
  asked: { readonly offered: string | undefined } | undefined;
}

/** The versions that may be on offer, by module; undefined among them: none. */
type Possible = ReadonlyMap<string, Set<string | undefined>>;

interface Siege {
  readonly installation: Installation;
  readonly headers: Operator['headers'];
  readonly root: string;
  readonly modules: readonly Known[];
  readonly findings: string[];
  /** What each catalogue that is being read may say, by module. */
  readonly readings: Set<Possible>;
  /** The highest version of the catalogue that was ever read. */
  highest: number;
  changes: number;
  read: number;
  sent: number;
}

const collection = 'addons';
const slugs = ['maps', 'news', 'tags'];

/** Kills a server `kills` times, while releases come into service, are withdrawn, and somebody reads the catalogue. */
export async function killWhileActivating(kills: number, report: (line: string) => void): Promise<CatalogueReport> {
  const installation = await install();
  try {
    const siege = await prepare(installation);
    for (let kill = 1; kill <= kills; kill += 1) {
      await killOnce(siege);
      report(`${kill} of ${kills} kills, ${siege.changes} changes, ${siege.read} catalogues read`);
    }
    const { findings, changes, read } = siege;
    return { findings, changes, read };
  } finally {
    await installation.remove();
  }
}

async function prepare(installation: Installation): Promise<Siege> {
  const server = await startServer(installation);
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  const root = await OfflineRoot.create();
  await pinRoot(operator, root);
  await operator.call('POST', '/api/collections', { slug: collection });
  for (const slug of slugs) {
    await operator.call('POST', `/api/collections/${collection}/modules`, { slug, accepted_types: ['any'] });
  }
  const headers = await openApiKey(operator, ['read', 'upload', 'manage', 'activate', 'admin']);
  await server.stop();
  const modules = slugs.map((slug) => ({ slug, offered: undefined, asked: undefined }));
  return {
    installation,
    headers,
    root: root.pubkeyB64,
    modules,
    findings: [],
    readings: new Set(),
    highest: 0,
    changes: 0,
    read: 0,
    sent: 0,
  };
}

async function killOnce(siege: Siege): Promise<void> {
  const before = siege.changes;
  await strike(siege, {
    begin: (operator) => [
      ...siege.modules.map((module) => repeatUntilGone(siege, () => changeModule(siege, operator, module))),
      repeatUntilGone(siege, () => readCatalogue(siege, operator, { isQuiet: false })),
    ],
    isAnswered: () => siege.changes > before,
  });
  const server = await startServer(siege.installation);
  const operator = createOperator(server.base, siege.headers);
  await readCatalogue(siege, operator, { isQuiet: true });
  await operator.call('GET', '/api/audit/verify');
  await server.stop();
}

async function repeatUntilGone(siege: Siege, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof CallError)) return;
      // The vault is opened while the server already answers.
      if (error.status < 500 && error.problem?.code !== 'vault_locked') siege.findings.push(error.message);
      await delay(20);
    }
  }
}

/** Brings the next version into service; one in four is withdrawn right after, which leaves nothing on offer. */
async function changeModule(siege: Siege, operator: Operator, module: Known): Promise<void> {
  const { slug } = module;
  siege.sent += 1;
  const version = `1.0.${siege.sent}`;
  const isTaken = siege.sent % 4 === 0;
  const bytes = Buffer.concat([Buffer.from('noise:'), randomBytes(1_000)]);
  await uploadRelease(operator, { project: slug, version, name: 'app.bin', bytes });
  await change(siege, module, version, () => activateRelease(operator, slug, version));
  if (!isTaken) return;
  const withdraw = `/api/projects/${slug}/releases/${version}/withdraw`;
  await change(siege, module, undefined, () => operator.call('POST', withdraw, { reason: 'broken' }));
}

async function change(
  siege: Siege,
  module: Known,
  offered: string | undefined,
  act: () => Promise<unknown>,
): Promise<void> {
  module.asked = { offered };
  // From here on a catalogue may say either.
  for (const possible of siege.readings) possible.get(module.slug)?.add(offered);
  await act();
  Object.assign(module, { offered, asked: undefined });
  siege.changes += 1;
}

/** As a client reads it: every signature holds, the version is none of the past, and each module is as it was before or after what is under way. */
async function readCatalogue(
  siege: Siege,
  operator: Operator,
  { isQuiet }: { readonly isQuiet: boolean },
): Promise<void> {
  // What may be on offer: what held when the question was sent, and everything that was asked for until it was answered.
  const possible: Possible = new Map(siege.modules.map((module) => [module.slug, new Set(listPossible(module))]));
  siege.readings.add(possible);
  const bytes = await readBytes(`${operator.base}/api/modules/${collection}`).finally(() =>
    siege.readings.delete(possible),
  );
  const trust = await readTrust(siege, operator);
  const now = Date.now();
  const catalogue = await verifyCatalogue(bytes, { trust, collection, now });
  if (catalogue.version < siege.highest) {
    siege.findings.push(`the catalogue went back from ${siege.highest} to ${catalogue.version}`);
  }
  siege.highest = Math.max(siege.highest, catalogue.version);
  const offered = new Map<string, string>();
  for (const entry of catalogue.entries) {
    const { slug, currentVersion, manifest } = await verifyCatalogueEntry(entry, {
      trust,
      collection,
      now,
      bases: [''],
    });
    offered.set(slug, currentVersion);
    if (isQuiet) await compareManifest(siege, operator, { slug, counter: manifest.counter, trust });
  }
  for (const [slug, states] of possible) {
    const state = offered.get(slug);
    if (states.has(state)) continue;
    siege.findings.push(`${slug} is offered as ${state}, and was ${[...states].join(' or ')}`);
  }
  siege.read += 1;
  if (isQuiet) settle(siege, offered);
}

function listPossible({ offered, asked }: Known): readonly (string | undefined)[] {
  return asked ? [offered, asked.offered] : [offered];
}

/** After a kill nothing is under way: what the catalogue offers is what the module's own manifest says, and what holds from here on. */
async function compareManifest(
  siege: Siege,
  operator: Operator,
  { slug, counter, trust }: { readonly slug: string; readonly counter: number; readonly trust: VerifiedTrustList },
): Promise<void> {
  const bytes = await readBytes(`${operator.base}/api/projects/${slug}/manifest`);
  const manifest = await verifyManifest(bytes, { trust, project: slug, channel: 'stable', now: Date.now() });
  if (manifest.counter !== counter) {
    siege.findings.push(`${slug} is at counter ${manifest.counter}, and in the catalogue at ${counter}`);
  }
}

function settle({ modules }: Siege, offered: ReadonlyMap<string, string>): void {
  for (const module of modules) Object.assign(module, { offered: offered.get(module.slug), asked: undefined });
}

async function readTrust({ root }: Siege, operator: Operator): Promise<VerifiedTrustList> {
  const bytes = await readBytes(`${operator.base}/api/signing/trust`);
  return verifyTrustList(bytes, { roots: { keys: [await parsePublicKey(root)], threshold: 1 }, now: Date.now() });
}

async function readBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.status === 200) return bytes;
  throw new CallError(`GET ${url}`, response.status, JSON.parse(new TextDecoder().decode(bytes)));
}
