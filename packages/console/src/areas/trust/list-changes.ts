/** What a trust list says that the one before it did not, as sentences to be filled (docs/protocol/trust-list.md). */
import type { RootSet, TrustedKey, TrustedLog, TrustList } from '@signpost/protocol/updates/trust-list';
import { formatExact } from '../../language/moments.ts';

/** The kinds of change; each is a text of the area. */
type ChangeKind =
  | 'rootAdded'
  | 'rootRemoved'
  | 'thresholdChanged'
  | 'keyAdded'
  | 'keyRemoved'
  | 'keyScopeChanged'
  | 'keyCustodyChanged'
  | 'keyRenamed'
  | 'keyWindowChanged'
  | 'pushAdded'
  | 'pushRemoved'
  | 'logNamed'
  | 'logChanged'
  | 'logRemoved'
  | 'keyRevoked'
  | 'revocationGone'
  | 'approvalsChanged'
  | 'epochRaised';

/** One change, and what fills its sentence. */
export interface Change {
  readonly kind: ChangeKind;
  readonly values: Readonly<Record<string, string | number>>;
}

/** A list with the roots that are in force from it on. */
export type ListInForce = TrustList & { readonly rootsInForce: RootSet };

/** The changes from `before` to `after`, the weightiest first; without `before` everything is new. */
export function listChanges(before: ListInForce | undefined, after: ListInForce): readonly Change[] {
  return [
    ...rootChanges(before?.rootsInForce, after.rootsInForce),
    ...revocationChanges(before, after),
    ...keyChanges(before?.validKeys ?? [], after.validKeys),
    ...ruleChanges(before, after),
    ...pushChanges(before, after),
    ...logChanges(before?.log, after.log),
  ];
}

/** The beginning of a key id, to be compared by eye. */
export function shortId(keyId: string): string {
  return `${keyId.slice(0, 16)}…`;
}

function rootChanges(before: RootSet | undefined, after: RootSet): Change[] {
  const known = idsOf(before?.keys ?? []);
  const kept = idsOf(after.keys);
  const removed = [...known].filter((id) => !kept.has(id));
  const threshold = { before: before?.threshold ?? 0, after: after.threshold, roots: after.keys.length };
  return [
    ...[...kept].filter((id) => !known.has(id)).map((id) => change('rootAdded', { id: shortId(id) })),
    ...removed.map((id) => change('rootRemoved', { id: shortId(id) })),
    ...(before && before.threshold !== after.threshold ? [change('thresholdChanged', threshold)] : []),
  ];
}

function revocationChanges(before: TrustList | undefined, after: TrustList): Change[] {
  const known = new Set(before?.revokedKeys.map(({ keyId }) => keyId));
  const kept = new Set(after.revokedKeys.map(({ keyId }) => keyId));
  const label = (id: string) =>
    [...after.validKeys, ...(before?.validKeys ?? [])].find(({ key }) => key.keyId === id)?.label ?? '';
  return [
    ...after.revokedKeys
      .filter(({ keyId }) => !known.has(keyId))
      .map(({ keyId, reason }) => change('keyRevoked', { label: label(keyId), id: shortId(keyId), reason })),
    ...[...known].filter((id) => !kept.has(id)).map((id) => change('revocationGone', { id: shortId(id) })),
  ];
}

function keyChanges(before: readonly TrustedKey[], after: readonly TrustedKey[]): Change[] {
  const known = new Map(before.map((key) => [key.key.keyId, key]));
  const kept = new Set(after.map(({ key }) => key.keyId));
  return [
    ...after.flatMap((key) => {
      const old = known.get(key.key.keyId);
      return old ? alterations(old, key) : [change('keyAdded', describeKey(key))];
    }),
    ...before.filter(({ key }) => !kept.has(key.keyId)).map((key) => change('keyRemoved', describeKey(key))),
  ];
}

function alterations(old: TrustedKey, next: TrustedKey): Change[] {
  const values = describeKey(next);
  const [from, to] = [describeKey(old), values];
  return [
    ...(from.label === to.label ? [] : [change('keyRenamed', { ...values, before: from.label })]),
    ...(from.custody === to.custody ? [] : [change('keyCustodyChanged', { ...values, before: from.custody })]),
    ...(from.scope === to.scope ? [] : [change('keyScopeChanged', { ...values, before: from.scope })]),
    ...(old.notBefore === next.notBefore && old.notAfter === next.notAfter
      ? []
      : [change('keyWindowChanged', { ...values, from: moment(next.notBefore), until: moment(next.notAfter) })]),
  ];
}

function ruleChanges(before: TrustList | undefined, after: TrustList): Change[] {
  const names = new Set([...(before?.projects ?? []), ...after.projects].map(({ project }) => project));
  return [...names].sort().flatMap((project) => {
    const [old, next] = [before, after].map((list) => list?.projects.find((rule) => rule.project === project));
    const approvals = { project, before: old?.approvals ?? 0, after: next?.approvals ?? 0 };
    const epoch = { project, before: old?.counterEpoch ?? 0, after: next?.counterEpoch ?? 0 };
    return [
      ...(approvals.before === approvals.after ? [] : [change('approvalsChanged', approvals)]),
      ...(epoch.before === epoch.after ? [] : [change('epochRaised', epoch)]),
    ];
  });
}

function pushChanges(before: TrustList | undefined, after: TrustList): Change[] {
  const known = idsOf(before?.pushKeys.map(({ key }) => key) ?? []);
  const kept = idsOf(after.pushKeys.map(({ key }) => key));
  return [
    ...[...kept].filter((id) => !known.has(id)).map((id) => change('pushAdded', { id: shortId(id) })),
    ...[...known].filter((id) => !kept.has(id)).map((id) => change('pushRemoved', { id: shortId(id) })),
  ];
}

/** Another key or origin is another log, of which clients know nothing yet. */
function logChanges(before: TrustedLog | undefined, after: TrustedLog | undefined): Change[] {
  if (!after) return before ? [change('logRemoved', { origin: before.origin })] : [];
  const values = { origin: after.origin, id: shortId(after.key.keyId), before: before?.origin ?? '' };
  if (!before) return [change('logNamed', values)];
  const isSame = before.origin === after.origin && before.key.keyId === after.key.keyId;
  return isSame ? [] : [change('logChanged', values)];
}

function describeKey({ key, label, custody, scope }: TrustedKey) {
  return { label, custody, id: shortId(key.keyId), scope: scope.join(', ') };
}

function moment(at: number | undefined): string {
  return at === undefined ? '…' : formatExact(at);
}

function idsOf(keys: readonly { readonly keyId: string }[]): ReadonlySet<string> {
  return new Set(keys.map(({ keyId }) => keyId));
}

function change(kind: ChangeKind, values: Change['values']): Change {
  return { kind, values };
}
