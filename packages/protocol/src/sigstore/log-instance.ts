/** TransparencyLogInstance (sigstore/protobuf-specs, sigstore_trustroot.proto): a log's key, and when it counts. */
import { parseBase64 } from '../bytes/base64.ts';
import { isSameBytes } from '../bytes/compare.ts';
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import type { SignableObject } from '../json/canonical.ts';
import { isPresent, parseObject, parseString } from '../json/fields.ts';
import type { SignatureAlgorithm } from '../keys/signature-algorithm.ts';
import { importSubjectKey, type VerificationKey } from '../keys/verification-key.ts';
import { keyHintBytes, type NoteVerifier } from '../tlog/signed-note.ts';
import { parseDetailedKey } from './key-details.ts';
import { parseWindow, type ValidityWindow } from './validity-window.ts';

/** One key of a log of signatures or certificates. */
export interface LogInstance {
  readonly baseUrl: string;
  /** Under which names it may sign checkpoints. */
  readonly names: readonly string[];
  readonly logId: Uint8Array<ArrayBuffer>;
  /** What the hint of a checkpoint's signature is taken from; the log's id where nothing else is said. */
  readonly checkpointKeyId: Uint8Array<ArrayBuffer>;
  readonly key: VerificationKey;
  readonly algorithm: SignatureAlgorithm;
  readonly window: ValidityWindow;
}

const maxKeyBytes = 2048;
const maxIdBytes = 64;

/** Parses and imports; `undefined` for keys of a kind that is unknown here. Throws `malformed` and what keys throw. */
export async function parseLogInstance(object: SignableObject): Promise<LogInstance | undefined> {
  const baseUrl = parseString(object, 'baseUrl', 2048);
  const hash = parseString(object, 'hashAlgorithm');
  if (hash !== 'SHA2_256') throw new TrustError('algorithm_unsupported', `expected a log with SHA2_256, got ${hash}`);
  const publicKey = parseObject(object.publicKey, 'publicKey');
  const window = parseWindow(publicKey);
  const bytes = parseBase64(parseString(publicKey, 'rawBytes', maxKeyBytes * 2));
  const detailed = parseDetailedKey(parseString(publicKey, 'keyDetails'), bytes);
  const logId = parseKeyId(object, 'logId');
  if (!detailed) return undefined;
  return {
    baseUrl,
    names: listNames(baseUrl),
    logId,
    checkpointKeyId: isPresent(object, 'checkpointKeyId') ? parseKeyId(object, 'checkpointKeyId') : logId,
    key: await importSubjectKey(detailed.subjectKey),
    algorithm: detailed.algorithm,
    window,
  };
}

/**
 * The names that stand for a URL: its host, with the port and without, and with the path behind it (C2SP tlog-checkpoint wants a URL
 * without scheme as origin). From version 0.2 on the text itself is the name, whatever it looks like.
 */
function listNames(baseUrl: string): readonly string[] {
  if (!URL.canParse(baseUrl)) return [baseUrl];
  const { host, hostname, pathname } = new URL(baseUrl);
  return [...new Set([baseUrl, host, hostname, `${host}${pathname.replace(/\/+$/, '')}`])];
}

function parseKeyId(object: SignableObject, name: string): Uint8Array<ArrayBuffer> {
  const id = parseBase64(parseString(parseObject(object[name], name), 'keyId', maxIdBytes * 2));
  if (id.length < keyHintBytes || id.length > maxIdBytes) {
    throw new TrustError('malformed', `expected ${name} of ${keyHintBytes} to ${maxIdBytes} octets, got ${id.length}`);
  }
  return id;
}

/** The instance of a log that counts at all of `times` (Unix ms). Throws `log_untrusted`. */
export function findLog(logs: readonly LogInstance[], logId: Uint8Array, times: readonly number[]): LogInstance {
  const known = logs.filter((log) => isSameBytes(log.logId, logId));
  if (known.length === 0) throw new TrustError('log_untrusted', `expected a trusted log, got ${encodeHex(logId)}`);
  const found = known.find(({ window: { start, end } }) =>
    times.every((time) => time >= start && (end === undefined || time <= end)),
  );
  if (found) return found;
  const when = times.map((time) => new Date(time).toISOString()).join(' and ');
  throw new TrustError('log_untrusted', `expected a log that is trusted at ${when}, got ${known[0]?.baseUrl}`);
}

/** Who signs the checkpoints of a log: one verifier for each name. */
export function createCheckpointVerifiers({ names, checkpointKeyId, key, algorithm }: LogInstance): NoteVerifier[] {
  const keyHint = checkpointKeyId.subarray(0, keyHintBytes);
  return names.map((name) => ({
    name,
    keyHint,
    verify: (message, signature) => key.verify({ algorithm, message, signature }),
  }));
}
