/** Reads what hangs on an image, as far as it may say who signed. */
import type { FoundSignature } from '../facts/found-signature.ts';
import { maxSignatureBytes } from '../facts/found-signature.ts';
import type { Attachment, Attachments, EvidenceGroup } from './attachments.ts';
import { classifyLayer, type LayerKind } from './layer-kind.ts';
import type { Descriptor } from './manifest.ts';
import { readBlob } from './read-content.ts';
import { isOver, type Visit } from './visit.ts';

/** What was read. */
export interface ReadAttachments {
  readonly found: readonly FoundSignature[];
  /** An SBOM hangs on the image, unsigned. */
  readonly hasSbom: boolean;
  readonly unknown: ReadonlyMap<EvidenceGroup, string>;
  readonly isCapped: boolean;
}

/** Layers that are read of one image, those among them that have to be asked for, and the bytes of all of them. */
const maxLayers = 64;
const maxAsked = 32;
const maxTotalBytes = 12 * 1024 * 1024;

interface Layer {
  readonly attachment: Attachment;
  readonly descriptor: Descriptor;
  readonly kind: Exclude<LayerKind, 'sbom' | 'foreign-signature'>;
}

/** Reads all layers that are signatures, up to a limit; over it `isCapped` is true. */
export async function readAttachments(visit: Visit, { attachments, ...rest }: Attachments): Promise<ReadAttachments> {
  const unknown = new Map(rest.unknown);
  const layers = takeTurns(attachments.map(listLayers));
  const small = layers.filter(({ descriptor }) => descriptor.size <= maxSignatureBytes);
  let isCapped = rest.isCapped || layers.length > maxLayers || small.length < layers.length;
  const found: FoundSignature[] = attachments.flatMap(describeUnread);
  let [bytesLeft, asked] = [maxTotalBytes, 0];
  for (const { attachment, descriptor, kind } of small.slice(0, maxLayers)) {
    const isKnown = visit.client.contents.find(descriptor.digest) !== undefined;
    // Where there is too much anyhow, what there is no time for is left for the next look, and not unknown.
    if (descriptor.size > bytesLeft || (!isKnown && (asked === maxAsked || (isCapped && isOver(visit))))) {
      isCapped = true;
      continue;
    }
    bytesLeft -= descriptor.size;
    if (!isKnown) asked += 1;
    const blob = await readBlob(visit, descriptor);
    if (blob.kind === 'content') found.push(describe(kind, { attachment, descriptor, bytes: blob.bytes }));
    if (blob.kind !== 'unknown') continue;
    for (const group of attachment.groups) if (!unknown.has(group)) unknown.set(group, blob.reason);
  }
  const hasSbom = attachments.some(({ manifest }) =>
    manifest?.layers.some(({ mediaType }) => classifyLayer(mediaType) === 'sbom'),
  );
  return { found, hasSbom, unknown, isCapped };
}

function listLayers(attachment: Attachment): readonly Layer[] {
  return (attachment.manifest?.layers ?? []).flatMap((descriptor) => {
    const kind = classifyLayer(descriptor.mediaType);
    return kind === undefined || kind === 'sbom' || kind === 'foreign-signature'
      ? []
      : [{ attachment, descriptor, kind }];
  });
}

/** One of each attachment, then the next of each: whoever fills one place hides nothing in another. */
function takeTurns<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list.slice(index, index + 1))).flat();
}

/** What is there without being read: other kinds of signatures, and a manifest that is none. */
function describeUnread({ manifest, format, bytes }: Attachment): readonly FoundSignature[] {
  if (!manifest) return [{ kind: 'bundle', format, bytes }];
  const isForeign = manifest.layers.some(({ mediaType }) => classifyLayer(mediaType) === 'foreign-signature');
  return isForeign ? [{ kind: 'foreign', format }] : [];
}

function describe(
  kind: Layer['kind'],
  {
    attachment: { format },
    descriptor: { annotations },
    bytes,
  }: {
    readonly attachment: Attachment;
    readonly descriptor: Descriptor;
    readonly bytes: Uint8Array<ArrayBuffer>;
  },
): FoundSignature {
  switch (kind) {
    case 'bundle':
      return { kind, format: 'bundle', bytes };
    case 'cosign-signature':
      return { kind, format, payload: bytes, annotations };
    case 'envelope':
      return { kind: 'cosign-attestation', format, envelope: bytes, annotations };
  }
}
