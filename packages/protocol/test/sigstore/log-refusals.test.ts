/** Bundles whose log entries prove nothing, or something else, minted with one thing wrong each, and why they are refused. */
import assert from 'node:assert/strict';
import { encodeText } from '@signpost/protocol/bytes/text';
import * as instance from './instance.ts';
import {
  artifact,
  describeStatement,
  type Plan,
  writeBody,
  writeDsseBody,
  writeIntotoBody,
  writeTileBody,
} from './minted.ts';
import { afterWindow, beforeWindow, type Refusal, testRefusals, withPolicy, withRoot } from './refusal.ts';

const statement = describeStatement();
const older = { log: instance.log };
const otherLog = await instance.createEcdsaLog('https://ct.example/other');
const forged = { ...(await instance.createEcdsaLog(instance.log.baseUrl)), logId: instance.log.logId };
const forgedTiles = { ...(await instance.createTileLog(instance.tileLog.name, 9)), logId: instance.tileLog.logId };

testRefusals('log', {
  'an unknown log': { code: 'log_untrusted', plan: { entries: [{ log: otherLog }] } },
  'a log of tiles before its window': {
    code: 'log_untrusted',
    changes: withRoot({ tlogs: [instance.describeLog(instance.tileLog, beforeWindow)] }),
  },
  'a log of tiles after its window': {
    code: 'log_untrusted',
    changes: withRoot({ tlogs: [instance.describeLog(instance.tileLog, afterWindow)] }),
  },
  'an older log after its window': {
    code: 'log_untrusted',
    plan: { entries: [older] },
    changes: withRoot({ tlogs: [instance.describeLog(instance.log, afterWindow)] }),
  },
  'a promise by another key': { code: 'log_proof_invalid', plan: { entries: [{ log: forged }] }, says: /a promise by/ },
  'a checkpoint by another key': {
    code: 'log_proof_invalid',
    plan: { entries: [{ log: forgedTiles }] },
    says: /checkpoint by/,
  },
  'a checkpoint of another origin': {
    code: 'log_proof_invalid',
    plan: { entries: [{ origin: 'other.example' }] },
    says: /origin/,
  },
  'a checkpoint whose origin begins alike': {
    code: 'log_proof_invalid',
    plan: { entries: [{ origin: 'log2026.example.org' }] },
  },
  'a checkpoint whose tree is no number': {
    code: 'log_proof_invalid',
    plan: { entries: [{ ...older, origin: 'rekor.example - x' }] },
  },
  'a checkpoint signed under a part of the name': {
    code: 'log_proof_invalid',
    plan: { entries: [{ signatureName: 'l' }] },
  },
  'a tree size with a leading zero': {
    code: 'log_proof_invalid',
    plan: { entries: [{ size: '05' }] },
    says: /decimal tree size/,
  },
  'a checkpoint of another size': {
    code: 'log_proof_invalid',
    plan: { entries: [{ size: '6' }] },
    says: /of 5 entries, got 6/,
  },
  'text behind the checkpoint': { code: 'log_proof_invalid', plan: { entries: [{ moreLines: 'more\n' }] } },
  'no entry': { code: 'log_entry_missing', plan: { entries: [] } },
  'the same entry twice': { code: 'malformed', plan: { entries: [{}, {}] }, says: /each log entry once/ },
  'two entries of one log for two': {
    code: 'log_entry_missing',
    plan: { entries: [{}, {}] },
    changes: withPolicy({ log_entries: 2 }),
  },
  'one log for two': { code: 'log_entry_missing', changes: withPolicy({ log_entries: 2 }) },
  'version 0.1 with a promise alone': {
    code: 'log_proof_invalid',
    plan: { version: '0.1', entries: [{ ...older, withoutProof: true }] },
    says: /a promise alone/,
  },
  'version 0.1 without promise': {
    code: 'log_proof_invalid',
    plan: { version: '0.1', entries: [{ ...older, withoutPromise: true }] },
  },
  'version 0.2 without proof': {
    code: 'log_proof_invalid',
    plan: { version: '0.2', entries: [{ ...older, withoutProof: true }] },
    changes: { acceptPromises: true },
  },
  'version 0.3 without proof': {
    code: 'log_proof_invalid',
    plan: { entries: [{ withoutProof: true }] },
    changes: { acceptPromises: true },
  },
  'version 0.3 relabelled 0.1': {
    code: 'malformed',
    plan: { entries: [older] },
    alter: (bundle) => {
      bundle.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.1';
    },
  },
});

