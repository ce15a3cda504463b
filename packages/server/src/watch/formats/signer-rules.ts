/** Signers of a policy as tools for images are told of them: identities by rule, keys by their files. */
import type { PolicySigner } from '../policies/document.ts';
import { refuseFile } from './foreign-text.ts';
import type { ImageRule } from './image-policy.ts';
import type { ShownKey } from './public-keys.ts';
import { looser, type Remark, stricter } from './remark.ts';
import {
  type KeylessSigner,
  readExactSubject,
  readIssuerPattern,
  readSubjectPattern,
  repositoryOf,
  type SubjectClause,
  type SubjectRule,
  writeSubject,
} from './subject-pattern.ts';

/** An identity to be written. */
export interface WrittenIdentity {
  readonly issuer: string;
  readonly subject: SubjectRule;
  /** `owner/name` at GitHub, which runs the workflow. */
  readonly repository: string | undefined;
}

/** What a rule's signers become. */
export interface WrittenSigners {
  readonly identities: readonly WrittenIdentity[];
  readonly keys: readonly ShownKey[];
  readonly remarks: readonly Remark[];
}

/** Writes the signers of a rule; `saysRepository` where a tool can be told in which repository a workflow runs. */
export function writeSigners(
  { rule, signers }: ImageRule,
  keys: ReadonlyMap<string, ShownKey>,
  { saysRepository }: { readonly saysRepository: boolean },
): WrittenSigners {
  const clause = rule.name;
  const keyless = signers.filter((signer): signer is KeylessSigner => !('key' in signer));
  const named = signers.flatMap((signer) => ('key' in signer ? [signer.key] : []));
  const missing = named.filter((key) => !keys.has(key));
  return {
    identities: keyless.map(({ issuer, repository, ...signer }) => ({
      ...{ issuer, subject: writeSubject(signer), repository: saysRepository ? slugOf(repository) : undefined },
    })),
    keys: named.flatMap((key) => keys.get(key) ?? []),
    remarks: [
      ...missing.map((key) =>
        stricter(clause, `the key ${key} is known by its digest alone, and left out: attach its public key`),
      ),
      ...keyless.flatMap((signer) => describeUnsaidClaims(signer, clause, saysRepository)),
    ],
  };
}

function slugOf(repository: string | undefined): string | undefined {
  return /^https:\/\/github\.com\/([^/]+\/[^/]+)$/.exec(repository ?? '')?.[1];
}

function describeUnsaidClaims(signer: KeylessSigner, clause: string, saysRepository: boolean): readonly Remark[] {
  const { subject, repository, workflow, refType, ownerId, repositoryId } = signer;
  const isBound = repository !== undefined && repository === repositoryOf(subject);
  const unsaid = [
    ownerId !== undefined && 'ownerId',
    repositoryId !== undefined && 'repositoryId',
    repository !== undefined && !(saysRepository && slugOf(repository) !== undefined) && 'repository',
    workflow !== undefined && workflow !== subject && 'workflow',
    refType !== undefined && !(isBound && refType !== 'other' && 'pattern' in writeSubject(signer)) && 'refType',
  ].filter((claim) => claim !== false);
  return unsaid.length === 0 ? [] : [looser(clause, `of ${subject} it cannot be told of ${unsaid.join(', ')}`)];
}

/** An identity as files name it. */
export interface NamedIdentity {
  readonly issuer?: string | undefined;
  readonly issuerPattern?: string | undefined;
  readonly subject?: string | undefined;
  readonly subjectPattern?: string | undefined;
}

/** Longer texts are no signer's, in UTF-16 units, and cost more than their length. */
const maxIdentityText = 4096;

/** The signer that an identity stands for, if there is one; who is left out is named. Throws `invalid`, rule `watch-format`, for longer texts. */
export function readIdentity(
  named: NamedIdentity,
  where: SubjectClause,
): { readonly signers: readonly PolicySigner[]; readonly remarks: readonly Remark[] } {
  const { clause } = where;
  if (Object.values(named).some((text: string | undefined) => (text?.length ?? 0) > maxIdentityText)) {
    throw refuseFile(`expected issuers and subjects of at most ${maxIdentityText} characters in ${clause}`);
  }
  const issuer =
    named.issuer !== undefined && named.issuer !== ''
      ? { issuer: named.issuer, remarks: [] }
      : readIssuerPattern(named.issuerPattern ?? '', `${clause} issuer`);
  const subject =
    named.subject !== undefined && named.subject !== ''
      ? readExactSubject(named.subject, { ...where, clause: `${clause} subject` })
      : readSubjectPattern(named.subjectPattern ?? '', { ...where, clause: `${clause} subject` });
  if (!issuer || !subject || subject.signer.subject === '') {
    const what = issuer ? (named.subjectPattern ?? 'any subject') : (named.issuerPattern ?? 'any issuer');
    return {
      signers: [],
      remarks: [stricter(clause, `nothing here says the same as ${what}: who is meant does not count`)],
    };
  }
  return { signers: [{ issuer: issuer.issuer, ...subject.signer }], remarks: [...issuer.remarks, ...subject.remarks] };
}
