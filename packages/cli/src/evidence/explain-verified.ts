/** A verified bundle in words and as JSON: who, when and by whose word, where it is on record, what was signed. */
import { createHash } from 'node:crypto';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { encodeTime } from '@signpost/protocol/json/time';
import type { ProvenTime } from '@signpost/protocol/sigstore/bundle-steps';
import type { VerifiedBundle } from '@signpost/protocol/sigstore/verify-bundle';
import type { VerifiedContent } from '@signpost/protocol/sigstore/verify-content';
import type { VerifiedLogEntry } from '@signpost/protocol/sigstore/verify-log-entry';
import type { VerifiedSigner } from '@signpost/protocol/sigstore/verify-signer';
import type { JsonObject } from '../http/answer.ts';
import { type Explained, explainClaims, explainStatement, type Pair } from './words.ts';

/** Explains what was verified, and nothing else of the bundle. */
export function explainVerified({ signer, times, logEntries, scts, content }: VerifiedBundle): Explained {
  const who = explainSigner(signer);
  const what = explainContent(content);
  const logs = logEntries.map(explainLogEntry);
  const nameOf = createLogNames(logEntries);
  return {
    document: {
      signer: who.document,
      times: times.map((time) => describeTime(time, nameOf)),
      log_entries: logs.map(({ document }) => document),
      scts: scts.map(({ log, time }) => ({ log: log.baseUrl, time: encodeTime(time) })),
      content: what.document,
    },
    pairs: [
      ...who.pairs,
      ...(times.length === 0
        ? ([['signed at', 'unknown: nothing proves a time']] as const)
        : times.map((time): Pair => ['signed at', tellTime(time, nameOf)])),
      ...(logs.length === 0 ? ([['on record', 'in no log']] as const) : logs.flatMap(({ pairs }) => pairs)),
      ...scts.map(({ log }): Pair => ['certificate in', log.baseUrl]),
      ...what.pairs,
    ],
  };
}

function explainSigner(signer: VerifiedSigner): Explained {
  if (signer.kind === 'key') {
    const sha256 = createHash('sha256').update(signer.key.subjectKey.spki).digest('hex');
    return { document: { kind: 'key', key_sha256: sha256 }, pairs: [['signed by', `the key with SHA-256 ${sha256}`]] };
  }
  const { document, pairs } = explainClaims(signer.claims);
  return { document: { kind: 'certificate', ...document }, pairs };
}

/** A log's time is by its id; people know its address. */
function createLogNames(entries: readonly VerifiedLogEntry[]): (logId: string) => string {
  const names = new Map(entries.map(({ entry, log }) => [encodeHex(entry.logId), log.baseUrl]));
  return (logId) => names.get(logId) ?? logId;
}

function describeTime(proven: ProvenTime, nameOf: (logId: string) => string): JsonObject {
  const by = proven.kind === 'log' ? nameOf(proven.log) : proven.authority;
  return { time: encodeTime(proven.time), proven_by: proven.kind, name: by };
}

function tellTime(proven: ProvenTime, nameOf: (logId: string) => string): string {
  const by = proven.kind === 'log' ? `the log ${nameOf(proven.log)}` : `the timestamp of ${proven.authority}`;
  return `${encodeTime(proven.time)}, by ${by}`;
}

function explainLogEntry({ entry, log, evidence, time }: VerifiedLogEntry): Explained {
  const words = evidence === 'proof' ? 'inclusion proven' : 'inclusion promised';
  return {
    document: {
      ...{ log: log.baseUrl, index: entry.logIndex, kind: entry.kind, evidence },
      time: time === undefined ? null : encodeTime(time),
    },
    pairs: [['on record', `${log.baseUrl}, entry ${entry.logIndex}, ${words}`]],
  };
}

function explainContent(content: VerifiedContent): Explained {
  if (content.kind === 'statement') return explainStatement(content.statement);
  const { hash, digest } = content;
  return {
    document: { kind: 'message', hash, digest: encodeHex(digest) },
    pairs: [['signed', `the artifact itself, ${hash} ${encodeHex(digest)}`]],
  };
}
