/** VEX: what a publisher says to vulnerabilities, in OpenVEX 0.2 or CycloneDX. */
import { TrustError } from '@signpost/protocol/errors';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseForeignJson,
  readMember,
} from '@signpost/protocol/json/foreign';
import { parseCreated } from '@signpost/protocol/sbom/inspect';

/** How a product stands to a vulnerability. `not_affected` and `fixed` suppress. */
type VexStatus = 'not_affected' | 'affected' | 'fixed' | 'under_investigation';

/** One statement about one component, or with `purl` undefined about a whole file. */
interface VexStatement {
  /** Every name of the vulnerability is a statement of its own. */
  readonly vulnerability: string;
  readonly purl: string | undefined;
  /** The file that it is about; undefined for every file with that component. */
  readonly artifactSha256: string | undefined;
  readonly status: VexStatus;
  readonly justification: string | undefined;
  readonly detail: string | undefined;
  /** Unix milliseconds. */
  readonly statedAt: number;
}

/** A document, read. */
export interface VexDocument {
  readonly standard: 'OpenVEX' | 'CycloneDX';
  readonly author: string | undefined;
  readonly statedAt: number;
  readonly statements: readonly VexStatement[];
}

/** What is needed to know whom a document speaks about. */
export interface VexContext {
  readonly maxBytes: number;
  /** SHA-256 of the release's files, in hexadecimal. */
  readonly artifacts: ReadonlySet<string>;
  /** The package URL of what the release's SBOM calls `ref`. */
  readonly findPurl: (ref: string) => string | undefined;
}

const maxStatements = 100_000;

/** Parses a document. Throws `malformed`, `too_large`, `format_unsupported`. */
export function parseVex(bytes: Uint8Array, context: VexContext): VexDocument {
  const document = parseForeignJson(bytes, { maxBytes: context.maxBytes });
  if (!isJsonObject(document)) throw new TrustError('malformed', 'expected a VEX document to be a JSON object');
  const parsed = isOpenVex(document) ? parseOpenVex(document, context) : parseCycloneDxVex(document, context);
  if (parsed.statements.length === 0)
    throw new TrustError('malformed', 'expected a VEX document with statements about this release');
  if (parsed.statements.length > maxStatements)
    throw new TrustError('too_large', `expected at most ${maxStatements} statements`);
  return parsed;
}

function isOpenVex(document: JsonObject): boolean {
  return /^https:\/\/openvex\.dev\/ns(?:\/v0\.2\.\d+)?$/.test(readText(document, '@context') ?? '');
}

function parseOpenVex(document: JsonObject, context: VexContext): VexDocument {
  const statedAt = parseTime(readText(document, 'timestamp'), 'timestamp');
  const statements = listObjects(document, 'statements').flatMap((statement) => {
    const time = readText(statement, 'timestamp');
    const status = parseStatus(readText(statement, 'status') ?? '', statuses);
    const justification = readText(statement, 'justification');
    // OpenVEX, "Status": whoever says not affected says why.
    if (
      status === 'not_affected' &&
      justification === undefined &&
      readText(statement, 'impact_statement') === undefined
    )
      throw new TrustError('malformed', 'expected a justification or an impact statement for not_affected');
    return combine(listNames(statement), listProducts(statement, context), {
      ...{ status, justification, statedAt: time === undefined ? statedAt : parseTime(time, 'timestamp') },
      detail: readText(statement, 'impact_statement') ?? readText(statement, 'status_notes'),
    });
  });
  return { standard: 'OpenVEX', author: readText(document, 'author'), statedAt, statements };
}

const statuses: Readonly<Record<string, VexStatus>> = {
  not_affected: 'not_affected',
  affected: 'affected',
  fixed: 'fixed',
  under_investigation: 'under_investigation',
};

/** The name of the vulnerability and its aliases. */
function listNames(statement: JsonObject): readonly string[] {
  const vulnerability = readMember(statement, 'vulnerability');
  if (typeof vulnerability === 'string') return [vulnerability];
  if (!isJsonObject(vulnerability)) throw new TrustError('malformed', 'expected a statement to name a vulnerability');
  const name = readText(vulnerability, 'name') ?? readText(vulnerability, '@id');
  if (name === undefined) throw new TrustError('malformed', 'expected a vulnerability to have a name');
  return [name, ...listTexts(vulnerability, 'aliases')];
}

/** What a statement is about: a component, a file, or a component of one file. */
type Target = Pick<VexStatement, 'purl' | 'artifactSha256'>;

function listProducts(statement: JsonObject, { artifacts }: VexContext): readonly Target[] {
  return listItems(statement, 'products').flatMap((product) => {
    const parts = isJsonObject(product) ? listItems(product, 'subcomponents') : [];
    const hash = readHash(product);
    const isOurs = hash !== undefined && artifacts.has(hash);
    // Subcomponents of another file say nothing about the same components of this one.
    if (parts.length > 0) return hash === undefined || isOurs ? parts.flatMap((part) => nameTarget(part, hash)) : [];
    return isOurs ? [{ purl: undefined, artifactSha256: hash }] : nameTarget(product, undefined);
  });
}

