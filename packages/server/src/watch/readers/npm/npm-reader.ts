/** Reads packages of npm: every version that a registry shows, by whom it was published, and who attests to it. */
import { createHash } from 'node:crypto';
import { type PublisherFact, unknownEvidence } from '../../facts/fact-set.ts';
import type { Ask } from '../ask.ts';
import { nameContent } from '../facts/content-name.ts';
import type { FoundSignature } from '../facts/found-signature.ts';
import type { BundleFacts } from '../facts/observe-bundles.ts';
import { type EvidenceParts, observeFound } from '../facts/observe-found.ts';
import type { ListedArtifact, Reader, ReadSource, Unanswered } from '../reader.ts';
import { type Publisher, readAttestations, readVersion, readVersions, type VersionDocument } from './document.ts';
import type { NpmSettings } from './npmrc.ts';
import { type AskedPackage, askAttestations, askPackument, askVersion, locatePackage } from './registry.ts';
import { createRegistryKeys, type ReadRegistryKeys } from './registry-keys.ts';
import { judgeRegistrySignatures } from './registry-signature.ts';

/** What the reader works with. */
export interface NpmReaderParts extends EvidenceParts {
  readonly ask: Ask;
  /** Read again for each look: credentials change. `undefined`: there are none. */
  readonly readSettings: () => Promise<NpmSettings | undefined>;
}

/** Attestations of one version that are read; a set with more is capped. */
const maxAttestations = 64;
/** What the registry says of a publication under its own key, which is no signature of whoever published. */
const publishPredicate = 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1';

/** Makes the reader. */
export function createNpmReader(parts: NpmReaderParts): Reader {
  const readKeys = createRegistryKeys(parts.ask, parts.now);
  return {
    list: async (source, signal) => {
      const asked = locatePackage(await parts.readSettings(), nameOf(source), signal);
      if ('kind' in asked) return asked;
      const answer = await askPackument(parts.ask, asked, source.validators);
      if (answer.kind === 'unknown') return answer;
      if (answer.status === 304) return { kind: 'unchanged' };
      if (answer.status !== 200) return { kind: 'listed', artifacts: [] };
      const artifacts = readVersions(answer.body);
      if (!artifacts) return unreadable('no document of a package');
      return { kind: 'listed', artifacts, validators: answer.headers.get('etag') ?? undefined };
    },
    observe: async (source, artifact, signal) => {
      const asked = locatePackage(await parts.readSettings(), nameOf(source), signal);
      return 'kind' in asked ? asked : observeVersion({ ...parts, readKeys }, { source, asked, artifact });
    },
  };
}

function nameOf({ key }: ReadSource): string {
  return key.slice('npm:'.length);
}

function unreadable(what: string): Unanswered {
  return { kind: 'unknown', reason: `the registry answered with ${what}` };
}

type ObservingParts = NpmReaderParts & { readonly readKeys: ReadRegistryKeys };

interface Look {
  readonly source: ReadSource;
  readonly asked: AskedPackage;
  readonly artifact: ListedArtifact;
}

async function observeVersion(parts: ObservingParts, look: Look): ReturnType<Reader['observe']> {
  const { asked, artifact } = look;
  const { version = '' } = artifact.names;
  const answer = await askVersion(parts.ask, asked, version);
  if (answer.kind === 'unknown') return answer;
  if (answer.status !== 200) return { kind: 'absent' };
  const document = readVersion(answer.body, { name: asked.name, version });
  if (!document) return unreadable('no document of the version');
  const attested = await observeAttestations(parts, look, document);
  const facts = {
    ...{ content: nameContent(document.digest), publishedAt: artifact.publishedAt, isCapped: attested.isCapped },
    ...{ signatures: attested.signatures, provenance: attested.provenance, sbom: attested.sbom },
    ...('vouches' in attested && attested.vouches && { vouches: attested.vouches }),
    publisher: await describePublisher(parts, look, document),
  };
  return { facts, names: artifact.names, line: artifact.line, isDefault: artifact.isDefault };
}

type Attested = { readonly isCapped: boolean } & (
  | Pick<BundleFacts, 'signatures' | 'provenance' | 'vouches' | 'sbom'>
  | typeof unknownEvidence
);

async function observeAttestations(parts: NpmReaderParts, look: Look, document: VersionDocument): Promise<Attested> {
  const found = document.hasAttestations ? await findAttestations(parts.ask, look) : [];
  if (found === 'unknown') return { ...unknownEvidence, isCapped: false };
  const { sha512 } = digestsOf(document);
  if (found.length === 0 || !sha512) return { signatures: [], provenance: [], sbom: 'absent', isCapped: false };
  const facts = await observeFound(parts, {
    ...{ organisationId: look.source.organisationId, content: nameContent(document.digest), digests: { sha512 } },
    found: found.slice(0, maxAttestations),
  });
  return { ...facts, isCapped: found.length > maxAttestations };
}

function digestsOf({ digest }: VersionDocument): { readonly sha512?: Uint8Array<ArrayBuffer> } {
  return digest.algorithm === 'sha512' ? { sha512: new Uint8Array(Buffer.from(digest.hex, 'hex')) } : {};
}

async function findAttestations(ask: Ask, { asked, artifact }: Look): Promise<readonly FoundSignature[] | 'unknown'> {
  const answer = await askAttestations(ask, asked, artifact.names.version ?? '');
  if (answer.kind === 'unknown') return 'unknown';
  if (answer.status !== 200) return [];
  const stored = readAttestations(answer.body);
  if (!stored) return 'unknown';
  return stored
    .filter(({ predicateType }) => predicateType !== publishPredicate)
    .map(({ bundle }) => ({ kind: 'bundle', format: 'bundle', bytes: bundle }));
}

async function describePublisher(
  { readKeys }: ObservingParts,
  { asked, artifact }: Look,
  document: VersionDocument,
): Promise<PublisherFact> {
  const { publisher, integrity, signatures } = document;
  const { version = '' } = artifact.names;
  const signed = { name: asked.name, version, integrity, publishedAt: artifact.publishedAt };
  const keys = await readKeys(asked);
  return {
    channel: chooseChannel(publisher),
    account: publisher && nameAccount(publisher),
    registrySignature: keys === 'unknown' ? keys : await judgeRegistrySignatures(signed, signatures, keys),
  };
}

/** Whoever waits for a second person's word stands highest; then the registry no longer tells whether a build published it. */
function chooseChannel(publisher: Publisher | undefined): PublisherFact['channel'] {
  if (!publisher) return 'none';
  if (publisher.isApproved) return 'staged';
  return publisher.isTrusted ? 'trusted-publisher' : 'token';
}

/** The name, and of the address a digest alone. */
function nameAccount({ name, email }: Publisher): string | undefined {
  if (name === undefined || email === undefined || email === '') return name;
  const digest = createHash('sha256').update(email.toLowerCase()).digest('hex').slice(0, 16);
  return `${name} (address ${digest})`;
}
