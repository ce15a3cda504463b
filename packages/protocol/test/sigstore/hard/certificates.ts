/** Certificates that break RFC 5280, Fulcio's profile, or RFC 6962. */
import { tags } from '@signpost/protocol/asn1/tag';
import { encodeDer, string } from '@signpost/protocol/asn1/writer';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { purposes } from '@signpost/protocol/x509/oids';
import { createAuthority } from '../../x509/authority.ts';
import { certify, instance, type Recipe } from '../mint/bundle.ts';
import type { CertificateChanges } from '../mint/certificate.ts';
import { claim, describeClaims, rawClaim, releaseClaims, releaseSubject } from '../mint/claims.ts';
import { createHashLog, createIssuer, dayMs, describeAuthority, minuteMs, signedAt } from '../mint/instance.ts';
import { type HardCase, policy } from './judge.ts';

const claims = describeClaims(releaseClaims);

/** An issuer of its own below the root, trusted. */
async function issueBy(options: Parameters<typeof createIssuer>[1]): Promise<Recipe> {
  const issuer = await createIssuer(instance.root, options);
  return {
    certificate: { issuer },
    root: [['certificateAuthorities.0', () => describeAuthority([issuer, instance.root])]],
  };
}

function certificate(name: string, wanted: HardCase['wanted'], changes: CertificateChanges): HardCase {
  return { name, wanted, recipe: { certificate: changes } };
}

const path: readonly HardCase[] = [
  certificate('an unknown critical extension', 'certificate_invalid', {
    moreExtensions: [{ oid: '1.2.3.4.5', critical: true, value: Uint8Array.of(5, 0) }],
  }),
  certificate("a critical extension of Fulcio's", 'certificate_invalid', {
    claims: claims.map((one) => ({ ...one, critical: one.oid.endsWith('.9') })),
  }),
  certificate('a certificate that has expired', 'certificate_expired', {
    notBefore: signedAt - dayMs,
    notAfter: signedAt - minuteMs,
  }),
  certificate('a certificate that is not valid yet', 'certificate_expired', { notBefore: signedAt + minuteMs }),
  certificate('names of an empty subject that are not critical', 'certificate_invalid', {
    extensions: { subjectAlternativeName: { names: [releaseSubject], critical: false } },
  }),
  {
    name: "a certificate by somebody else of the authority's name",
    wanted: 'bad_signature',
    recipe: async () => ({ certificate: { issuer: await createIssuer(instance.root) } }),
  },
  {
    name: 'a certificate by an authority that is not trusted',
    wanted: 'certificate_untrusted',
    recipe: async () => ({
      certificate: { issuer: await createIssuer(instance.root, { name: [['CN', 'stranger']] }) },
    }),
  },
  {
    name: 'a certificate by the root of another instance, in a chain that the bundle brings',
    wanted: 'certificate_untrusted',
    recipe: async () => {
      const issuer = await createIssuer(instance.timestampRoot, { name: [['CN', 'stranger']] });
      return bringChain([encodeBase64(issuer.certificate.bytes)], { issuer });
    },
  },
  {
    name: 'an intermediate in the bundle that is not on the path',
    wanted: 'certificate_invalid',
    recipe: async () => {
      const other = await createIssuer(instance.root, { name: [['CN', 'bystander']] });
      return bringChain(
        [encodeBase64(instance.authority.certificate.bytes), encodeBase64(other.certificate.bytes)],
        {},
      );
    },
  },
  {
    name: 'the root in the bundle',
    wanted: 'malformed',
    recipe: () =>
      Promise.resolve(
        bringChain(
          [instance.authority, instance.root].map((one) => encodeBase64(one.certificate.bytes)),
          {},
        ),
      ),
  },
  {
    name: 'an intermediate below one that allows none',
    wanted: 'certificate_invalid',
    recipe: async () => {
      const below = await createIssuer(instance.authority, { name: [['CN', 'below']] });
      return bringChain(
        [below, instance.authority].map((one) => encodeBase64(one.certificate.bytes)),
        { issuer: below },
      );
    },
  },
  {
    name: 'an authority that has expired at the signing time',
    wanted: 'certificate_expired',
    recipe: () => issueBy({ notAfter: signedAt - minuteMs }),
  },
  {
    name: 'a root that has expired at the signing time',
    wanted: 'certificate_expired',
    recipe: async () => {
      const root = await createAuthority({ notBefore: signedAt - 90 * dayMs, notAfter: signedAt - minuteMs });
      const issuer = await createIssuer(root);
      return {
        certificate: { issuer },
        root: [['certificateAuthorities.0', () => describeAuthority([issuer, root])]],
      };
    },
  },
  {
    name: 'an authority whose names must be others',
    wanted: 'certificate_invalid',
    recipe: () =>
      issueBy({ extensions: { nameConstraints: { permitted: [{ kind: 'uri', text: 'gitlab.com' }], excluded: [] } } }),
  },
  {
    name: 'an authority for mail',
    wanted: 'name_mismatch',
    recipe: () => issueBy({ extensions: { extendedKeyUsage: { purposes: [purposes.emailProtection] } } }),
  },
  {
    name: 'an authority whose key signs no certificates',
    wanted: 'certificate_invalid',
    recipe: () =>
      issueBy({
        extensions: {
          basicConstraints: { isAuthority: true, pathLength: undefined },
          keyUsage: ['digitalSignature', 'cRLSign'],
        },
      }),
  },
  {
    name: 'a signature by another key than the certificate has',
    wanted: 'bad_signature',
    recipe: async () => ({ signedBy: await certify() }),
  },
];

