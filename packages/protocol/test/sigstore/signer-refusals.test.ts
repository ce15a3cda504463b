/** Bundles whose time or signer is not proven, minted with one thing wrong each, and why they are refused. */
import assert from 'node:assert/strict';
import { nothing } from '@signpost/protocol/asn1/writer';
import { extension } from '@signpost/protocol/x509/extensions';
import { purposes } from '@signpost/protocol/x509/oids';
import { createAuthority, type Party } from '../x509/authority.ts';
import * as instance from './instance.ts';
import { artifact } from './minted.ts';
import { afterWindow, beforeWindow, testRefusals, withPolicy, withRoot, withSigner } from './refusal.ts';

const older = { log: instance.log };
const hourMs = 3_600_000;
const unknownAuthority = await instance.createTimestampAuthority({ issuer: await createAuthority() });
const [otherPurpose, twoPurposes, optionalPurpose, noPurpose] = await Promise.all(
  [
    { purposes: [purposes.codeSigning], critical: true },
    { purposes: [purposes.timeStamping, purposes.codeSigning], critical: true },
    { purposes: [purposes.timeStamping], critical: false },
    undefined,
  ].map((extendedKeyUsage) => instance.createTimestampAuthority({ extensions: { extendedKeyUsage } })),
);

function trustTime(party: Awaited<ReturnType<typeof instance.createTimestampAuthority>> | undefined, window?: object) {
  assert.ok(party);
  const described = instance.describeAuthority([party, instance.timestampRoot], { ...(window ?? instance.validFor) });
  return { changes: withRoot({ timestampAuthorities: [described] }), plan: { timestamps: [{ by: party }] } };
}

/** Authorities of two names that sign each other, and a signer below them. */
async function createCircle() {
  const extensions = { authorityKeyIdentifier: undefined, subjectKeyIdentifier: undefined };
  const make = (name: string, issuer: Party) => createAuthority({ issuer, name: [['CN', name]], extensions });
  const first = await make('first', await createAuthority({ name: [['CN', 'second']] }));
  const second = await make('second', first);
  const third = await make('first', second);
  const signer = await instance.createSignerParty({ issuer: third });
  return { version: '0.2', entries: [older], signer, chain: [third, second, first] } as const;
}

testRefusals('time', {
  'a tile log without timestamp': { code: 'signed_time_missing', plan: { timestamps: [] } },
  'an older log without promise and timestamp': {
    code: 'signed_time_missing',
    plan: { entries: [{ ...older, withoutPromise: true }], timestamps: [] },
  },
  'a timestamp of something else': { code: 'timestamp_invalid', plan: { timestamps: [{ over: artifact }] } },
  'a timestamp by an unknown authority': {
    code: 'certificate_untrusted',
    plan: { timestamps: [{ by: unknownAuthority }] },
  },
  'a timestamp by an unknown authority that brings its certificate': {
    code: 'certificate_untrusted',
    plan: { timestamps: [{ by: unknownAuthority, withCertificates: true }] },
    changes: withRoot({ timestampAuthorities: [instance.describeAuthority([instance.timestampRoot])] }),
  },
  'an authority for something else': { code: 'timestamp_invalid', ...trustTime(otherPurpose) },
  'an authority for something else, too': { code: 'timestamp_invalid', ...trustTime(twoPurposes) },
  'an authority whose purpose is not critical': { code: 'timestamp_invalid', ...trustTime(optionalPurpose) },
  'an authority without purpose': { code: 'timestamp_invalid', ...trustTime(noPurpose) },
  'an authority before its window': {
    code: 'certificate_untrusted',
    ...trustTime(instance.timestampAuthority, beforeWindow),
  },
  'an authority after its window': {
    code: 'certificate_untrusted',
    ...trustTime(instance.timestampAuthority, afterWindow),
  },
  'a timestamp after the certificate': {
    code: 'certificate_expired',
    plan: { timestamps: [{ time: instance.signedAt + 6 * 60_000 }] },
    changes: { now: instance.signedAt + hourMs },
  },
  'a second timestamp before the certificate': {
    code: 'certificate_expired',
    plan: { timestamps: [{}, { time: instance.signedAt - 6 * 60_000 }] },
  },
  'a promise from before the certificate': {
    code: 'certificate_expired',
    plan: { entries: [{ ...older, time: instance.signedAt - 6 * 60_000 }] },
  },
  'a time in the future': { code: 'signed_time_invalid', changes: { now: instance.signedAt - 2 * 60_000 } },
  'two timestamps of one authority for two': {
    code: 'signed_time_missing',
    plan: { timestamps: [{}, { time: instance.signedAt + 1000 }] },
    changes: withPolicy({ timestamps: 2 }),
    says: /2 authorities, got 1/,
  },
  'the same timestamp twice': {
    code: 'malformed',
    alter: ({ verificationMaterial }) => {
      const { rfc3161Timestamps } = (
        verificationMaterial as { timestampVerificationData: { rfc3161Timestamps: unknown[] } }
      ).timestampVerificationData;
      rfc3161Timestamps.push(rfc3161Timestamps[0]);
    },
  },
});

const foreignRoot = await createAuthority();
const foreignIntermediate = await createAuthority({ issuer: foreignRoot });
const otherLog = await instance.createEcdsaLog('https://ct.example/other');

