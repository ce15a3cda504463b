/** Judges a server after crashes, from outside and by the protocol package. Each finding is one sentence. */
import { createHash } from 'node:crypto';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { type VerifiedManifest, verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { type VerifiedTrustList, verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Operator } from '../programs/operator.ts';
import { findHighestCounter, type History, type SentRelease } from './history.ts';

/** What is judged. */
export interface Evidence {
  readonly operator: Operator;
  readonly history: History;
  readonly projects: readonly string[];
  /** The pinned root, base64. */
  readonly root: string;
}

/** Quick: lists and manifests verify, and no number went back. Throws TrustError when one does not verify. */
export async function findSetbacks(evidence: Evidence): Promise<readonly string[]> {
  const { history, projects } = evidence;
  const trust = await readTrust(evidence);
  const findings: string[] = [];
  if (trust.version < history.trustVersion) {
    findings.push(`the trust list went back from ${history.trustVersion} to ${trust.version}`);
  }
  for (const project of projects) {
    const highest = findHighestCounter(history, project);
    const manifest = await readManifest(evidence, project, trust);
    const counter = manifest?.counter ?? 0;
    if (counter < highest) findings.push(`the counter of ${project} went back from ${highest} to ${counter}`);
  }
  return findings;
}

/** Everything: besides `findSetbacks`, the audit chain, each release sent, and that nothing else can be had. */
export async function findLosses(evidence: Evidence): Promise<readonly string[]> {
  const findings = [...(await findSetbacks(evidence))];
  await evidence.operator.call('GET', '/api/audit/verify');
  for (const project of evidence.projects) {
    const { releases } = await evidence.operator.call('GET', `/api/projects/${project}/releases`);
    const states = new Map<string, string>(
      releases.map(({ version, state }: { version: string; state: string }) => [version, state]),
    );
    const sent = evidence.history.releases.filter((release) => release.project === project);
    for (const release of sent) {
      findings.push(...(await judgeRelease(evidence.operator.base, release, states.get(release.version))));
    }
    const known = new Set(sent.map(({ version }) => version));
    findings.push(
      ...[...states.keys()].filter((version) => !known.has(version)).map((version) => `${version} came from nowhere`),
    );
    findings.push(...judgeActive(project, states));
  }
  return findings;
}

async function judgeRelease(base: string, release: SentRelease, state: string | undefined): Promise<readonly string[]> {
  const { project, version } = release;
  const findings: string[] = [];
  if (state === undefined && release.state !== 'sent')
    findings.push(`${project} ${version} was acknowledged and is lost`);
  if (release.state === 'active' && state !== 'active' && state !== 'superseded') {
    findings.push(`the activation of ${project} ${version} was acknowledged, and it is ${state}`);
  }
  const isPublic = state === 'active' || state === 'superseded';
  const response = await fetch(`${base}/${project}/${version}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!isPublic && response.status !== 404) findings.push(`${project} ${version} can be had and was not published`);
  if (isPublic && createHash('sha256').update(bytes).digest('hex') !== release.sha256) {
    findings.push(`${project} ${version} is not what was sent, or is not there (${response.status})`);
  }
  return findings;
}

function judgeActive(project: string, states: ReadonlyMap<string, string>): readonly string[] {
  const active = [...states.values()].filter((state) => state === 'active').length;
  return active <= 1 ? [] : [`${project} has ${active} active releases`];
}

async function readTrust({ operator, root }: Evidence): Promise<VerifiedTrustList> {
  const bytes = await readBytes(`${operator.base}/api/signing/trust`);
  if (!bytes) throw new Error('expected a trust list');
  return verifyTrustList(bytes, { roots: { keys: [await parsePublicKey(root)], threshold: 1 }, now: Date.now() });
}

async function readManifest(
  { operator }: Evidence,
  project: string,
  trust: VerifiedTrustList,
): Promise<VerifiedManifest | undefined> {
  const bytes = await readBytes(`${operator.base}/api/projects/${project}/manifest`);
  return bytes && verifyManifest(bytes, { trust, project, channel: 'stable', now: Date.now() });
}

async function readBytes(url: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const response = await fetch(url);
  if (response.status === 404) return undefined;
  if (response.status !== 200) throw new Error(`expected 200 from ${url}, got ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