function nameTarget(product: JsonValue, artifactSha256: string | undefined): readonly Target[] {
  const purl = findPurlOf(product);
  return purl === undefined ? [] : [{ purl, artifactSha256 }];
}

function findPurlOf(product: JsonValue): string | undefined {
  if (typeof product === 'string') return product.startsWith('pkg:') ? product : undefined;
  if (!isJsonObject(product)) return undefined;
  const identifiers = readMember(product, 'identifiers');
  const id = (isJsonObject(identifiers) ? readText(identifiers, 'purl') : undefined) ?? readText(product, '@id');
  return id?.startsWith('pkg:') ? id : undefined;
}

function readHash(product: JsonValue): string | undefined {
  const hashes = isJsonObject(product) ? readMember(product, 'hashes') : undefined;
  return isJsonObject(hashes) ? readText(hashes, 'sha-256')?.toLowerCase() : undefined;
}

const states: Readonly<Record<string, VexStatus>> = {
  not_affected: 'not_affected',
  false_positive: 'not_affected',
  resolved: 'fixed',
  resolved_with_pedigree: 'fixed',
  exploitable: 'affected',
  in_triage: 'under_investigation',
};

function parseCycloneDxVex(document: JsonObject, context: VexContext): VexDocument {
  if (readMember(document, 'bomFormat') !== 'CycloneDX')
    throw new TrustError('format_unsupported', 'expected a VEX document in OpenVEX 0.2 or CycloneDX');
  const metadata = readMember(document, 'metadata');
  const statedAt = parseTime(
    isJsonObject(metadata) ? readText(metadata, 'timestamp') : undefined,
    'metadata.timestamp',
  );
  const own = new Map(
    listObjects(document, 'components').map((component) => [
      readText(component, 'bom-ref'),
      readText(component, 'purl'),
    ]),
  );
  const statements = listObjects(document, 'vulnerabilities').flatMap((vulnerability) => {
    const analysis = readMember(vulnerability, 'analysis');
    const id = readText(vulnerability, 'id');
    if (id === undefined || !isJsonObject(analysis)) return [];
    const targets = listObjects(vulnerability, 'affects').flatMap((target) => {
      const ref = readText(target, 'ref') ?? '';
      const purl = own.get(ref) ?? resolveRef(ref, context);
      return purl === undefined ? [] : [{ purl, artifactSha256: undefined }];
    });
    return combine([id], targets, {
      ...{ status: parseStatus(readText(analysis, 'state') ?? '', states), statedAt },
      ...{ justification: readText(analysis, 'justification'), detail: readText(analysis, 'detail') },
    });
  });
  return { standard: 'CycloneDX', author: undefined, statedAt, statements };
}

/** A package URL as it is, or what a BOM-Link's fragment names in the release's SBOM. */
function resolveRef(ref: string, { findPurl }: VexContext): string | undefined {
  if (ref.startsWith('pkg:')) return ref;
  const fragment = /^urn:cdx:[0-9a-f-]{36}\/\d+#(.+)$/.exec(ref)?.[1];
  return findPurl(fragment === undefined ? ref : decodeURIComponent(fragment));
}

type Said = Omit<VexStatement, 'vulnerability' | keyof Target>;

function combine(names: readonly string[], targets: readonly Target[], said: Said): readonly VexStatement[] {
  return names.flatMap((vulnerability) => targets.map((target) => ({ vulnerability, ...target, ...said })));
}

function parseStatus(text: string, known: Readonly<Record<string, VexStatus>>): VexStatus {
  const status = Object.hasOwn(known, text) ? known[text] : undefined;
  if (status) return status;
  throw new TrustError('malformed', `expected a status of VEX, got ${JSON.stringify(text.slice(0, 40))}`);
}

function parseTime(text: string | undefined, name: string): number {
  const time = text === undefined ? undefined : parseCreated(text);
  if (time === undefined) throw new TrustError('malformed', `expected ${name} to be an RFC 3339 time`);
  return time;
}

function readText(object: JsonObject, name: string): string | undefined {
  const value = readMember(object, name);
  return typeof value === 'string' && value !== '' ? value.slice(0, 4096) : undefined;
}

function listItems(object: JsonObject, name: string): readonly JsonValue[] {
  const value = readMember(object, name);
  return Array.isArray(value) ? value : [];
}

function listObjects(object: JsonObject, name: string): readonly JsonObject[] {
  return listItems(object, name).filter((item) => isJsonObject(item));
}

function listTexts(object: JsonObject, name: string): readonly string[] {
  return listItems(object, name).filter((item) => typeof item === 'string');
}
