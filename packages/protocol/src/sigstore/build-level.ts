/** Which SLSA build level signer and provenance are good for together (slsa.dev/spec/v1.1/verifying-artifacts, step 1). */
import type { Provenance } from '../intoto/provenance.ts';
import type { BuilderEntry, BuilderTable, BuildLevel } from './builder-table.ts';
import type { SignerClaims } from './claims.ts';
import { isRuleMet, type TextRule } from './text-rule.ts';

/** A level and why it is that one. */
export interface DerivedLevel {
  readonly level: BuildLevel;
  /** The name of the table's entry, or in words why there is none. */
  readonly reason: string;
}

/**
 * The level of provenance whose signature was verified and is by this signer; `undefined`: by a key that somebody keeps. Signed
 * provenance of whomever is good for 1. It is good for 0 when it says something else than the signer's certificate of where the source
 * came from: whoever ran the build could write into it what they liked.
 */
export function deriveBuildLevel(
  provenance: Provenance,
  { signer, builders }: { readonly signer: SignerClaims | undefined; readonly builders: BuilderTable },
): DerivedLevel {
  if (signer === undefined) return { level: 1, reason: 'signed by a key, not by a builder that the table knows' };
  const contradiction = findContradiction(provenance, signer);
  if (contradiction !== undefined) return { level: 0, reason: contradiction };
  const entry = builders.find((builder) => isBuilder(builder, provenance, signer));
  if (entry === undefined) return { level: 1, reason: 'the table knows no such builder' };
  return { level: entry.level, reason: entry.name };
}

/** The certificate's claims come from the platform itself, the provenance from a program that ran on it. */
function findContradiction({ source }: Provenance, signer: SignerClaims): string | undefined {
  const pairs = [
    ['repository', source?.repository, signer.sourceRepositoryUri],
    ['ref', source?.ref, signer.sourceRepositoryRef],
    ['commit', source?.commit, signer.sourceRepositoryDigest],
  ] as const;
  const different = pairs.find(
    ([, said, certified]) => said !== undefined && certified !== undefined && said !== certified,
  );
  if (different === undefined) return undefined;
  const [what, said, certified] = different;
  return `the provenance has ${what} ${said}, the certificate ${certified}`;
}

function isBuilder(entry: BuilderEntry, provenance: Provenance, signer: SignerClaims): boolean {
  return (
    signer.issuer === entry.issuer &&
    isAnyMet(entry.buildSigner, signer.buildSignerUri) &&
    isAnyMet(entry.runner, signer.runnerEnvironment) &&
    isAnyMet(entry.builderId, provenance.builderId) &&
    isAnyMet(entry.buildType, provenance.buildType) &&
    (!entry.isBuilderSigner || provenance.builderId === signer.buildSignerUri) &&
    (!entry.isReusableWorkflow || isForeignWorkflow(signer))
  );
}

function isAnyMet(rules: readonly TextRule[] | undefined, text: string | undefined): boolean {
  return rules === undefined || (text !== undefined && rules.some((rule) => isRuleMet(rule, text)));
}

/** Only what stands in another repository is out of reach of whoever may change the source. */
function isForeignWorkflow({ buildSignerUri, sourceRepositoryUri }: SignerClaims): boolean {
  return (
    buildSignerUri !== undefined &&
    sourceRepositoryUri !== undefined &&
    !buildSignerUri.startsWith(`${sourceRepositoryUri}/`)
  );
}