testRefusals('signer', {
  'an issuer of that name with another key': {
    code: 'bad_signature',
    plan: withSigner({ issuer: { ...foreignIntermediate, certificate: instance.intermediate.certificate } }),
  },
  'an issuer that nobody trusts': {
    code: 'certificate_untrusted',
    plan: withSigner({ issuer: await createAuthority({ name: [['CN', 'Nobody']] }) }),
  },
  'an issuer before its window': {
    code: 'certificate_untrusted',
    changes: withRoot({
      certificateAuthorities: [instance.describeAuthority([instance.intermediate, instance.root], beforeWindow)],
    }),
  },
  'an issuer after its window': {
    code: 'certificate_untrusted',
    changes: withRoot({
      certificateAuthorities: [instance.describeAuthority([instance.intermediate, instance.root], afterWindow)],
    }),
  },
  'a chain of authorities that sign each other in circles': {
    code: 'bad_signature',
    plan: createCircle,
    changes: withRoot({
      certificateAuthorities: Array.from({ length: 100 }, () => instance.describeAuthority([instance.root])),
    }),
  },
  'a certificate for servers': {
    code: 'certificate_invalid',
    plan: withSigner({ extensions: { extendedKeyUsage: { purposes: [purposes.serverAuth] } } }),
  },
  'a certificate for servers, too': {
    code: 'certificate_invalid',
    plan: withSigner({ extensions: { extendedKeyUsage: { purposes: [purposes.codeSigning, purposes.serverAuth] } } }),
  },
  'a certificate without purpose': {
    code: 'certificate_invalid',
    plan: withSigner({ extensions: { extendedKeyUsage: undefined } }),
  },
  'a key that does not sign': {
    code: 'certificate_invalid',
    plan: withSigner({ extensions: { keyUsage: ['keyAgreement'] } }),
  },
  'a key of no stated usage': {
    code: 'certificate_invalid',
    plan: withSigner({ extensions: { keyUsage: undefined } }),
  },
  'an authority that signs by itself': {
    code: 'certificate_invalid',
    plan: withSigner({
      extensions: {
        basicConstraints: { isAuthority: true, pathLength: undefined },
        keyUsage: ['digitalSignature', 'keyCertSign'],
      },
    }),
  },
  'a critical extension that is unknown': {
    code: 'certificate_invalid',
    plan: withSigner({ moreExtensions: [extension('1.3.6.1.4.1.99999.1', nothing(), { critical: true })] }),
  },
  'two names': {
    code: 'certificate_invalid',
    plan: withSigner({
      extensions: {
        subjectAlternativeName: {
          names: [instance.subject, 'https://other.example/'].map((text) => ({ kind: 'uri' as const, text })),
          critical: true,
        },
      },
    }),
  },
  'another subject': {
    code: 'identity_mismatch',
    changes: withPolicy({ identities: [{ issuer: instance.issuer, subject: `${instance.subject}0` }] }),
  },
  'another issuer of identities': {
    code: 'identity_mismatch',
    plan: withSigner({ claimedIssuer: 'https://token.forge.example.org' }),
  },
  'a root in the chain': {
    code: 'malformed',
    plan: { version: '0.2', entries: [older], chain: [instance.intermediate, instance.root] },
  },
  'a certificate in the chain that is not on the path': {
    code: 'certificate_invalid',
    plan: { version: '0.2', entries: [older], chain: [foreignIntermediate] },
    says: /each certificate is issued by the next/,
  },
  'a foreign chain': {
    code: 'certificate_untrusted',
    plan: withSigner(
      { issuer: foreignIntermediate },
      { version: '0.2', entries: [older], chain: [foreignIntermediate] },
    ),
  },
});

testRefusals('certificate log', {
  'no promise': { code: 'sct_invalid', plan: withSigner({ scts: [] }), says: /in 1 trusted logs, got 0/ },
  'a promise by an unknown log': { code: 'sct_invalid', plan: withSigner({ scts: [{ log: otherLog }] }) },
  'a promise by another key': {
    code: 'sct_invalid',
    plan: withSigner({ scts: [{ log: { ...otherLog, logId: instance.certificateLog.logId } }] }),
  },
  'a promise that is no signature': {
    code: 'sct_invalid',
    plan: withSigner({ scts: [{ log: instance.certificateLog, signature: Uint8Array.of(1, 2, 3) }] }),
  },
  'a good promise beside a bad one': {
    code: 'sct_invalid',
    plan: withSigner({
      scts: [{ log: instance.certificateLog }, { log: instance.certificateLog, signature: Uint8Array.of(1) }],
    }),
  },
  'a promise from after the window': {
    code: 'sct_invalid',
    changes: withRoot({ ctlogs: [instance.describeLog(instance.certificateLog, afterWindow)] }),
  },
  'two promises of one log for two': {
    code: 'sct_invalid',
    plan: withSigner({
      scts: [{ log: instance.certificateLog }, { log: instance.certificateLog, time: instance.signedAt - 1000 }],
    }),
    changes: withPolicy({ scts: 2 }),
  },
  'a list of no promises': {
    code: 'malformed',
    plan: withSigner({
      scts: [],
      extensions: { others: [{ oid: '1.3.6.1.4.1.11129.2.4.2', critical: false, value: Uint8Array.of(4, 2, 0, 0) }] },
    }),
  },
});
