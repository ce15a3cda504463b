/** Says in words what a document will do once it is signed, for the person who is about to sign it. */
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { encodeTime } from '../json/time.ts';
import type { Manifest } from './manifest.ts';
import type { EvidenceVerdict } from './release-evidence.ts';
import type { ProjectRule, PushKey, RootSet, TrustedKey, TrustedLog, TrustList } from './trust-list.ts';

/**
 * What signing `list` will do, line by line; against `previous`, the list in force, also what it changes. All text that
 * comes from the list is escaped.
 */
export function describeTrustList(list: TrustList, previous?: TrustList): readonly string[] {
  return [
    `trust list version ${list.version}${previous ? `, after version ${previous.version}` : ''}`,
    `  issued ${encodeTime(list.issuedAt)}, expires ${encodeTime(list.expiresAt)}: clients then refuse every update`,
    ...describeVersionChange(list, previous),
    ...describeRoots(list.roots, previous?.roots),
    ...list.validKeys.flatMap((trusted) => describeTrustedKey(trusted, list, previous)),
    ...list.pushKeys.flatMap((pushKey) => describePushKey(pushKey, list, previous)),
    ...describeRemovedKeys(list, previous),
    ...describeLog(list, previous),
    ...describeRevokedKeys(list, previous),
    ...list.projects.map((rule) => describeProjectRule(rule, previous)),
    ...describeDroppedRules(list, previous),
  ];
}

/** What signing `manifest` will do, line by line. All text that comes from the manifest is escaped. */
export function describeManifest(manifest: Manifest): readonly string[] {
  const { project, channel, version, counter, counterEpoch, minVersion, main, artifacts, scan } = manifest;
  return [
    `release ${escapeText(version)} of project ${escapeText(project)}, channel ${escapeText(channel)}`,
    `  counter ${counter} of epoch ${counterEpoch}: clients that see it refuse lower counters`,
    ...(counter > highCounter
      ? [`  WARNING: counters end at ${Number.MAX_SAFE_INTEGER}, and none is ever taken back`]
      : []),
    `  signed as ${encodeTime(manifest.signedAt)} by key ${manifest.keyId}`,
    manifest.expiresAt === undefined
      ? '  does not expire by itself'
      : `  expires ${encodeTime(manifest.expiresAt)}: clients then refuse it`,
    ...describeLongLife(manifest),
    ...(minVersion === undefined ? [] : [`  can be installed over version ${escapeText(minVersion)} or later only`]),
    `  main file ${escapeText(main.url)}, ${main.sizeBytes} bytes, SHA-256 ${main.sha256}`,
    ...artifacts.map(
      ({ name, platform, sizeBytes, sha256 }) =>
        `  file ${escapeText(name)} for ${escapeText(platform)}, ${sizeBytes} bytes, SHA-256 ${sha256}`,
    ),
    describeScan(scan),
    ...describeEvidence(manifest.evidence),
    ...describeTexts('name', manifest.name),
    ...describeTexts('description', manifest.description),
    ...describeTexts('changelog', manifest.changelog),
  ];
}

/**
 * Warns of what would be signed unseen: members of `document` that `known`, the same document parsed and written by this
 * version, leaves out. Empty when there are none.
 */
export function describeUnknown(document: SignableObject, known: SignableObject): readonly string[] {
  const paths = listUnknown(document, known, '').map(escapeText);
  return paths.length === 0 ? [] : [`  WARNING: also signs what this version does not know: ${paths.join(', ')}`];
}

/** `text` with everything that could move, hide or reorder what a terminal shows written as `\u{…}`. */
export function escapeText(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\\]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

type Member = SignableValue | undefined;

function listUnknown(member: Member, known: Member, path: string): string[] {
  // An empty list says nothing, and is left out in writing.
  if (known === undefined) return Array.isArray(member) && member.length === 0 ? [] : [path];
  if (typeof member !== 'object' || typeof known !== 'object' || member === null || known === null) return [];
  const prefix = path === '' ? '' : `${path}.`;
  return Object.entries(member).flatMap(([name, value]: [string, Member]) =>
    listUnknown(
      value,
      // Not what every object inherits, such as toString.
      Object.hasOwn(known, name) ? (known as SignableObject)[name] : undefined,
      Array.isArray(member) ? `${path}[${name}]` : `${prefix}${name}`,
    ),
  );
}

/** Honest gaps are lists that were given up before they had all signatures. */
const maxVersionGap = 100;

