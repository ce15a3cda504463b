/** Manifests and indexes (OCI Image Format 1.1; Docker's schema 2), as far as signatures hang on them. */
import { isJsonObject, type JsonObject, type JsonValue, readMember } from '@signpost/protocol/json/foreign';
import { parseJsonObject } from './json-object.ts';

/** What leads to content. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:…`. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations: ReadonlyMap<string, string>;
}

/** A manifest or an index: what one has and the other has not is empty. */
export interface Manifest {
  /** The media type of the configuration, where it names no type of artifact. */
  readonly artifactType: string | undefined;
  readonly layers: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
}

/** The longest manifest that is read, in bytes (OCI Distribution 1.1, "Pushing Manifests"). */
export const maxManifestBytes: number = 4 * 1024 * 1024;

/** The kinds of manifests that are asked for. */
export const manifestTypes: string = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.artifact.manifest.v1+json',
].join(', ');

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Whether `text` is a digest that is read. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/** Parses a manifest; what in it leads nowhere is left out. `undefined`: it is none. */
export function parseManifest(bytes: Uint8Array): Manifest | undefined {
  const document = parseJsonObject(bytes);
  if (!document) return undefined;
  const config = readMember(document, 'config');
  const configType = isJsonObject(config) ? readText(config, 'mediaType') : undefined;
  return {
    artifactType: readText(document, 'artifactType') ?? configType,
    // Those of an artifact manifest are called blobs.
    layers: [...parseDescriptors(document, 'layers'), ...parseDescriptors(document, 'blobs')],
    manifests: parseDescriptors(document, 'manifests'),
  };
}

/** The descriptors of an array. */
export function parseDescriptors(object: JsonObject, name: string): readonly Descriptor[] {
  const values = readMember(object, name);
  return Array.isArray(values) ? values.map(parseDescriptor).filter((descriptor) => descriptor !== undefined) : [];
}

function parseDescriptor(value: JsonValue): Descriptor | undefined {
  if (!isJsonObject(value)) return undefined;
  const [digest, size] = [readText(value, 'digest'), readMember(value, 'size')];
  if (digest === undefined || !isDigest(digest) || typeof size !== 'number' || !(size >= 0)) return undefined;
  return {
    ...{ digest, size, mediaType: readText(value, 'mediaType') ?? '', artifactType: readText(value, 'artifactType') },
    annotations: readAnnotations(value),
  };
}

function readAnnotations(object: JsonObject): ReadonlyMap<string, string> {
  const annotations = readMember(object, 'annotations');
  const entries = isJsonObject(annotations) ? Object.entries(annotations) : [];
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function readText(object: JsonObject, name: string): string | undefined {
  const value = readMember(object, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
