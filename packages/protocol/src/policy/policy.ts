/** The policy of a release gate (docs/protocol/policy.md): what evidence each artifact must have to go into service. */
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { assertMembers, parseArray, parseInteger, parseObject, parseString } from '../json/fields.ts';

import {
  type EvidenceMinimums,
  type IdentityPolicy,
  parseEvidenceMinimums,
  parseIdentityPolicy,
} from '../sigstore/identity-policy.ts';
import { parseDuration } from './duration.ts';
import { type ManagedKey, parseManagedKeys } from './managed-key.ts';
import { type Severity, severities } from './severity.ts';

/** The largest policy that is parsed, in bytes of its text. */
export const maxPolicyBytes = 262_144;

/** Whose signatures count: any of these identities or keys, with at least that much evidence each. */
export interface SignerRule extends EvidenceMinimums {
  readonly identities: IdentityPolicy['identities'];
  readonly keys: readonly ManagedKey[];
  /** The trusted roots, by name, under which signatures count; empty: all that are there. */
  readonly trustRoots: readonly string[];
}

/** Each artifact is signed, by one of these. */
export interface SignatureRule extends SignerRule {
  /** How old the proven signing time may be, in milliseconds. */
  readonly maxAgeMs: number | undefined;
}

/** Each artifact has provenance that one of these signed. Empty lists ask for nothing. */
export interface ProvenanceRule extends SignerRule {
  readonly builders: readonly string[];
  readonly sources: readonly string[];
  readonly buildTypes: readonly string[];
  /** The lowest SLSA build level, 0 to 3. */
  readonly minimumLevel: number;
}

/** The form of a bill of materials. */
export type SbomFormat = (typeof sbomFormats)[number];

/** Each artifact has a bill of materials. */
export interface SbomRule {
  readonly formats: readonly SbomFormat[];
  /** Whether the NTIA's minimum elements must be there. */
  readonly complete: boolean;
  readonly vulnerabilities: VulnerabilityRule | undefined;
}

/** No component is vulnerable at `denyAt` or above, by data that is not older than `snapshotMaxAgeMs`. */
export interface VulnerabilityRule {
  readonly denyAt: Severity;
  readonly snapshotMaxAgeMs: number;
}

/** Each artifact is clean by the malware scanner. */
export interface ScanRule {
  readonly maxAgeMs: number | undefined;
}

/** What a project demands. A section that is absent demands nothing. */
export interface ReleasePolicy {
  /** `observe` records and shows what `enforce` would refuse. */
  readonly mode: 'enforce' | 'observe';
  readonly signature: SignatureRule | undefined;
  readonly provenance: ProvenanceRule | undefined;
  readonly sbom: SbomRule | undefined;
  readonly scan: ScanRule | undefined;
  /** How many maintainers must sign the manifest; 0: the policy does not ask. */
  readonly approvals: number;
}

const sbomFormats = ['cyclonedx', 'spdx'] as const;
const signerMembers = ['identities', 'keys', 'trust_roots', 'log_entries', 'scts', 'timestamps'] as const;
const defaultSnapshotAge = '7d';
const maxItems = 64;
const maxApprovals = 16;

/**
 * Parses a policy that somebody decoded from YAML or JSON. Throws `malformed` naming the member; what it does not know it
 * refuses, and so a policy that demands nothing at all.
 */
export function parsePolicy(value: unknown): ReleasePolicy {
  const object = parseObject(value as SignableValue | undefined, 'the policy');
  assertMembers(object, ['policy', 'mode', 'signature', 'provenance', 'sbom', 'scan', 'approvals'], 'the policy');
  if (object.policy !== 1) throw new TrustError('malformed', 'expected policy: 1, the version of this format');
  const signature = readSection(object, 'signature', parseSignatureRule);
  const policy: ReleasePolicy = {
    mode: object.mode === undefined ? 'enforce' : readChoice(object, 'mode', ['enforce', 'observe']),
    signature,
    provenance: readSection(object, 'provenance', (section) => parseProvenanceRule(section, signature)),
    sbom: readSection(object, 'sbom', parseSbomRule),
    scan: readSection(object, 'scan', parseScanRule),
    approvals: object.approvals === undefined ? 0 : readInteger(object, 'approvals', [1, maxApprovals]),
  };
  assertDemanding(policy);
  return policy;
}

function assertDemanding({ signature, provenance, sbom, scan, approvals }: ReleasePolicy): void {
  if (signature || provenance || sbom || scan || approvals > 0) return;
  throw new TrustError('malformed', 'expected one of signature, provenance, sbom, scan and approvals in the policy');
}

