/** Where signatures, attestations and SBOMs hang on an image: cosign's tags, the referrers API, and the tag that stands in for it. */
import type { NoAnswer } from '../ask.ts';
import { mayBeEvidence, rankType } from './layer-kind.ts';
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

/** Referrers that are looked into, and those among them that have to be asked for: what was read before costs nothing, and the rest is for the next look. */
const maxReferrers = 64;
const maxAsked = 24;
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
  const { known, asked, isCapped: isFlooded } = chooseReferrers(visit, referrers.descriptors);
  let isCapped = referrers.isCapped || isFlooded;
  for (const bytes of known) attachments.push(attach(bytes, { groups: allGroups, format: 'referrer' }));
  for (const { digest: reference } of asked) {
    // Whoever hangs much on an image must not use up the time for what was there before, nor make that unknown.
    if (isCapped && visit.client.now() > visit.halfAt) break;
    const read = await readManifest(visit, reference);
    if (read.kind === 'unknown' && read.isTooLong) isCapped = true;
    else if (read.kind === 'unknown') note(allGroups, read);
    if (read.kind === 'content') attachments.push(attach(read.bytes, { groups: allGroups, format: 'referrer' }));
  }
  return { attachments, unknown, isCapped };
}

/** Those that say what they are come first, and of these the newest. */
function chooseReferrers(visit: Visit, descriptors: readonly ListedReferrer[]) {
  const ordered = [...descriptors].sort(
    (left, right) => rankType(left.artifactType) - rankType(right.artifactType) || timeOf(right) - timeOf(left),
  );
  const bytesOf = ({ isListed, digest }: ListedReferrer) => (isListed ? visit.client.contents.find(digest) : undefined);
  const known = ordered.flatMap((one) => bytesOf(one) ?? []);
  const others = ordered.filter((one) => bytesOf(one) === undefined);
  const asked = others.slice(0, maxAsked);
  const free = known.slice(0, maxReferrers - asked.length);
  return { known: free, asked, isCapped: free.length + asked.length < descriptors.length };
}

/** When it says that it was made; `-Infinity` unless it does. */
function timeOf({ annotations }: Descriptor): number {
  const time = Date.parse(annotations.get('org.opencontainers.image.created') ?? '');
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
}

function attach(bytes: Uint8Array<ArrayBuffer>, place: Pick<Attachment, 'groups' | 'format'>): Attachment {
  return { ...place, bytes, manifest: parseManifest(bytes) };
}

/** What stands in the list of the API is there; what the tag names may be gone. */
interface ListedReferrer extends Descriptor {
  readonly isListed: boolean;
}

interface Referrers {
  readonly descriptors: readonly ListedReferrer[];
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
  const found = new Map<string, ListedReferrer>();
  const note = (isListed: boolean, descriptors: readonly Descriptor[]) => {
    for (const one of descriptors) if (mayBeEvidence(one.artifactType)) found.set(one.digest, { ...one, isListed });
  };
  if (tagged.kind === 'content') note(false, parseManifest(tagged.bytes)?.manifests ?? []);
  const pages = listed.kind === 'pages' ? listed.pages : [];
  for (const page of pages) note(true, parseDescriptors(page, 'manifests'));
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
