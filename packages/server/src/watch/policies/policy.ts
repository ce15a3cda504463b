/** The policy of an organisation: one in force, the earlier ones kept. */
import { createHash } from 'node:crypto';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import { encodePlain } from '../facts/plain-text.ts';
import type { WatchParts } from '../parts.ts';
import { type PolicyDocument, type PolicyRule, parsePolicyDocument, usualRule } from './document.ts';
import { matchesGlob } from './glob.ts';
import { isSecondPerson } from './second-person.ts';
import { needsTwoPeople } from './settings.ts';
import { findLatestPolicy, insertPolicy } from './store.ts';
import { isWeaker } from './weaker.ts';

/** A policy with its place among the versions; 0: nobody ever set one. */
export interface WatchPolicy {
  readonly version: number;
  readonly document: PolicyDocument;
  /** Of its one form, in hex. */
  readonly sha256: string;
}

/** Under this the rules of an organisation are stored. */
const selector = 'rules';

/** The policy in force. */
export async function readPolicy(query: Query, organisationId: string): Promise<WatchPolicy> {
  const row = await findLatestPolicy(query, { organisationId, selector });
  const document: PolicyDocument = row?.document
    ? parsePolicyDocument(JSON.parse(row.document))
    : { schema: 1, rules: [] };
  return describe(row?.version ?? 0, document);
}

function describe(version: number, document: PolicyDocument): WatchPolicy {
  return { version, document, sha256: createHash('sha256').update(encodePlain(document)).digest('hex') };
}

/**
 * Puts a policy in force; what says the same as the one before stays that version, and what is weaker where two people are asked for waits for a second one.
 * Throws as `parsePolicyDocument` and `isSecondPerson` do.
 */
export async function changePolicy(
  { database, now }: WatchParts,
  caller: Caller,
  value: unknown,
): Promise<WatchPolicy & { readonly awaitsSecondPerson?: true }> {
  const document = parsePolicyDocument(value);
  const { organisationId, actor } = caller;
  return database.transaction(async (tx) => {
    const before = await readPolicy(tx, organisationId);
    const next = describe(before.version + 1, document);
    if (before.version > 0 && before.sha256 === next.sha256) return before;
    const at = now();
    const easing = { selector, version: before.version, document: encodePlain(document), at };
    const isForAll = await needsTwoPeople(tx, organisationId);
    const isEasing = isWeaker(before.document, document, { isForAll });
    if (isEasing && !(await isSecondPerson(tx, caller, easing))) {
      return { ...before, awaitsSecondPerson: true };
    }
    await insertPolicy(tx, {
      ...{ id: createId(at), organisation_id: organisationId, selector, version: next.version },
      ...{ document: encodePlain(document), author: JSON.stringify(actor), created_at: at },
    });
    const detail = { version: next.version, sha256: next.sha256, rules: document.rules.length };
    await recordEvent(tx, { id: createId(at), organisationId, topic: 'watch.policy.changed', payload: detail, at });
    const object = { kind: 'watch_policy', id: selector };
    await recordAudit(tx, at, { ...caller, action: 'watch_policy.changed', object, detail });
    return next;
  });
}

/** The first rule that is meant for a source in an environment, or the usual one. */
export function selectRule(
  { rules }: PolicyDocument,
  { key, environment }: { readonly key: string; readonly environment: string | undefined },
): PolicyRule {
  const isMeant = ({ match }: PolicyRule) =>
    (match.ecosystem === undefined || key.startsWith(`${match.ecosystem}:`)) &&
    (match.source === undefined || matchesGlob(match.source, key)) &&
    (match.environment === undefined || match.environment === environment);
  return rules.find(isMeant) ?? usualRule;
}

/** Whether a rule asks two people to accept what is critical in a source, in whatever environment. */
export function asksTwoPeople({ rules }: PolicyDocument, key: string): boolean {
  return rules.some(
    (rule) =>
      rule.two_people &&
      selectRule({ schema: 1, rules: [rule] }, { key, environment: rule.match.environment }) === rule,
  );
}
