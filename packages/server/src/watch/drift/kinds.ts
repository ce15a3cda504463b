/** The kinds of drift, as a table: how bad each is, what a gate does about it, and what it usually is when it is no attack. */

/** From least to worst. */
export const severities = ['note', 'low', 'medium', 'high', 'critical'] as const;

/** How bad a finding is. */
export type Severity = (typeof severities)[number];

/** What a gate does unless a policy says otherwise. `hold`: as it did before. */
export type GateDefault = 'allow' | 'warn' | 'deny' | 'hold';

/** What is known of a kind. */
export interface DriftRule {
  /** Against an established baseline. */
  readonly base: Severity;
  readonly gate: GateDefault;
  /** The harmless cause that is seen most, in words. */
  readonly benign: string;
}

function rule(base: Severity, gate: GateDefault, benign: string): DriftRule {
  return { base, gate, benign };
}

/** Every kind that there is. */
export const driftRules = {
  'signature.lost': rule('high', 'deny', 'a release made by hand'),
  'signature.withdrawn': rule('medium', 'allow', 'a registry that cleans up, or a proxy that drops signatures'),
  'signature.invalid': rule('critical', 'deny', 'none is known'),
  'signature.unverifiable': rule('high', 'deny', 'a new root that is not trusted here yet'),
  'signature.kind_downgrade': rule('high', 'deny', 'a build without a network'),
  'signature.format_changed': rule('note', 'allow', 'a new version of the signing tool'),
  'signature.too_many': rule('medium', 'warn', 'a job that signs again every day'),
  'signature.coverage_drop': rule('medium', 'allow', 'new tags for development'),
  'evidence.gained_unknown': rule('medium', 'warn', 'the project began to sign'),
  'identity.new_issuer': rule('critical', 'deny', 'a move to another identity provider'),
  'identity.new_owner': rule('critical', 'deny', 'the project moved to another organisation'),
  'identity.id_changed': rule('critical', 'deny', 'the repository was deleted and made anew'),
  'identity.new_repo': rule('high', 'deny', 'a repository of its own for packaging'),
  'identity.new_workflow': rule('high', 'deny', 'a change of the build pipeline'),
  'identity.new_ref_type': rule('high', 'deny', 'a release started by hand from a branch'),
  'identity.context_changed': rule('medium', 'warn', 'a move to other runners'),
  'identity.renamed': rule('low', 'allow', 'a rename of the repository or its owner'),
  'identity.vouched': rule('low', 'allow', 'a signer who hands over to another one'),
  'identity.extra': rule('low', 'allow', 'somebody signs beside the publisher'),
  'identity.retired_seen': rule('high', 'deny', 'a build from an old branch'),
  'identity.revoked_seen': rule('critical', 'deny', 'none is known'),
  'key.new': rule('high', 'deny', 'a rotation of the key'),
  'key.claim_changed': rule('medium', 'warn', 'a rotation of the key'),
  'key.retired_seen': rule('high', 'deny', 'a release of an old branch'),
  'key.revoked_seen': rule('critical', 'deny', 'none is known'),
  'key.weak': rule('medium', 'warn', 'an old key'),
  'key.expired_at_signing': rule('medium', 'warn', 'a renewal that was forgotten'),
  'tlog.missing': rule('high', 'deny', 'a private log'),
  'tlog.unseen_signing': rule('high', 'allow', 'a trial run'),
  'tlog.inconsistent': rule('critical', 'deny', 'none is known'),
  'trust.threshold_lowered': rule('high', 'deny', 'a root key was given up and not replaced'),
  'trust.rolled_back': rule('high', 'deny', 'a server that was restored from a backup'),
  'author.key_changed': rule('high', 'warn', 'an author with a new machine'),
  'provenance.lost': rule('high', 'deny', 'a release published by hand'),
  'provenance.invalid': rule('critical', 'deny', 'none is known'),
  'provenance.unverifiable': rule('high', 'deny', 'a new root that is not trusted here yet'),
  'provenance.source_changed': rule('high', 'deny', 'a move of the repository'),
  'provenance.builder_changed': rule('high', 'deny', 'a move to another build platform'),
  'provenance.subject_mismatch': rule('critical', 'deny', 'none is known'),
  'provenance.level_drop': rule('medium', 'warn', 'a change of the build pipeline'),
  'provenance.commit_unlinked': rule('medium', 'warn', 'a mirror that has not all of the history'),
  'publisher.channel_downgrade': rule('high', 'deny', 'an outage of the build platform'),
  'publisher.account_changed': rule('medium', 'warn', 'a new maintainer'),
  'registry.signature_lost': rule('medium', 'warn', 'a rotation of the key of the registry'),
  'sbom.lost': rule('low', 'allow', 'a release made by hand'),
  'sbom.subject_mismatch': rule('high', 'deny', 'an SBOM that was made before the last build step'),
  'tag.mutated': rule('high', 'deny', 'a release that was made again'),
  'version.content_changed': rule('critical', 'deny', 'a network that packs files again'),
  'mirror.divergence': rule('high', 'deny', 'a mirror that lags behind'),
  'release.out_of_band': rule('medium', 'warn', 'a tag that comes later'),
  'release.burst': rule('medium', 'warn', 'many packages of one repository released together'),
  'release.cooldown': rule('note', 'hold', 'every new release is young'),
  'observation.blind': rule('low', 'hold', 'credentials that expired'),
  'system.mass_unverifiable': rule('high', 'hold', 'a change of roots or keys of a whole registry'),
  'system.trust_root_stale': rule('medium', 'warn', 'a network without a way out'),
  'baseline.tampered': rule('critical', 'deny', 'none is known'),
  'baseline.quota': rule('medium', 'allow', 'more is watched than was planned'),
} as const satisfies Readonly<Record<string, DriftRule>>;

/** A kind of drift. */
export type DriftKind = keyof typeof driftRules;

/** The kinds that `word` means: one by its name, or all that begin with it (`identity` for `identity.renamed` and its like); none when it means none. */
export function listKinds(word: string): readonly string[] {
  return Object.keys(driftRules).filter((kind) => kind === word || kind.startsWith(`${word}.`));
}

/** Kinds that the past of an artifact and its names tells, and not its facts: what is not there any more is not over for that. */
export const pastKinds: ReadonlySet<DriftKind> = new Set([
  ...(['signature.withdrawn', 'signature.coverage_drop', 'tlog.unseen_signing', 'tlog.inconsistent'] as const),
  ...(['tag.mutated', 'version.content_changed', 'mirror.divergence', 'release.burst', 'trust.rolled_back'] as const),
]);

/** `severity`, so many steps worse (or better, when negative), within the levels that there are. */
export function shiftSeverity(severity: Severity, steps: number): Severity {
  const index = Math.min(Math.max(severities.indexOf(severity) + steps, 0), severities.length - 1);
  return severities[index] ?? severity;
}