/** A bundle of version 0.2 with a chain. */
function bringChain(chain: readonly string[], changes: CertificateChanges): Recipe {
  return {
    log: 'v1',
    version: '0.2',
    certificate: changes,
    bundle: chain.map((rawBytes, at) => [
      `verificationMaterial.x509CertificateChain.certificates.${at + 1}`,
      { rawBytes },
    ]),
  };
}

const profile: readonly HardCase[] = [
  certificate('a key that signs certificates, of no authority', 'certificate_invalid', {
    extensions: { keyUsage: ['digitalSignature', 'keyCertSign'] },
  }),
  certificate('a path length without an authority', 'certificate_invalid', {
    extensions: { basicConstraints: { isAuthority: false, pathLength: 0 } },
  }),
  certificate('a certificate for servers', 'certificate_invalid', {
    extensions: { extendedKeyUsage: { purposes: [purposes.serverAuth] } },
  }),
  certificate('a certificate without a purpose', 'certificate_invalid', {
    extensions: { extendedKeyUsage: undefined },
  }),
  certificate('a certificate for code and servers', 'certificate_invalid', {
    extensions: { extendedKeyUsage: { purposes: [purposes.codeSigning, purposes.serverAuth] } },
  }),
  certificate('a certificate for any purpose', 'certificate_invalid', {
    extensions: { extendedKeyUsage: { purposes: [purposes.any] } },
  }),
  certificate('a key that does not sign', 'certificate_invalid', { extensions: { keyUsage: ['keyAgreement'] } }),
  certificate('a key without a usage', 'certificate_invalid', { extensions: { keyUsage: undefined } }),
  certificate("an authority's certificate", 'certificate_invalid', {
    extensions: {
      basicConstraints: { isAuthority: true, pathLength: undefined },
      keyUsage: ['digitalSignature', 'keyCertSign'],
    },
  }),
  certificate('a second name', 'certificate_invalid', {
    names: [releaseSubject, { kind: 'email', text: 'mallory@evil.example' }],
  }),
  certificate('the same name twice', 'certificate_invalid', { names: [releaseSubject, releaseSubject] }),
  certificate('a host for a name', 'certificate_invalid', { names: [{ kind: 'dns', text: 'acme.example' }] }),
  certificate('no name', 'certificate_invalid', {
    extensions: { subjectAlternativeName: undefined },
    subject: [['CN', 'release']],
  }),
  certificate('no issuer of the identity', 'certificate_invalid', { claims: [] }),
  certificate('two issuers of the identity', 'certificate_invalid', {
    claims: [rawClaim(1, 'https://evil.example'), claim(8, releaseClaims.issuer)],
  }),
  certificate('a claim that is no UTF8String', 'malformed', {
    claims: [
      ...claims.slice(0, 2),
      { ...claim(9, ''), value: encodeDer(string(tags.ia5String, releaseClaims.buildSignerUri)) },
    ],
  }),
  certificate('a claim as raw text', 'malformed', {
    claims: [...claims.slice(0, 2), { ...claim(9, ''), value: encodeText(releaseClaims.buildSignerUri) }],
  }),
  certificate('an Ed25519 key and an entry for ECDSA', 'log_entry_mismatch', { keyType: { kind: 'ed25519' } }),
];

const transparency: readonly HardCase[] = [
  certificate('a certificate in no log', 'sct_invalid', { timestamps: [] }),
  {
    name: 'a certificate in an unknown log',
    wanted: 'sct_invalid',
    recipe: async () => ({ certificate: { timestamps: [{ log: await createHashLog('unknown.test') }] } }),
  },
  {
    name: 'a certificate timestamp by another key of the log’s id',
    wanted: 'sct_invalid',
    recipe: async () => ({
      certificate: { timestamps: [{ log: await createHashLog('forged.test'), logId: instance.certificateLog.logId }] },
    }),
  },
  certificate('a certificate timestamp with a damaged signature', 'sct_invalid', {
    timestamps: [{ damage: (signature) => signature.with(-1, (signature.at(-1) ?? 0) ^ 1) }],
  }),
  certificate('a certificate timestamp whose signature is none', 'sct_invalid', {
    timestamps: [{ damage: () => Uint8Array.of(1) }],
  }),
  certificate('a certificate timestamp under another issuer', 'sct_invalid', {
    timestamps: [{ issuer: instance.root }],
  }),
  certificate('a certificate timestamp of a later version', 'malformed', { timestamps: [{ version: 1 }] }),
  certificate('a certificate timestamp from before the log was trusted', 'sct_invalid', {
    timestamps: [{ time: signedAt - 900 * dayMs }],
  }),
  certificate('a good certificate timestamp, and a bad one of the same log', 'sct_invalid', {
    timestamps: [{}, { damage: (signature) => signature.with(-1, (signature.at(-1) ?? 0) ^ 1) }],
  }),
  {
    name: 'two timestamps of one log, where two logs are asked for',
    wanted: 'sct_invalid',
    recipe: { certificate: { timestamps: [{}, { time: signedAt }] } },
    require: { signer: policy({ scts: 2 }) },
  },
  {
    name: 'a certificate timestamp after the log was retired',
    wanted: 'sct_invalid',
    recipe: { root: [['ctlogs.0.publicKey.validFor.end', new Date(signedAt - dayMs).toISOString()]] },
  },
];

/** The cases. */
export const certificateCases: readonly HardCase[] = [...path, ...profile, ...transparency];
