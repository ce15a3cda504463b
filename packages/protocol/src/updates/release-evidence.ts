/** What a manifest says about the evidence for its release: the policy's verdict, and the documents by digest. */
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { parseArray, parseObject, parsePattern, parseString, parseTime } from '../json/fields.ts';
import { encodeTime } from '../json/time.ts';
import { sha256Pattern } from './envelope.ts';
import { fileNamePattern, parseHostRelativeUrl } from './names.ts';

/** A document about one file of the release: a bundle, an SBOM, a statement of the server. */
export interface EvidenceReference {
  /** The file's name. */
  readonly artifact: string;
  /** Such as `bundle`, `sbom`, `verification-summary`. */
  readonly kind: string;
  readonly sha256: string;
  /** Host-relative. */
  readonly url: string;
}

/** Rules of the policy that somebody let go for this release. */
export interface EvidenceOverride {
  readonly rules: readonly string[];
  readonly reason: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** What the policy said when the manifest was signed. */
export interface EvidenceVerdict {
  readonly result: 'passed' | 'waived' | 'denied';
  /** `observe`: the verdict was recorded and stopped nothing. */
  readonly mode: 'enforce' | 'observe';
  /** Of the policy's text. */
  readonly policySha256: string;
  readonly overrides: readonly EvidenceOverride[];
}

/** The member `evidence` of a manifest. */
export interface ReleaseEvidenceFacts {
  /** Absent: the project has no policy. */
  readonly verdict: EvidenceVerdict | undefined;
  readonly documents: readonly EvidenceReference[];
}

const kindPattern = /^[a-z][a-z0-9-]{0,39}$/;

/** Parses the member. Throws `malformed`; members that this version does not know are left out. */
export function parseReleaseEvidence(member: SignableValue): ReleaseEvidenceFacts {
  const object = parseObject(member, 'evidence');
  return {
    verdict: object.verdict === undefined ? undefined : parseVerdict(parseObject(object.verdict, 'verdict')),
    documents: parseArray(object, 'documents').map(parseReference),
  };
}

/** The member that `parseReleaseEvidence` reads back to the same. */
export function encodeReleaseEvidence({ verdict, documents }: ReleaseEvidenceFacts): SignableObject {
  return { verdict: verdict && encodeVerdict(verdict), documents: documents.map((reference) => ({ ...reference })) };
}

function parseVerdict(object: SignableObject): EvidenceVerdict {
  return {
    result: parsePattern(object, 'result', /^(?:passed|waived|denied)$/, 'a result') as EvidenceVerdict['result'],
    mode: parsePattern(object, 'mode', /^(?:enforce|observe)$/, 'a mode') as EvidenceVerdict['mode'],
    policySha256: parsePattern(object, 'policy_sha256', sha256Pattern, 'a SHA-256 in hex'),
    overrides: object.overrides === undefined ? [] : parseArray(object, 'overrides').map(parseOverride),
  };
}

function parseOverride(item: SignableValue): EvidenceOverride {
  const object = parseObject(item, 'an override');
  return {
    rules: parseArray(object, 'rules').map((rule) => parsePattern({ rule }, 'rule', kindPattern, 'the name of a rule')),
    reason: parseString(object, 'reason', 500),
    expiresAt: parseTime(object, 'expires_at'),
  };
}

function encodeVerdict({ result, mode, policySha256, overrides }: EvidenceVerdict): SignableObject {
  return {
    result,
    mode,
    policy_sha256: policySha256,
    overrides: overrides.length === 0 ? undefined : overrides.map(encodeOverride),
  };
}

function encodeOverride({ rules, reason, expiresAt }: EvidenceOverride): SignableObject {
  return { rules: [...rules], reason, expires_at: encodeTime(expiresAt) };
}

function parseReference(item: SignableValue): EvidenceReference {
  const object = parseObject(item, 'an evidence document');
  return {
    artifact: parsePattern(object, 'artifact', fileNamePattern, 'a file name'),
    kind: parsePattern(object, 'kind', kindPattern, 'a kind of document'),
    sha256: parsePattern(object, 'sha256', sha256Pattern, 'a SHA-256 in hex'),
    url: parseHostRelativeUrl(parseString(object, 'url')),
  };
}
