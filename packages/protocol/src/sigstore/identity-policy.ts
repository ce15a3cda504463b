/** Whose signatures count, as data (docs/protocol/identity-policy.md). */
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { assertMembers, parseArray, parseInteger, parseObject } from '../json/fields.ts';
import { isMailbox, isUri } from '../x509/name-syntax.ts';
import type { ClaimName, SignerSubject } from './claims.ts';
import type { IdentityPattern } from './identity-pattern.ts';
import { assertCount, parseText, readRule, type TextRule } from './text-rule.ts';

/** One signer, or a set of signers that share these claims: every rule must hold. */
export interface SignerIdentity {
  readonly issuer: string;
  readonly subject: { readonly kind: SignerSubject['kind']; readonly rule: TextRule } | undefined;
  /** Of the build's top-level workflow, from the root of the source repository. */
  readonly workflow: string | undefined;
  /** For each claim the texts of which one must be there. */
  readonly claims: ReadonlyMap<ClaimName, readonly TextRule[]>;
}

/** How much evidence there must be beside the signature. */
export interface EvidenceMinimums {
  /** Entries of transparency logs that are bound to the signature and proven. */
  readonly logEntries: number;
  /** Logs that promised to publish the certificate. */
  readonly scts: number;
  /** RFC 3161 timestamps; a signing time must be proven in any case, by one of these or by a log. */
  readonly timestamps: number;
}

/** Whose signatures count: any one of these identities, with that much evidence. */
export interface IdentityPolicy extends EvidenceMinimums {
  readonly identities: readonly SignerIdentity[];
}

/** What counts where nothing else is asked for: the public Sigstore instance gives as much to everybody. */
export const defaultMinimums: EvidenceMinimums = { logEntries: 1, scts: 1, timestamps: 0 };

/** The claims by the names that they have in a policy; `pattern`: whether one may be given. */
const claimRules = {
  repository: { claim: 'sourceRepositoryUri', pattern: false },
  repository_id: { claim: 'sourceRepositoryIdentifier', pattern: false },
  owner: { claim: 'sourceRepositoryOwnerUri', pattern: false },
  owner_id: { claim: 'sourceRepositoryOwnerIdentifier', pattern: false },
  ref: { claim: 'sourceRepositoryRef', pattern: true },
  commit: { claim: 'sourceRepositoryDigest', pattern: false },
  build_signer: { claim: 'buildSignerUri', pattern: true },
  build_signer_digest: { claim: 'buildSignerDigest', pattern: false },
  trigger: { claim: 'buildTrigger', pattern: false },
  runner: { claim: 'runnerEnvironment', pattern: false },
  visibility: { claim: 'sourceRepositoryVisibility', pattern: false },
  environment: { claim: 'deploymentEnvironment', pattern: false },
} as const satisfies Record<string, { readonly claim: ClaimName; readonly pattern: boolean }>;

type ClaimRuleName = keyof typeof claimRules;

const ruleOrder = Object.keys(claimRules) as ClaimRuleName[];
/** The rules about claims by their names in a policy, in the order of its page. */
export const claimRuleNames: readonly string[] = ruleOrder;

const minimumNames = ['log_entries', 'scts', 'timestamps'];
/** Who built is told by one of these; the others only narrow it. */
const namingRules = ['subject', 'repository', 'repository_id', 'owner', 'owner_id', 'build_signer'];

const maxIdentities = 64;
const maxAlternatives = 64;
const maxMinimum = 16;

/**
 * Parses a policy from JSON or YAML that somebody else decoded. Throws `malformed` with the member's name; members that
 * are not known are refused, since a misspelt rule would be no rule.
 */
export function parseIdentityPolicy(value: unknown): IdentityPolicy {
  const object = parseObject(value as SignableValue | undefined, 'the identity policy');
  assertMembers(object, ['identities', ...minimumNames], 'the identity policy');
  const items = parseArray(object, 'identities');
  assertCount(items.length, maxIdentities, 'identities');
  return { identities: items.map(parseSignerIdentity), ...readMinimums(object) };
}

