/** What a rule of the lint is, and what it finds. */
import type { HashName } from '../../keys/signature-algorithm.ts';
import type { SubjectKey } from '../../keys/subject-key.ts';
import type { Certificate } from '../certificate.ts';
import type { NameAttribute } from '../name.ts';

/** `error`: relying parties may refuse the certificate, or should. `warning`: allowed, and unwise. */
export type Severity = 'error' | 'warning';

/** One thing that is wrong with a certificate. */
export interface Finding {
  /** Stable, such as `serial-positive`. */
  readonly rule: string;
  /** Where it is written, such as `RFC 5280, 4.1.2.2`. */
  readonly clause: string;
  readonly severity: Severity;
  /** What was expected and what came. Names in it are escaped, since strangers may have chosen them. */
  readonly message: string;
}

/** What a certificate is to be used for, when that is known. */
export type CertificateKind =
  | 'root'
  | 'intermediate'
  | 'server'
  | 'client'
  | 'email'
  | 'code-signing'
  | 'timestamping'
  | 'ocsp-responder';

/** What rules look at. */
export interface LintSubject {
  readonly certificate: Certificate;
  readonly issuer: Certificate | undefined;
  readonly kind: CertificateKind | undefined;
  /** Those of the subject. */
  readonly attributes: readonly NameAttribute[];
  /** `undefined` when it cannot be read, which is a finding of its own. */
  readonly key: SubjectKey | undefined;
  /** `undefined` also when the issuer's cannot be read. */
  readonly issuerKey: SubjectKey | undefined;
  /** What it is to be signed with, when that is known. */
  readonly hash: HashName | undefined;
  /** Whether somebody has the private half, by what whoever lints knows. */
  readonly isKnownWeak: (key: SubjectKey) => boolean;
}

/** Whether a rule holds; or, for rules about several things, each one for which it does not. */
export type Check = (subject: LintSubject) => boolean | readonly string[];

/** One rule: its name, what must hold, and where that is written. */
export interface LintRule {
  readonly id: string;
  readonly clause: string;
  readonly severity: Severity;
  readonly expected: string;
  readonly check: Check;
}

type Title = readonly [id: string, clause: string];

/** A rule that refuses. */
export function error([id, clause]: Title, expected: string, check: Check): LintRule {
  return { id, clause, severity: 'error', expected, check };
}

/** A rule that advises. */
export function warning([id, clause]: Title, expected: string, check: Check): LintRule {
  return { id, clause, severity: 'warning', expected, check };
}

/** Appends what a rule finds. */
export function applyRule(rule: LintRule, subject: LintSubject, findings: Finding[]): void {
  const result = rule.check(subject);
  if (result === true) return;
  const { id, clause, severity, expected } = rule;
  const finding = { rule: id, clause, severity };
  if (result === false) findings.push({ ...finding, message: `expected ${expected}` });
  else for (const got of result) findings.push({ ...finding, message: `expected ${expected}, got ${quote(got)}` });
}

/** A text in quotes with everything escaped that is not printable ASCII, at most 100 characters of it. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100)).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
