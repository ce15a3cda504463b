/** What no schema sees: a closed graph of references, package URLs, the digest of the artifact, the date, the NTIA's elements. */
import { TrustError } from '../errors.ts';
import type { Component, ComponentDigest, Sbom } from './component.ts';
import { createFinding, type SbomFinding } from './finding.ts';
import { findNtiaGaps } from './ntia.ts';
import { type Purl, parsePurl } from './purl.ts';

/** What an SBOM is compared with. */
export interface SbomExpectation {
  /** Digests of the artifact that it must describe, under names such as `sha256`, in lower-case hexadecimal. */
  readonly artifact: Readonly<Record<string, string>>;
  /** Unix milliseconds. */
  readonly now: number;
}

/** How far a clock may be ahead. */
const clockSkewMs = 5 * 60_000;

/** All findings, errors and warnings, one for each rule that is broken. */
export function inspectSbom(sbom: Sbom, { artifact, now }: SbomExpectation): readonly SbomFinding[] {
  return [
    ...inspectReferences(sbom),
    ...inspectPurls(sbom),
    ...inspectDigests(sbom, artifact),
    ...inspectDate(sbom, now),
    ...findNtiaGaps(sbom),
  ];
}

function inspectReferences(sbom: Sbom): readonly SbomFinding[] {
  const declared = new Set(sbom.declaredRefs);
  const dangling = sbom.usedRefs.filter(({ ref }) => !declared.has(ref)).map(({ ref, at }) => `${ref} in ${at}`);
  return [
    ...createFinding('reference_duplicate', 'error', listRepeated(sbom.declaredRefs)),
    ...createFinding('reference_dangling', 'error', [...new Set(dangling)]),
    ...createFinding(
      'described_missing',
      'warning',
      sbom.described.length === 0 ? ['it does not say what it is about'] : [],
    ),
  ];
}

function listRepeated(texts: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return [...new Set(texts.filter((text) => seen.size === seen.add(text).size))];
}

function inspectPurls({ components }: Sbom): readonly SbomFinding[] {
  const invalid: string[] = [];
  const different: string[] = [];
  for (const component of components) {
    if (component.purl === undefined) continue;
    const purl = parseOrExplain(component.purl);
    if (typeof purl === 'string') invalid.push(`${component.name}: ${purl}`);
    else if (!agrees(purl, component))
      different.push(`${component.name} ${component.version ?? ''}: ${component.purl}`);
  }
  return [...createFinding('purl_invalid', 'error', invalid), ...createFinding('purl_disagrees', 'warning', different)];
}

function parseOrExplain(text: string): Purl | string {
  try {
    return parsePurl(text);
  } catch (error) {
    if (error instanceof TrustError) return error.message;
    throw error;
  }
}

/** Versions are compared where both say one: a Debian epoch and a Go `v` may be left out on one side. */
function agrees(purl: Purl, { version }: Component): boolean {
  if (purl.version === undefined || version === undefined) return true;
  return simplifyVersion(purl.version) === simplifyVersion(version);
}

function simplifyVersion(version: string): string {
  return version
    .toLowerCase()
    .replace(/^\d+:/, '')
    .replace(/^v(?=\d)/, '');
}

/** Every digest that both sides name must agree, and one at least must be named by both. */
function inspectDigests(sbom: Sbom, artifact: SbomExpectation['artifact']): readonly SbomFinding[] {
  const roots = new Set(sbom.described);
  const described = sbom.components.filter(({ ref }) => roots.has(ref));
  const shared = described.flatMap((component) =>
    listDigests(component).filter(({ algorithm }) => Object.hasOwn(artifact, algorithm)),
  );
  const wrong = shared.filter(({ algorithm, value }) => artifact[algorithm] !== value);
  return [
    ...createFinding(
      'digest_absent',
      'warning',
      shared.length === 0 ? ['it names no digest of what it describes'] : [],
    ),
    ...createFinding(
      'digest_mismatch',
      'error',
      wrong.map(({ algorithm, value }) => `${algorithm} ${value}`),
    ),
  ];
}

/** Syft puts the digest of a file into its version. */
function listDigests({ digests, version }: Component): readonly ComponentDigest[] {
  const [, algorithm, value] = /^(sha256|sha512):([0-9a-f]{64,128})$/.exec(version ?? '') ?? [];
  if (digests.length > 0 || algorithm === undefined || value === undefined) return digests;
  return [{ algorithm, value }];
}

function inspectDate({ created }: Sbom, now: number): readonly SbomFinding[] {
  if (created === undefined) return [];
  const time = parseCreated(created);
  if (time === undefined) return createFinding('date_invalid', 'error', [created]);
  return createFinding('date_future', 'error', time > now + clockSkewMs ? [created] : []);
}

const timePattern = /^\d{4}-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** The Unix milliseconds of an RFC 3339 time with any offset; `undefined`: it is none, or there is no such day. */
export function parseCreated(text: string): number | undefined {
  const match = timePattern.exec(text);
  if (!match) return undefined;
  const [month, day, hour, minute, second] = match.slice(1).map(Number);
  // A day that its month does not have would be taken for one of the next month.
  const plain = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const isDay = plain.getUTCDate() === day && plain.getUTCMonth() + 1 === month;
  if (!isDay || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