/** Parses minimums alone, for signatures by a managed key: `log_entries`, `scts`, `timestamps`. Throws `malformed`. */
export function parseEvidenceMinimums(value: unknown): EvidenceMinimums {
  const object = parseObject(value as SignableValue | undefined, 'the minimums');
  assertMembers(object, minimumNames, 'the minimums');
  return readMinimums(object);
}

function readMinimums(object: SignableObject): EvidenceMinimums {
  return {
    logEntries: readMinimum(object, 'log_entries', defaultMinimums.logEntries),
    scts: readMinimum(object, 'scts', defaultMinimums.scts),
    timestamps: readMinimum(object, 'timestamps', defaultMinimums.timestamps),
  };
}

function readMinimum(object: SignableObject, name: string, otherwise: number): number {
  if (object[name] === undefined) return otherwise;
  const minimum = parseInteger(object, name, 0);
  if (!Number.isInteger(minimum) || minimum > maxMinimum) {
    throw new TrustError('malformed', `expected ${name} to be an integer from 0 to ${maxMinimum}`);
  }
  return minimum;
}

/** Parses one identity. Throws `malformed`, also for one that names nobody. */
export function parseSignerIdentity(value: unknown): SignerIdentity {
  const object = parseObject(value as SignableValue | undefined, 'an identity');
  assertMembers(object, ['issuer', 'subject', 'workflow', ...claimRuleNames], 'an identity');
  if (!namingRules.some((name) => object[name] !== undefined)) {
    throw new TrustError('malformed', `expected an identity to have one of ${namingRules.join(', ')}`);
  }
  return {
    issuer: parseIssuer(object),
    subject:
      object.subject === undefined
        ? undefined
        : readSubject(readRule(object.subject, 'subject', { mayBePattern: true })),
    workflow: object.workflow === undefined ? undefined : parseWorkflow(object),
    claims: readClaimRules(object),
  };
}

function parseIssuer(object: SignableObject): string {
  const issuer = parseText(object.issuer, 'issuer');
  if (!isUri(issuer)) throw new TrustError('malformed', 'expected issuer to be an absolute URI');
  return issuer;
}

function parseWorkflow(object: SignableObject): string {
  const path = parseText(object.workflow, 'workflow');
  const isPath = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isPath || /[@*]/.test(path)) {
    throw new TrustError('malformed', 'expected workflow to be a path such as .github/workflows/release.yml');
  }
  return path;
}

/** A subject's form says which kind of name it is: a mailbox is no user name that reads the same. */
function readSubject(rule: TextRule): SignerIdentity['subject'] {
  if (typeof rule !== 'string') return { kind: findPatternKind(rule), rule };
  const kind = isUri(rule) ? 'uri' : isMailbox(rule) ? 'email' : 'other-name';
  return { kind, rule };
}

/** A wildcard may not stand where the name's authority does: anybody could choose it. */
function findPatternKind({ pattern }: IdentityPattern): SignerSubject['kind'] {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/*@]+\//i.test(pattern)) return 'uri';
  if (/^[^/:@!]*@[^/:@!*]+$/.test(pattern)) return 'email';
  if (/^[^/:@!]*![^/:@!*]+$/.test(pattern)) return 'other-name';
  throw new TrustError('malformed', 'expected a subject pattern with a fixed host: https://host/…, …@host or …!host');
}

function readClaimRules(object: SignableObject): SignerIdentity['claims'] {
  const rules = new Map<ClaimName, readonly TextRule[]>();
  for (const name of ruleOrder) {
    const value = object[name];
    if (value === undefined) continue;
    const { claim, pattern } = claimRules[name];
    const alternatives = Array.isArray(value) ? value : [value];
    assertCount(alternatives.length, maxAlternatives, name);
    rules.set(
      claim,
      alternatives.map((one) =>
        readRule(name.endsWith('_id') ? readNumericId(one) : one, name, { mayBePattern: pattern }),
      ),
    );
  }
  return rules;
}

/** YAML reads an id without quotes as a number. */
function readNumericId(value: SignableValue): SignableValue {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? String(value) : value;
}
