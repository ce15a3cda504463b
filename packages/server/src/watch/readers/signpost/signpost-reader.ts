/** Reads projects of other servers of this kind: what is in service, who signed it, and the evidence that its manifest names. */
import { createHash } from 'node:crypto';
import { TrustError } from '@signpost/protocol/errors';
import { parseEnvelope } from '@signpost/protocol/updates/envelope';
import { type Manifest, maxManifestBytes, parseManifest } from '@signpost/protocol/updates/manifest';
import { defaultChannel } from '@signpost/protocol/updates/names';
import type { EvidenceReference } from '@signpost/protocol/updates/release-evidence';
import { type FactSet, unknownEvidence } from '../../facts/fact-set.ts';
import { lineOf } from '../../sources/line.ts';
import type { Answer, Ask } from '../ask.ts';
import type { FoundSignature } from '../facts/found-signature.ts';
import { type EvidenceParts, observeFound } from '../facts/observe-found.ts';
import type { Listing, Reader, ReadSource, Unanswered } from '../reader.ts';
import { judgeManifest } from './judge-manifest.ts';
import {
  type AskedProject,
  askDocument,
  askManifest,
  askRootChanges,
  askTrustList,
  locateProject,
} from './project-server.ts';

/** What the reader works with. */
export interface SignpostReaderParts extends EvidenceParts {
  readonly ask: Ask;
  /** Hosts as keys name them that speak HTTP without TLS. */
  readonly plainHosts: ReadonlySet<string>;
}

/** Bundles of one release that are read; a set with more is capped. */
const maxBundles = 64;

/** Makes the reader. Of a project the server shows what is in service, and nothing of the past. */
export function createSignpostReader(parts: SignpostReaderParts): Reader {
  const { ask, plainHosts } = parts;
  return {
    list: async (source, signal) =>
      listProject(await askManifest(ask, locateProject(source, { plainHosts, signal }), source.validators)),
    observe: async (source, artifact, signal) => {
      const asked = locateProject(source, { plainHosts, signal });
      const answer = await askManifest(ask, asked);
      if (answer.kind === 'unknown') return answer;
      const manifest = answer.status === 200 ? readManifest(answer.body) : undefined;
      if (answer.status === 200 && !manifest) return unreadable();
      if (!manifest || manifest.version !== artifact.names.version) return { kind: 'absent' };
      const facts = await observeManifest(parts, { source, asked, bytes: answer.body, manifest });
      return 'kind' in facts ? facts : { ...artifact, facts };
    },
  };
}

function listProject(answer: Answer): Listing {
  if (answer.kind === 'unknown') return answer;
  if (answer.status === 304) return { kind: 'unchanged' };
  if (answer.status !== 200) return { kind: 'listed', artifacts: [] };
  const manifest = readManifest(answer.body);
  if (!manifest) return unreadable();
  const { version, signedAt: publishedAt, main } = manifest;
  const names = { tag: defaultChannel, version };
  const artifact = { content: main.sha256, names, line: lineOf(version), publishedAt, isDefault: true };
  return { kind: 'listed', artifacts: [artifact], validators: answer.headers.get('etag') ?? undefined };
}

function unreadable(): Unanswered {
  return { kind: 'unknown', reason: 'the server answered with what is no manifest' };
}

/** What the manifest says, whoever signed it. */
function readManifest(bytes: Uint8Array): Manifest | undefined {
  try {
    return parseManifest(parseEnvelope(bytes, 'manifest', maxManifestBytes).document);
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

interface Look {
  readonly source: ReadSource;
  readonly asked: AskedProject;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

async function observeManifest(
  parts: SignpostReaderParts,
  { source, asked, bytes, manifest }: Look,
): Promise<FactSet | Unanswered> {
  const [trustList, rootChanges] = [await askTrustList(parts.ask, asked), await askRootChanges(parts.ask, asked)];
  const found = await findBundles(parts.ask, asked, manifest);
  const { main, signedAt: publishedAt } = manifest;
  const basis = { content: main.sha256, publishedAt };
  if (trustList.kind === 'unknown' || rootChanges.kind === 'unknown' || found === 'unknown') {
    return { ...basis, ...unknownEvidence, isCapped: false };
  }
  const { slug } = asked;
  const signed = { slug, manifest: bytes, trustList: bodyOf(trustList), rootChanges: bodyOf(rootChanges) };
  const { trust, signatures: own } = await judgeManifest({ ...signed, now: parts.now() });
  const { signatures, provenance, vouches, sbom } = await observeFound(parts, {
    ...{ organisationId: source.organisationId, content: main.sha256, found: found.slice(0, maxBundles) },
  });
  const isAttached = namesOf(manifest, 'sbom').length > 0;
  return {
    ...{ ...basis, signatures: [...own, ...signatures], provenance, isCapped: found.length > maxBundles },
    ...(trust && { trust }),
    ...(vouches && { vouches }),
    sbom: sbom === 'absent' && isAttached ? 'about-subject' : sbom,
  };
}

function bodyOf(answer: Answer & { readonly kind: 'answer' }): Uint8Array | undefined {
  return answer.status === 200 ? answer.body : undefined;
}

/** Documents of a kind about the main file. */
function namesOf({ evidence, artifacts, main }: Manifest, kind: string): readonly EvidenceReference[] {
  const names = artifacts.filter(({ sha256 }) => sha256 === main.sha256).map(({ name }) => name);
  return (evidence?.documents ?? []).filter((one) => one.kind === kind && names.includes(one.artifact));
}

/** The bundles that the manifest names. One whose bytes are others is none of them. */
async function findBundles(
  ask: Ask,
  asked: AskedProject,
  manifest: Manifest,
): Promise<readonly FoundSignature[] | 'unknown'> {
  const found: FoundSignature[] = [];
  for (const { url, sha256 } of namesOf(manifest, 'bundle').slice(0, maxBundles + 1)) {
    const answer = await askDocument(ask, asked, url);
    if (answer.kind === 'unknown') return 'unknown';
    const isIt = answer.status === 200 && createHash('sha256').update(answer.body).digest('hex') === sha256;
    if (isIt) found.push({ kind: 'bundle', format: 'detached', bytes: answer.body });
  }
  return found;
}
