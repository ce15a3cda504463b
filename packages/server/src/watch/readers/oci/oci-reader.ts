/** Reads repositories of images: what their tags lead to, and all that is signed about it. */
import type { FactSet } from '../../facts/fact-set.ts';
import type { ObservedArtifact } from '../../recording/sighting.ts';
import type { BundleFacts } from '../facts/observe-bundles.ts';
import { type EvidenceParts, observeFound } from '../facts/observe-found.ts';
import type { ListedArtifact, Reader, ReadSource, Unanswered } from '../reader.ts';
import { findAttachments } from './attachments.ts';
import { type ReadAttachments, readAttachments } from './found-signatures.ts';
import { listTags } from './list-tags.ts';
import { parsePlace } from './place.ts';
import { readManifest } from './read-content.ts';
import type { RegistryClient } from './registry-client.ts';
import { type Absent, beginVisit, type Visit } from './visit.ts';

/** What a reader works with. */
export interface OciReaderParts extends EvidenceParts {
  readonly client: RegistryClient;
  /** Registries as keys name them that speak HTTP without TLS; those on this machine do by themselves. */
  readonly plainHosts: ReadonlySet<string>;
}

/** Whoever waits for a look waits a minute, and for a list five: what was seen until then is better than nothing. */
const observeLimitMs = 35_000;
const listLimitMs = 240_000;

/** Makes a reader. It asks nobody before it is asked. */
export function createOciReader(parts: OciReaderParts): Reader {
  const visit = ({ key }: ReadSource, signal: AbortSignal, limitMs: number) =>
    beginVisit(parts.client, parsePlace(key, parts.plainHosts), { signal, limitMs });
  return {
    list: (source, signal) => listTags(visit(source, signal, listLimitMs), source.validators),
    observe: (source, artifact, signal) =>
      observeImage(parts, visit(source, signal, observeLimitMs), { artifact, organisationId: source.organisationId }),
  };
}

async function observeImage(
  parts: OciReaderParts,
  visit: Visit,
  { artifact, organisationId }: { readonly artifact: ListedArtifact; readonly organisationId: string },
): Promise<ObservedArtifact | Unanswered | Absent> {
  const { names, line, isDefault } = artifact;
  const reference = names.tag ?? (artifact.content === undefined ? undefined : `sha256:${artifact.content}`);
  if (reference === undefined) throw new TypeError('expected an artifact with a tag or a digest');
  const image = await readManifest(visit, reference);
  if (image.kind === 'unknown') return { kind: 'unknown', reason: image.reason, retryAfterMs: image.retryAfterMs };
  if (image.kind === 'absent') return image;
  const content = image.digest.slice('sha256:'.length);
  const read = await readAttachments(visit, await findAttachments(visit, image.digest));
  const facts = await observeFound(parts, { organisationId, content, found: read.found });
  return { facts: describeFacts(content, { facts, read }), names, line, isDefault };
}

/** When it was published, only a proof says: whoever builds an image writes any date into it, and would so have a past. */
function describeFacts(
  content: string,
  { facts, read }: { readonly facts: BundleFacts; readonly read: ReadAttachments },
): FactSet {
  const { unknown } = read;
  const sbom = facts.sbom === 'absent' && read.hasSbom ? 'about-subject' : facts.sbom;
  return {
    signatures: unknown.has('signatures') ? 'unknown' : facts.signatures,
    isCapped: read.isCapped,
    provenance: unknown.has('provenance') ? 'unknown' : facts.provenance,
    ...(facts.vouches && { vouches: facts.vouches }),
    sbom: unknown.has('sbom') && sbom === 'absent' ? 'unknown' : sbom,
    content,
    publishedAt: facts.signedAt,
  };
}