function describeVersionChange(list: TrustList, previous: TrustList | undefined): string[] {
  const skipped = list.version - (previous?.version ?? 0) - 1;
  if (skipped > maxVersionGap) return [`  WARNING: skips ${skipped} versions, which can never be taken back`];
  if (!previous || list.version > previous.version) return [];
  return [`  WARNING: version ${list.version} is not above ${previous.version}: clients will refuse this list`];
}

function describeRoots(roots: RootSet | undefined, previous: RootSet | undefined): string[] {
  if (!roots) return previous ? ['  WARNING: no longer names its roots: clients keep those that they have'] : [];
  const before = new Set(previous?.keys.map(({ keyId }) => keyId));
  const after = new Set(roots.keys.map(({ keyId }) => keyId));
  return [
    `  roots: ${roots.threshold} of ${roots.keys.length} must sign${roots.threshold === previous?.threshold || !previous ? '' : ` (before: ${previous.threshold})`}`,
    ...roots.keys.map(
      ({ keyId }) => `    root ${keyId}${previous && !before.has(keyId) ? ' is NEW and will be pinned' : ''}`,
    ),
    ...(previous?.keys ?? [])
      .filter(({ keyId }) => !after.has(keyId))
      .map(({ keyId }) => `    root ${keyId} is REMOVED`),
  ];
}

function describeTrustedKey(trusted: TrustedKey, list: TrustList, previous: TrustList | undefined): string[] {
  const { key, label, custody, scope } = trusted;
  const before = previous?.validKeys.find((entry) => entry.key.keyId === key.keyId);
  const lines = [
    `  key ${key.keyId} "${escapeText(label)}" may sign ${scope.map(describeScope).join(', ') || 'nothing'}` +
      `${previous && !before ? ' (NEW)' : ''}`,
    `    held by ${custody === 'server' ? 'the server' : 'a maintainer'}, ${describeWindow(trusted)}`,
  ];
  if (before && describeRights(before) !== describeRights(trusted))
    lines.push(`    CHANGED, before: ${describeRights(before)}`);
  if (list.revokedKeys.some(({ keyId }) => keyId === key.keyId)) lines.push('    but is revoked below, which wins');
  return lines;
}

function describeRights(trusted: TrustedKey): string {
  const scope = trusted.scope.map(describeScope).join(', ') || 'nothing';
  return `${scope}, ${trusted.custody} custody, ${describeWindow(trusted)}`;
}

function describeScope(scope: string): string {
  if (scope === '*') return 'EVERY project';
  return escapeText(scope.replace(/^wordpress:/, "for WordPress' own check packages of ").replace(':', ' '));
}

/** A push key tells clients what happened, it can make them install nothing. */
function describePushKey(pushKey: PushKey, list: TrustList, previous: TrustList | undefined): string[] {
  const { key, label } = pushKey;
  const before = previous?.pushKeys.find((entry) => entry.key.keyId === key.keyId);
  const lines = [
    `  push key ${key.keyId} "${escapeText(label)}" may vouch for channel keys${previous && !before ? ' (NEW)' : ''}`,
    `    ${describeWindow(pushKey)}`,
  ];
  if (before && describeWindow(before) !== describeWindow(pushKey))
    lines.push(`    CHANGED, before: ${describeWindow(before)}`);
  if (list.revokedKeys.some(({ keyId }) => keyId === key.keyId)) lines.push('    but is revoked below, which wins');
  return lines;
}

function describeWindow({ notBefore, notAfter }: Pick<TrustedKey, 'notBefore' | 'notAfter'>): string {
  const from = notBefore === undefined ? '' : `from ${encodeTime(notBefore)} `;
  return notAfter === undefined ? `${from}without end` : `${from}until ${encodeTime(notAfter)}`;
}

function describeRemovedKeys(list: TrustList, previous: TrustList | undefined): string[] {
  const isKept = ({ key }: PushKey, entries: readonly PushKey[]) =>
    entries.some((entry) => entry.key.keyId === key.keyId);
  const describe = ({ key, label }: PushKey, role: string) =>
    `  ${role} ${key.keyId} "${escapeText(label)}" is REMOVED`;
  return [
    ...(previous?.validKeys ?? []).filter((key) => !isKept(key, list.validKeys)).map((key) => describe(key, 'key')),
    ...(previous?.pushKeys ?? []).filter((key) => !isKept(key, list.pushKeys)).map((key) => describe(key, 'push key')),
  ];
}

