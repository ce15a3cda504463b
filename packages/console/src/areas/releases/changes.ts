/** What an activation changes for clients: one release against the one in service. */
import type { Answer } from '../../api/client.ts';
import type { Release } from './wording.ts';

type Artifact = Release['artifacts'][number];
type Evidence = Answer<'GET /api/projects/{slug}/releases/{version}/evidence'>;

/** A file for one platform, before and after. */
export interface FileChange {
  readonly platform: string;
  readonly before: Artifact | undefined;
  readonly after: Artifact | undefined;
  readonly kind: 'added' | 'removed' | 'replaced' | 'same';
}

/** Files are the same by digest; else those of the same name, else the only ones of a platform, replace each other. */
export function compareFiles(before: readonly Artifact[], after: readonly Artifact[]): readonly FileChange[] {
  const left = [...before];
  const take = (fits: (file: Artifact) => boolean) => {
    const index = left.findIndex(fits);
    return index === -1 ? undefined : left.splice(index, 1)[0];
  };
  const isOnly = (files: readonly Artifact[], platform: string) =>
    files.filter((file) => file.platform === platform).length === 1;
  const changes = after.map((file): FileChange => {
    const same = take(({ sha256 }) => sha256 === file.sha256);
    if (same) return { platform: file.platform, before: same, after: file, kind: 'same' };
    const old =
      take(({ name }) => name === file.name) ??
      (isOnly(before, file.platform) && isOnly(after, file.platform)
        ? take(({ platform }) => platform === file.platform)
        : undefined);
    return { platform: file.platform, before: old, after: file, kind: old ? 'replaced' : 'added' };
  });
  const removed = left.map(
    (file): FileChange => ({ platform: file.platform, before: file, after: undefined, kind: 'removed' }),
  );
  return [...changes, ...removed];
}

/** Who vouched, as findings of the policy tell it. */
export interface IdentityChange {
  readonly rule: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

const identityRules: readonly string[] = ['signature', 'provenance', 'builder', 'source'];

/** What the findings say of signer, builder and source, where the two releases differ. */
export function compareIdentities(before: Evidence | undefined, after: Evidence): readonly IdentityChange[] {
  const found = (evidence: Evidence | undefined, rule: string) => {
    const texts = evidence?.verdict?.findings
      .filter((finding) => finding.rule === rule)
      .map((finding) => finding.found);
    return texts && texts.length > 0 ? [...new Set(texts)].sort().join('; ') : undefined;
  };
  return identityRules
    .map((rule) => ({ rule, before: found(before, rule), after: found(after, rule) }))
    .filter((change) => change.before !== change.after);
}
