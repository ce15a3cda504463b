/** Records of the OSV format (ossf.github.io/osv-schema, 1.x): read strictly, kept as far as a match needs them. */
import { TrustError } from '@signpost/protocol/errors';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseForeignJson,
  readMember,
} from '@signpost/protocol/json/foreign';
import { parseCreated } from '@signpost/protocol/sbom/inspect';
import { keyOfPackage, splitEcosystem } from './ecosystems.ts';
import { rateSeverity, type Severity } from './severity.ts';

/** One change on the way through the versions of a package. */
export interface RangeEvent {
  readonly kind: 'introduced' | 'fixed' | 'last_affected' | 'limit';
  readonly version: string;
}

/** Which versions are affected: those that are listed, and those between events. Git ranges are left out. */
export interface Affected {
  readonly versions: readonly string[];
  readonly ranges: readonly (readonly RangeEvent[])[];
}

/** A package that is affected. */
interface AffectedPackage {
  /** `type/name`. */
  readonly key: string;
  /** What the ecosystem has after its colon. */
  readonly branch: string | undefined;
  readonly affected: Affected;
}

/** A vulnerability, as far as one ecosystem is concerned. */
export interface OsvRecord {
  readonly id: string;
  /** Unix milliseconds. */
  readonly modifiedAt: number;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly severity: Severity;
  readonly packages: readonly AffectedPackage[];
}

/** Bytes of one record: the largest published have some 3 MiB. */
export const maxRecordBytes: number = 16 * 2 ** 20;

/** The largest lists that are kept. */
const maxItems = 100_000;

/**
 * Parses a record as far as `ecosystem` is concerned; undefined for one that is withdrawn or about other ecosystems. Throws `malformed` or
 * `too_large`.
 */
export function parseOsvRecord(bytes: Uint8Array, ecosystem: string): OsvRecord | undefined {
  const record = parseForeignJson(bytes, { maxBytes: maxRecordBytes, maxDepth: 64, maxValues: 2_000_000 });
  if (!isJsonObject(record)) throw new TrustError('malformed', 'expected a vulnerability to be a JSON object');
  const id = readName(record, 'id');
  const modifiedAt = parseCreated(readName(record, 'modified'));
  if (modifiedAt === undefined) throw new TrustError('malformed', `expected ${id} to have a time of modification`);
  if (readMember(record, 'withdrawn') !== undefined) return undefined;
  const affected = listObjects(record, 'affected').filter(
    (item) => splitEcosystem(nameEcosystem(item)).name === ecosystem,
  );
  const packages = affected.map((item) => parsePackage(item));
  if (packages.length === 0) return undefined;
  return {
    ...{ id, modifiedAt, packages, aliases: listTexts(record, 'aliases') },
    summary: (readText(record, 'summary') ?? readText(record, 'details') ?? '').slice(0, 300),
    severity: rate(record, affected),
  };
}

function parsePackage(item: JsonObject): AffectedPackage {
  const { name, branch } = splitEcosystem(nameEcosystem(item));
  const packageObject = readMember(item, 'package');
  const key = keyOfPackage(name, isJsonObject(packageObject) ? readName(packageObject, 'name') : '');
  if (key === undefined) throw new TrustError('malformed', `expected an ecosystem that is known, got ${name}`);
  const ranges = listObjects(item, 'ranges').filter((range) => readText(range, 'type') !== 'GIT');
  return { key, branch, affected: { versions: listTexts(item, 'versions'), ranges: ranges.map(parseEvents) } };
}

function nameEcosystem(item: JsonObject): string {
  const packageObject = readMember(item, 'package');
  return isJsonObject(packageObject) ? (readText(packageObject, 'ecosystem') ?? '') : '';
}

const eventKinds = ['introduced', 'fixed', 'last_affected', 'limit'] as const;

function parseEvents(range: JsonObject): readonly RangeEvent[] {
  return listObjects(range, 'events').map((event) => {
    const found = eventKinds.flatMap((kind) => {
      const version = readText(event, kind);
      return version === undefined ? [] : [{ kind, version }];
    });
    const [only] = found;
    if (!only || found.length > 1) throw new TrustError('malformed', 'expected one change in each event of a range');
    return only;
  });
}

/** The record's own vectors, else those of the packages; else the word of the database, at either place. */
function rate(record: JsonObject, affected: readonly JsonObject[]): Severity {
  const own = listVectors(record);
  const places = [record, ...affected];
  return rateSeverity(own.length > 0 ? own : affected.flatMap(listVectors), places.map(readWord).find(Boolean));
}

function listVectors(object: JsonObject): readonly string[] {
  return listObjects(object, 'severity').flatMap((severity) => readText(severity, 'score') ?? []);
}

function readWord(object: JsonObject): string | undefined {
  for (const name of ['database_specific', 'ecosystem_specific', 'severity']) {
    const value = readMember(object, name);
    if (isJsonObject(value) && typeof readMember(value, 'severity') === 'string') return readText(value, 'severity');
  }
  return undefined;
}

function readText(object: JsonObject, name: string): string | undefined {
  const value = readMember(object, name);
  return typeof value === 'string' ? value : undefined;
}

function readName(object: JsonObject, name: string): string {
  const text = readText(object, name);
  if (text === undefined || text === '' || text.length > 500)
    throw new TrustError('malformed', `expected a vulnerability to have ${name}`);
  return text;
}

function listItems(object: JsonObject, name: string): readonly JsonValue[] {
  const value = readMember(object, name);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new TrustError('malformed', `expected ${name} to be an array`);
  if (value.length > maxItems) throw new TrustError('too_large', `expected at most ${maxItems} items in ${name}`);
  return value;
}

function listObjects(object: JsonObject, name: string): readonly JsonObject[] {
  return listItems(object, name).filter((item) => isJsonObject(item));
}

function listTexts(object: JsonObject, name: string): readonly string[] {
  return listItems(object, name).filter((item) => typeof item === 'string');
}