function describeLog(list: TrustList, previous: TrustList | undefined): string[] {
  const [log, before] = [list.log, previous?.log];
  if (!log) {
    return before ? [`  WARNING: no longer names log ${nameLog(before)}: clients ask for no more proofs`] : [];
  }
  const isSame = before?.origin === log.origin && before.key.keyId === log.key.keyId;
  const lines = [
    `  log ${nameLog(log)}${previous && !before ? ' (NEW)' : ''}`,
    '    every release must be proven to be in it: clients refuse one without',
  ];
  if (before && !isSame) {
    lines.push(`    WARNING: CHANGED, before: ${nameLog(before)}: clients compare nothing of the two`);
  }
  if (list.revokedKeys.some(({ keyId }) => keyId === log.key.keyId)) {
    lines.push('    WARNING: but its key is revoked below: clients refuse every release');
  }
  return lines;
}

function nameLog({ origin, key }: TrustedLog): string {
  return `${escapeText(origin)} of key ${key.keyId}`;
}

function describeRevokedKeys(list: TrustList, previous: TrustList | undefined): string[] {
  const before = new Set(previous?.revokedKeys.map(({ keyId }) => keyId));
  const now = new Set(list.revokedKeys.map(({ keyId }) => keyId));
  return [
    ...list.revokedKeys.map(
      ({ keyId, reason }) =>
        `  key ${keyId} is REVOKED${previous && !before.has(keyId) ? ' from now on' : ''}: ${escapeText(reason)}`,
    ),
    ...[...before].filter((keyId) => !now.has(keyId)).map((keyId) => `  WARNING: key ${keyId} is no longer revoked`),
  ];
}

function describeProjectRule(
  { project, approvals, counterEpoch }: ProjectRule,
  previous: TrustList | undefined,
): string {
  const before = previous?.projects.find((rule) => rule.project === project);
  const changed = before && (before.approvals !== approvals || before.counterEpoch !== counterEpoch);
  return (
    `  project ${escapeText(project)}: ${approvals === 0 ? 'any key in scope may sign' : `${approvals} maintainers must sign`}` +
    `, counter epoch ${counterEpoch}` +
    (changed ? ` (before: ${before.approvals} maintainers, epoch ${before.counterEpoch})` : '')
  );
}

function describeDroppedRules(list: TrustList, previous: TrustList | undefined): string[] {
  const kept = new Set(list.projects.map(({ project }) => project));
  return (previous?.projects ?? [])
    .filter(({ project }) => !kept.has(project))
    .map(({ project }) => `  WARNING: project ${escapeText(project)} no longer has a rule: any key in scope may sign`);
}

/** No project publishes that often; who wants its updates to end proposes such a number. */
const highCounter = 1_000_000_000;

const longLifeMs = 2 * 366 * 86_400_000;

function describeLongLife({ signedAt, expiresAt }: Manifest): string[] {
  if (expiresAt === undefined || expiresAt - signedAt <= longLifeMs) return [];
  return ['  WARNING: stays in force for more than two years: whoever serves it can withhold every update for as long'];
}

function describeScan(scan: Manifest['scan']): string {
  if (!scan) return '  says nothing about a malware scan';
  if (scan.status === 'not_scanned') return '  says that no malware scan was made';
  const engine = [scan.engine, scan.engineVersion].filter((part) => part !== undefined).join(' ');
  return `  says that a malware scan${engine ? ` by ${escapeText(engine)}` : ''} found nothing`;
}

function describeEvidence(evidence: Manifest['evidence']): string[] {
  if (!evidence) return [];
  const { verdict, documents } = evidence;
  return [
    ...(verdict ? [describeVerdict(verdict)] : []),
    ...(verdict?.overrides ?? []).map(
      ({ rules, reason, expiresAt }) =>
        `  WARNING: without ${rules.join(', ')} until ${encodeTime(expiresAt)}: ${escapeText(reason)}`,
    ),
    ...documents.map(({ artifact, kind, sha256 }) => `  ${kind} of ${escapeText(artifact)}, SHA-256 ${sha256}`),
  ];
}

function describeVerdict({ result, mode, policySha256 }: EvidenceVerdict): string {
  const word = mode === 'observe' ? `, which only observes` : '';
  return `  says that the policy ${policySha256}${word} ${result} the release`;
}

function describeTexts(name: string, map: Manifest['name']): string[] {
  return Object.entries(map ?? {}).map(([locale, text]) => `  ${name} (${escapeText(locale)}): ${escapeText(text)}`);
}
