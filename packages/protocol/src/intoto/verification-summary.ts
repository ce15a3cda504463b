/** SLSA verification summaries v1 (slsa.dev/verification_summary/v1): that somebody verified an artifact, under which policy. */
import { TrustError } from '../errors.ts';
import { type JsonObject, readMember } from '../json/foreign.ts';
import { type BuildDependency, interpretDependencies, interpretDependency } from './build-source.ts';
import {
  interpretObject,
  interpretOptionalArray,
  interpretOptionalObject,
  interpretOptionalText,
  interpretOptionalTime,
  interpretText,
} from './members.ts';
import type { Statement } from './statement.ts';

/** The predicate type. */
export const verificationSummaryType = 'https://slsa.dev/verification_summary/v1';

/** A verdict, as its verifier states it. */
export interface VerificationSummary {
  readonly verifierId: string;
  /** Versions of what the verifier consists of, by name. */
  readonly verifierVersions: Readonly<Record<string, string>>;
  /** Unix ms; `undefined`: not told. */
  readonly timeVerified: number | undefined;
  /** Which resource the artifact was fetched as: a purl or an address. */
  readonly resourceUri: string;
  readonly policy: BuildDependency;
  readonly inputAttestations: readonly BuildDependency[];
  readonly result: 'PASSED' | 'FAILED';
  /** `SLSA_BUILD_LEVEL_2` and others. */
  readonly verifiedLevels: readonly string[];
  readonly slsaVersion: string | undefined;
}

/** The summary that a statement is. Throws `malformed` for other predicates and for members that are not as they should be. */
export function parseVerificationSummary({
  predicateType,
  predicate,
}: Pick<Statement, 'predicateType' | 'predicate'>): VerificationSummary {
  if (predicateType !== verificationSummaryType) {
    throw new TrustError('malformed', `expected a verification summary, got ${predicateType.slice(0, 200)}`);
  }
  const verifier = interpretObject(readMember(predicate, 'verifier'), 'verifier');
  return {
    verifierId: interpretText(verifier, 'id'),
    verifierVersions: interpretVersions(verifier),
    timeVerified: interpretOptionalTime(predicate, 'timeVerified'),
    resourceUri: interpretText(predicate, 'resourceUri'),
    policy: interpretDependency(readMember(predicate, 'policy'), 'policy'),
    inputAttestations: interpretDependencies(predicate, 'inputAttestations'),
    result: interpretResult(predicate),
    verifiedLevels: interpretLevels(predicate),
    slsaVersion: interpretOptionalText(predicate, 'slsaVersion'),
  };
}

function interpretVersions(verifier: JsonObject): Readonly<Record<string, string>> {
  const versions = interpretOptionalObject(verifier, 'version');
  return Object.fromEntries(Object.keys(versions).map((name) => [name, interpretText(versions, name)]));
}

function interpretResult(predicate: JsonObject): VerificationSummary['result'] {
  const result = interpretText(predicate, 'verificationResult');
  if (result !== 'PASSED' && result !== 'FAILED') {
    throw new TrustError('malformed', 'expected verificationResult to be PASSED or FAILED');
  }
  return result;
}

function interpretLevels(predicate: JsonObject): readonly string[] {
  return interpretOptionalArray(predicate, 'verifiedLevels', 100).map((level) => {
    if (typeof level !== 'string' || !/^[A-Za-z0-9_.:/-]{1,200}$/.test(level)) {
      throw new TrustError('malformed', 'expected each of verifiedLevels to be a name such as SLSA_BUILD_LEVEL_2');
    }
    return level;
  });
}
