/** Where signatures, attestations and SBOMs hang on an image: cosign's tags, the referrers API, and the tag that stands in for it. */
import type { NoAnswer } from '../ask.ts';
import { mayBeEvidence } from './layer-kind.ts';
import { type Descriptor, isDigest, type Manifest, parseDescriptors, parseManifest } from './manifest.ts';
import { readPages } from './pages.ts';
import { readManifest } from './read-content.ts';
import type { Visit } from './visit.ts';

/** What may hang in a place. */
export type EvidenceGroup = 'signatures' | 'provenance' | 'sbom';

/** A manifest that hangs on the image. */
export interface Attachment {
  readonly groups: readonly EvidenceGroup[];
  /** `sig-tag`: under a tag of cosign's; `referrer`: it says itself what it is about. */
  readonly format: 'sig-tag' | 'referrer';
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Absent: the bytes are none. */
  readonly manifest: Manifest | undefined;
}

/** All that hangs on an image. */
export interface Attachments {
  readonly attachments: readonly Attachment[];
  /** Groups that hang where nobody could look, with the reason. */
  readonly unknown: ReadonlyMap<EvidenceGroup, string>;
  /** There is more than was read. */
  readonly isCapped: boolean;
}

/** Referrers that are looked into. */
const maxReferrers = 64;
const maxReferrerPages = 8;
const allGroups: readonly EvidenceGroup[] = ['signatures', 'provenance', 'sbom'];

/** What cosign appends to the digest (sigstore/cosign, specs/SIGNATURE_SPEC.md, "Tag-based discovery"). */
const cosignTags: readonly (readonly [string, readonly EvidenceGroup[]])[] = [
  ['.sig', ['signatures']],
  ['.att', allGroups],
  ['.sbom', ['sbom']],
];

/** Looks in every place; the image itself was read before, so that what is not there is absent. */
export async function findAttachments(visit: Visit, digest: string): Promise<Attachments> {
  const unknown = new Map<EvidenceGroup, string>();
  const note = (groups: readonly EvidenceGroup[], { reason }: NoAnswer) => {
    for (const group of groups) if (!unknown.has(group)) unknown.set(group, reason);
  };
  const attachments: Attachment[] = [];
  const name = digest.replace(':', '-');
  for (const [suffix, groups] of cosignTags) {
    const read = await readManifest(visit, `${name}${suffix}`);
    if (read.kind === 'unknown') note(groups, read);
    if (read.kind === 'content') attachments.push(attach(read.bytes, { groups, format: 'sig-tag' }));
  }
  const referrers = await findReferrers(visit, digest);
  for (const failure of referrers.failures) note(allGroups, failure);
  for (const referrer of referrers.descriptors.slice(0, maxReferrers)) {
    const read = await readManifest(visit, referrer.digest);
    if (read.kind === 'unknown') note(allGroups, read);
    if (read.kind === 'content') attachments.push(attach(read.bytes, { groups: allGroups, format: 'referrer' }));
  }
  return { attachments, unknown, isCapped: referrers.isCapped || referrers.descriptors.length > maxReferrers };
}

function attach(bytes: Uint8Array<ArrayBuffer>, place: Pick<Attachment, 'groups' | 'format'>): Attachment {
  return { ...place, bytes, manifest: parseManifest(bytes) };
}

interface Referrers {
  readonly descriptors: readonly Descriptor[];
  readonly failures: readonly NoAnswer[];
  readonly isCapped: boolean;
}

/** Both lists: what was pushed before a registry had the API stands in the tag alone (OCI Distribution 1.1, "Referrers Tag Schema"). */
async function findReferrers(visit: Visit, digest: string): Promise<Referrers> {
  const listed = await readPages(visit, {
    ...{ path: `referrers/${digest}`, accept: 'application/vnd.oci.image.index.v1+json', maxPages: maxReferrerPages },
  });
  const tagged = await readManifest(visit, digest.replace(':', '-'));
  const failures = [listed, tagged].filter((one): one is NoAnswer => one.kind === 'unknown' && !isUnsupported(one));
  const found = new Map<string, Descriptor>();
  const pages = listed.kind === 'pages' ? listed.pages : [];
  const descriptors = [
    ...pages.flatMap((page) => parseDescriptors(page, 'manifests')),
    ...(tagged.kind === 'content' ? (parseManifest(tagged.bytes)?.manifests ?? []) : []),
  ];
  for (const descriptor of descriptors)
    if (mayBeEvidence(descriptor.artifactType)) found.set(descriptor.digest, descriptor);
  return { descriptors: [...found.values()], failures, isCapped: listed.kind === 'pages' && listed.isCapped };
}

/** Registries from before the API answer so where others say 404. */
function isUnsupported({ status }: NoAnswer): boolean {
  return status === 400 || status === 405 || status === 406;
}

/** Whether a tag is of one of these places, and names no release. */
export function isAttachmentTag(tag: string): boolean {
  const [, digest] = /^sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/.exec(tag) ?? [];
  return digest !== undefined && isDigest(`sha256:${digest}`);
}
