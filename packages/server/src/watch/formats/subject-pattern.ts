/** Who signs, as a regular expression of Go's (RE2), and back where it says exactly what a signer of the watch says. */
import type { PolicySigner } from '../policies/document.ts';
import { looser, type Remark, stricter } from './remark.ts';

/** A signer by identity. */
export type KeylessSigner = Exclude<PolicySigner, { readonly key: string }>;

/** A text that matches this text alone. */
function escapePattern(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

const refPatterns: Readonly<Record<string, string>> = {
  tag: '@refs/tags/[^@]*',
  branch: '@refs/heads/[^@]*',
  'pull-request': '@refs/(pull|merge-requests)/[^@]*',
};
const anyRef = '(@refs/[^@]*)?';

/** Whether a subject is a file of a build pipeline, after which certificates name a ref. */
function isWorkflow(subject: string): boolean {
  return /\/[^/@]+\.ya?ml$/.test(subject);
}

/** The repository that a workflow stands in, where its name tells. */
export function repositoryOf(subject: string): string | undefined {
  const [, github, gitlab] =
    /^(https:\/\/[^/]+\/[^/]+\/[^/]+)\/\.github\/workflows\/[^/]+$|^(https:\/\/[^/]+\/.+?)\/\/[^/].*$/.exec(subject) ??
    [];
  return github ?? gitlab;
}

/** How a tool is told of a subject: to the letter, or by a pattern that is anchored at both ends. */
export type SubjectRule = { readonly exact: string } | { readonly pattern: string };

/** The subject of a signer. The ref that certificates put after a workflow is any one of its type. */
export function writeSubject({ subject, refType }: Pick<KeylessSigner, 'subject' | 'refType'>): SubjectRule {
  if (!isWorkflow(subject)) return { exact: subject };
  return { pattern: `^${escapePattern(subject)}${refPatterns[refType ?? ''] ?? anyRef}$` };
}

/** Where a rule about subjects stands, and the repository that it asks for beside it. */
export interface SubjectClause {
  readonly clause: string;
  readonly repository?: string | undefined;
}

/** What a rule about subjects says in the watch's terms. */
export interface ReadSubject {
  readonly signer: Pick<KeylessSigner, 'subject' | 'refType' | 'repository'>;
  readonly remarks: readonly Remark[];
}

/** A subject to the letter. */
export function readExactSubject(text: string, where: SubjectClause): ReadSubject {
  const { clause } = where;
  const [, subject, ref] = /^(.*)@(refs\/[^@]*)$/s.exec(text) ?? [];
  if (subject !== undefined && ref !== undefined) {
    return bindRef(subject, ref, where, [looser(clause, `of the ref ${ref} only the type can be asked for here`)]);
  }
  const unnamed = looser(clause, 'it names a workflow without a ref, and here every ref of it counts');
  return readPlain(text, where, isWorkflow(text) ? [unnamed] : []);
}

/** A subject by pattern, where it is a text and then, for a workflow, refs. `undefined`: nothing here says the same. */
export function readSubjectPattern(pattern: string, where: SubjectClause): ReadSubject | undefined {
  const { isBegun, isEnded, body } = readAnchors(pattern);
  const { text, rest, isLoose } = readLiteral(body);
  const remarks = [
    ...(isBegun ? [] : [stricter(where.clause, 'it is not anchored at the beginning, and is here')]),
    ...(isLoose
      ? [stricter(where.clause, 'a dot that is not escaped stands for any character, and here for a dot')]
      : []),
  ];
  if (isEnded && rest === anyRef) return readPlain(text, where, remarks);
  if (isEnded && rest === '') {
    const exact = readExactSubject(text, where);
    return { ...exact, remarks: [...remarks, ...exact.remarks] };
  }
  return readRefs(text, isEnded || !openEnds.has(rest) ? rest : '.*', where, remarks);
}

const openEnds: ReadonlySet<string> = new Set(['', '.*', '.+', '[^@]*', '[^@]+']);

function readAnchors(pattern: string): { readonly isBegun: boolean; readonly isEnded: boolean; readonly body: string } {
  const isBegun = pattern.startsWith('^');
  // An odd number of backslashes makes the last character one that is meant.
  const isEnded = pattern.endsWith('$') && (/\\*(?=\$$)/.exec(pattern)?.[0].length ?? 0) % 2 === 0;
  return { isBegun, isEnded, body: pattern.slice(isBegun ? 1 : 0, isEnded ? -1 : undefined) };
}

function readPlain(subject: string, { repository }: SubjectClause, remarks: readonly Remark[]): ReadSubject {
  return { signer: { subject, ...(repository !== undefined && { repository }) }, remarks };
}

/** What begins with a text: refs of a workflow, or nothing that can be said. */
function readRefs(
  text: string,
  rest: string,
  where: SubjectClause,
  remarks: readonly Remark[],
): ReadSubject | undefined {
  const { clause } = where;
  const isReview = text.endsWith('@refs/') && rest === '(pull|merge-requests)/[^@]*';
  const at = text.lastIndexOf('@');
  const subject = at < 0 ? text : text.slice(0, at);
  if ((!(rest !== '' && openEnds.has(rest)) && !isReview) || !isWorkflow(subject)) return undefined;
  const isNarrow = rest.startsWith('[') || isReview;
  const all = isNarrow ? remarks : [...remarks, stricter(clause, 'a ref that has an @ in it is none here')];
  if (at < 0) return readPlain(subject, where, [...all, stricter(clause, 'nothing but a ref may come after it here')]);
  const ref = isReview ? 'refs/pull/' : text.slice(at + 1);
  if ('refs/'.startsWith(ref)) return readPlain(subject, where, all);
  const isWhole = isReview || ref === 'refs/tags/' || ref === 'refs/heads/';
  const some = isWhole ? [] : [looser(clause, `of refs that begin with ${ref} only the type can be asked for here`)];
  return bindRef(subject, ref, where, [...all, ...some]);
}

/**
 * A ref in a certificate's subject is the workflow's, and the type that the watch keeps is of the repository that runs it: they are one
 * where that repository is the workflow's own.
 */
function bindRef(
  subject: string,
  ref: string,
  { clause, repository }: SubjectClause,
  remarks: readonly Remark[],
): ReadSubject {
  const own = repositoryOf(subject);
  const refType = typeOf(ref);
  if (own === undefined || refType === undefined || (repository ?? own) !== own) {
    const unbound = looser(clause, 'the ref of a workflow that runs in another repository cannot be asked for here');
    return readPlain(subject, { clause, repository }, [...remarks, unbound]);
  }
  const bound = stricter(clause, `here it must run in ${own} itself`);
  return { signer: { subject, refType, repository: own }, remarks: repository === own ? remarks : [...remarks, bound] };
}

function typeOf(ref: string): KeylessSigner['refType'] {
  if (ref.startsWith('refs/tags/')) return 'tag';
  if (ref.startsWith('refs/heads/')) return 'branch';
  return ref.startsWith('refs/pull/') || ref.startsWith('refs/merge-requests/') ? 'pull-request' : undefined;
}

/** An issuer by pattern; `undefined`: it is more than one text. */
export function readIssuerPattern(
  pattern: string,
  clause: string,
): { readonly issuer: string; readonly remarks: readonly Remark[] } | undefined {
  const { isBegun, isEnded, body } = readAnchors(pattern);
  const { text, rest, isLoose } = readLiteral(body);
  if (rest !== '' || text === '') return undefined;
  const isLiteral = isBegun && isEnded && !isLoose;
  return { issuer: text, remarks: isLiteral ? [] : [stricter(clause, 'here it is one issuer, to the letter')] };
}

/** The text that a pattern begins with, and what comes after it. */
function readLiteral(pattern: string): { readonly text: string; readonly rest: string; readonly isLoose: boolean } {
  let [text, at, isLoose] = ['', 0, false];
  while (at < pattern.length) {
    const [, escaped, dot, plain] =
      /^(?:\\([^A-Za-z0-9\s])|(\.)(?![*+?{])|([^\\.+*?()|[\]{}^$])(?![*+?{]))/su.exec(pattern.slice(at)) ?? [];
    const piece = escaped ?? dot ?? plain;
    if (piece === undefined || (escaped !== undefined && /[*+?{]/.test(pattern[at + 2] ?? ''))) break;
    isLoose ||= dot !== undefined;
    text += piece;
    at += piece.length + (escaped === undefined ? 0 : 1);
  }
  // An alternative applies to all that stands before it.
  const rest = pattern.slice(at);
  return { text, rest, isLoose };
}