function readSection<T>(object: SignableObject, name: string, parse: (section: SignableObject) => T): T | undefined {
  return object[name] === undefined ? undefined : parse(parseObject(object[name], name));
}

function parseSignatureRule(section: SignableObject): SignatureRule {
  assertMembers(section, [...signerMembers, 'max_age'], 'signature');
  return { ...parseSignerRule(section, 'signature'), maxAgeMs: readDuration(section, 'max_age') };
}

/** Whoever may sign the artifacts may attest how they were built, unless others are named. */
function parseProvenanceRule(section: SignableObject, signature: SignatureRule | undefined): ProvenanceRule {
  assertMembers(section, [...signerMembers, 'builders', 'sources', 'build_types', 'minimum_level'], 'provenance');
  const hasSigners = signerMembers.some((name) => section[name] !== undefined);
  return {
    ...(signature && !hasSigners ? signersOf(signature) : parseSignerRule(section, 'provenance')),
    builders: readTexts(section, 'builders'),
    sources: readTexts(section, 'sources'),
    buildTypes: readTexts(section, 'build_types'),
    minimumLevel: section.minimum_level === undefined ? 0 : readInteger(section, 'minimum_level', [0, 3]),
  };
}

function signersOf({ identities, keys, trustRoots, logEntries, scts, timestamps }: SignerRule): SignerRule {
  return { identities, keys, trustRoots, logEntries, scts, timestamps };
}

function parseSignerRule(section: SignableObject, name: string): SignerRule {
  const keys = section.keys === undefined ? [] : parseManagedKeys(section.keys);
  const trustRoots = readTexts(section, 'trust_roots');
  const { log_entries, scts, timestamps } = section;
  const minimums = Object.fromEntries(
    Object.entries({ log_entries, scts, timestamps }).filter(([, value]) => value !== undefined),
  );
  if (section.identities !== undefined) {
    return { ...parseIdentityPolicy({ identities: section.identities, ...minimums }), keys, trustRoots };
  }
  if (keys.length > 0) return { identities: [], keys, trustRoots, ...parseEvidenceMinimums(minimums) };
  throw new TrustError('malformed', `expected ${name} to have identities or keys`);
}

function parseSbomRule(section: SignableObject): SbomRule {
  assertMembers(section, ['formats', 'complete', 'vulnerabilities'], 'sbom');
  const formats = section.formats === undefined ? sbomFormats : readTexts(section, 'formats');
  const isKnown = (format: string): format is SbomFormat => sbomFormats.some((known) => known === format);
  if (!formats.every(isKnown)) throw new TrustError('malformed', `expected formats to be of ${sbomFormats.join(', ')}`);
  if (section.complete !== undefined && typeof section.complete !== 'boolean') {
    throw new TrustError('malformed', 'expected complete to be true or false');
  }
  return {
    formats: formats.filter(isKnown),
    complete: section.complete ?? false,
    vulnerabilities: readSection(section, 'vulnerabilities', parseVulnerabilityRule),
  };
}

function parseVulnerabilityRule(section: SignableObject): VulnerabilityRule {
  assertMembers(section, ['deny_at', 'snapshot_max_age'], 'vulnerabilities');
  return {
    denyAt: readChoice(section, 'deny_at', severities),
    snapshotMaxAgeMs:
      readDuration(section, 'snapshot_max_age') ?? parseDuration(defaultSnapshotAge, 'snapshot_max_age'),
  };
}

function parseScanRule(section: SignableObject): ScanRule {
  assertMembers(section, ['max_age'], 'scan');
  return { maxAgeMs: readDuration(section, 'max_age') };
}

function readDuration(section: SignableObject, name: string): number | undefined {
  return section[name] === undefined ? undefined : parseDuration(parseString(section, name), name);
}

function readChoice<T extends string>(object: SignableObject, name: string, choices: readonly T[]): T {
  const text = parseString(object, name);
  const choice = choices.find((one) => one === text);
  if (choice === undefined) throw new TrustError('malformed', `expected ${name} to be one of ${choices.join(', ')}`);
  return choice;
}

function readInteger(object: SignableObject, name: string, [least, most]: readonly [number, number]): number {
  const value = parseInteger(object, name, least);
  if (Number.isInteger(value) && value <= most) return value;
  throw new TrustError('malformed', `expected ${name} to be an integer from ${least} to ${most}`);
}

function readTexts(section: SignableObject, name: string): readonly string[] {
  if (section[name] === undefined) return [];
  const items = parseArray(section, name);
  if (items.length === 0 || items.length > maxItems) {
    throw new TrustError('malformed', `expected ${name} to hold 1 to ${maxItems} items, got ${items.length}`);
  }
  return items.map((item) => parseString({ [name]: item }, name));
}
