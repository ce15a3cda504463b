/** A bundle in words and as JSON, as it speaks of itself: nothing is verified, and no trusted root is asked. */
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { parseSignedData } from '@signpost/protocol/cms/signed-data';
import { parseTimestampInfo } from '@signpost/protocol/cms/timestamp-info';
import { parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { TrustError } from '@signpost/protocol/errors';
import { parseStatement, statementPayloadType } from '@signpost/protocol/intoto/statement';
import { encodeTime } from '@signpost/protocol/json/time';
import type { Bundle, BundleContent, BundleSigner } from '@signpost/protocol/sigstore/bundle';
import type { BundleLogEntry } from '@signpost/protocol/sigstore/bundle-log-entry';
import { parseSignerClaims } from '@signpost/protocol/sigstore/claims';
import { parseCheckpoint } from '@signpost/protocol/tlog/checkpoint';
import { parseSignedNote } from '@signpost/protocol/tlog/signed-note';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { formatName } from '@signpost/protocol/x509/name';
import type { JsonObject } from '../http/answer.ts';
import { type Explained, explainClaims, explainStatement, type Pair } from './words.ts';

/** Explains a bundle. What cannot be read inside of it is told in its place. */
export function explainBundle({ version, signer, logEntries, timestamps, content }: Bundle): Explained {
  const parts = {
    signer: explainSigner(signer),
    logs: logEntries.map(explainLogEntry),
    times: timestamps.map((response) => attempt('timestamp', () => explainTimestamp(response))),
    content: explainContent(content),
  };
  return {
    document: {
      version,
      signer: parts.signer.document,
      log_entries: parts.logs.map(({ document }) => document),
      timestamps: parts.times.map(({ document }) => document),
      content: parts.content.document,
    },
    pairs: [
      ['format', `Sigstore bundle, version ${version}`],
      ...parts.signer.pairs,
      ...(parts.logs.length === 0 ? ([['on record', 'in no log']] as const) : parts.logs.flatMap(({ pairs }) => pairs)),
      ...(parts.times.length === 0 ? ([['timestamp', 'none']] as const) : parts.times.flatMap(({ pairs }) => pairs)),
      ...parts.content.pairs,
    ],
  };
}

/** A refusal is what there is to say about a part that cannot be read. */
function attempt(name: string, explain: () => Explained): Explained {
  try {
    return explain();
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    const { code, message } = error;
    return { document: { error: { code, message } }, pairs: [[name, `cannot be read: ${message}`]] };
  }
}

function explainSigner(signer: BundleSigner): Explained {
  if (signer.kind === 'key') {
    const { hint } = signer;
    return {
      document: { kind: 'key', hint },
      pairs: [['signed by', `a key that the bundle does not hold${hint === '' ? '' : `, hint ${hint}`}`]],
    };
  }
  const [certificate, ...above] = signer.certificates;
  const claims = attempt('signed by', () => explainClaims(parseSignerClaims(certificate)));
  const facts = explainCertificate(certificate);
  return {
    document: { kind: 'certificate', ...claims.document, certificate: facts.document, intermediates: above.length },
    pairs: [...claims.pairs, ...facts.pairs],
  };
}

function explainCertificate({ issuer, serialNumber, notBefore, notAfter }: Certificate): Explained {
  const [start, end] = [encodeTime(notBefore), encodeTime(notAfter)];
  const [name, serial] = [formatName(issuer), encodeHex(serialNumber)];
  return {
    document: { issuer: name, serial_number: serial, not_before: start, not_after: end },
    pairs: [
      ['certificate', `by ${name}, serial number ${serial}`],
      ['  valid', `${start} to ${end}`],
    ],
  };
}

function explainLogEntry({ logId, logIndex, kind, integratedTime, promise, proof }: BundleLogEntry): Explained {
  const log = encodeHex(logId);
  const time = integratedTime === undefined ? undefined : encodeTime(integratedTime);
  const checkpoint = proof?.checkpoint;
  const tree = checkpoint === undefined ? undefined : attempt('  checkpoint', () => explainCheckpoint(checkpoint));
  return {
    document: {
      ...{ log_id: log, index: logIndex, kind, integrated_time: time ?? null, promise: promise !== undefined },
      proof: proof ? { index: proof.index, tree_size: proof.treeSize, hashes: proof.hashes.length } : null,
      checkpoint: tree?.document ?? null,
    },
    pairs: [
      ['on record', `entry ${logIndex} (${kind}) of the log ${log}`],
      ...(time === undefined ? [] : ([['  since', time]] as const)),
      [
        '  with',
        [promise ? 'a promise' : '', proof ? 'a proof of inclusion' : ''].filter(Boolean).join(' and ') || 'nothing',
      ],
      ...(tree?.pairs ?? []),
    ],
  };
}

function explainCheckpoint(text: string): Explained {
  const note = parseSignedNote(text);
  const { origin, size } = parseCheckpoint(note.text);
  const names = note.signatures.map(({ name }) => name);
  return {
    document: { origin, size, signed_by: names },
    pairs: [['  checkpoint', `${origin}, ${size} entries, signed by ${names.join(', ')}`]],
  };
}

function explainTimestamp(bytes: Uint8Array<ArrayBuffer>): Explained {
  const response = parseTimestampResponse(bytes);
  if (response.kind === 'refused') throw new TrustError('timestamp_invalid', 'it is a refusal by the authority');
  const { content, certificates } = parseSignedData(response.token);
  if (!content) throw new TrustError('timestamp_invalid', 'expected a timestamp in the token');
  const { time, policy, imprint } = parseTimestampInfo(content);
  const names = certificates.map(({ subject }) => formatName(subject));
  const by = names.length === 0 ? 'an authority whose certificate is elsewhere' : names.join(', ');
  return {
    document: { time: encodeTime(time), policy, hash: imprint.hash, certificates: names },
    pairs: [['timestamp', `${encodeTime(time)}, by ${by}`]],
  };
}

function explainContent(content: BundleContent): Explained {
  if (content.kind === 'message') {
    const digest = encodeHex(content.digest);
    return {
      document: { kind: 'message', hash: content.hash, digest },
      pairs: [['signed', `an artifact of ${content.hash} ${digest}`]],
    };
  }
  const { payloadType, payload } = content.envelope;
  const type: JsonObject = { kind: 'envelope', payload_type: payloadType };
  if (payloadType !== statementPayloadType) {
    return { document: type, pairs: [['signed', `a document of type ${payloadType}, ${payload.length} bytes`]] };
  }
  const statement = attempt('statement', () => explainStatement(parseStatement(payload)));
  const pairs: readonly Pair[] = statement.pairs;
  return { document: { ...type, statement: statement.document }, pairs };
}