const otherSigner = await instance.createSignerParty();

/** The entry of another bundle, with one fact from elsewhere. */
function replaceFact(change: Partial<Parameters<typeof writeBody>[0]>, write: typeof writeBody): Plan {
  const isTile = write === writeTileBody;
  const isEnvelope = write === writeDsseBody || write === writeIntotoBody;
  const entry = { body: (facts: Parameters<typeof writeBody>[0]) => write({ ...facts, ...change }) };
  return { ...(isEnvelope && { payload: statement }), entries: [isTile ? entry : { ...entry, ...older }] };
}

testRefusals(
  'entry',
  Object.fromEntries(
    Object.entries({ writeBody, writeDsseBody, writeIntotoBody, writeTileBody }).flatMap(([name, write]) => [
      [
        `${name} with another certificate`,
        { code: 'log_entry_mismatch', plan: replaceFact({ signer: otherSigner }, write) },
      ],
      [
        `${name} with a key for a certificate`,
        {
          code: name === 'writeTileBody' ? 'malformed' : 'log_entry_mismatch',
          plan: replaceFact({ isManaged: true }, write),
        },
      ],
      [
        `${name} with another signature`,
        { code: 'log_entry_mismatch', plan: replaceFact({ signature: Uint8Array.of(1, 2, 3) }, write) },
      ],
      [
        `${name} about something else`,
        {
          code: 'log_entry_mismatch',
          plan: replaceFact({ message: encodeText('other'), payload: encodeText('other') }, write),
        },
      ],
      [
        `${name} with a member that is unknown`,
        {
          code: 'malformed',
          plan: {
            ...replaceFact({}, (facts) => write(facts).replace('"spec":{', '"spec":{"extra":1,')),
            ...(name === 'writeDsseBody' || name === 'writeIntotoBody' ? { payload: statement } : {}),
          },
        },
      ],
    ]),
  ) as Readonly<Record<string, Refusal>>,
);

testRefusals('entry', {
  'one for a message beside a statement': {
    code: 'log_entry_mismatch',
    plan: { payload: statement, entries: [{ ...older, body: writeBody }] },
  },
  'one for a statement beside a message': {
    code: 'log_entry_mismatch',
    plan: { entries: [{ ...older, body: (facts) => writeDsseBody({ ...facts, payload: artifact }) }] },
  },
  'one for a statement beside a message, as intoto': {
    code: 'log_entry_mismatch',
    plan: { entries: [{ ...older, body: (facts) => writeIntotoBody({ ...facts, payload: artifact }) }] },
  },
  'another payload type': {
    code: 'log_entry_mismatch',
    plan: {
      payload: statement,
      entries: [{ ...older, body: (facts) => writeIntotoBody({ ...facts, payloadType: 'text/plain' }) }],
    },
  },
  'another kind of key': {
    code: 'log_entry_mismatch',
    plan: { entries: [{ change: (body) => body.replace('PKIX_ECDSA_P256_SHA_256', 'PKIX_ED25519') }] },
  },
  'another hash function': {
    code: 'log_entry_mismatch',
    plan: { entries: [{ change: (body) => body.replace('SHA2_256', 'SHA2_512') }] },
  },
  'a kind that is unknown': {
    code: 'malformed',
    plan: { entries: [{ ...older, change: (body) => body.replace('hashedrekord', 'rekord') }] },
  },
  'another kind in the body': {
    code: 'log_entry_mismatch',
    plan: { entries: [older] },
    alter: ({ verificationMaterial }) => {
      const [entry] = (verificationMaterial as { tlogEntries: { kindVersion: object }[] }).tlogEntries;
      assert.ok(entry);
      entry.kindVersion = { kind: 'dsse', version: '0.0.1' };
    },
  },
});
