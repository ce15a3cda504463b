/** Timestamps, signing times and windows of the trusted root. */

import { encodeText } from '@signpost/protocol/bytes/text';
import { purposes } from '@signpost/protocol/x509/oids';
import { artifact, instance, mint, type Recipe } from '../mint/bundle.ts';
import { concat } from '../mint/certificate.ts';
import { createTimestampAuthority, dayMs, describeAuthority, minuteMs, signedAt } from '../mint/instance.ts';
import { readAt } from '../mint/json.ts';
import { type HardCase, policy } from './judge.ts';

type AuthorityOptions = Omit<Parameters<typeof createTimestampAuthority>[0], 'issuer'>;

/**
 * An authority of its own, trusted in both ways: by its own certificate in the trusted root, or by the one above, with its own
 * certificate in the token.
 */
function authority(name: string, wanted: HardCase['wanted'], options: AuthorityOptions): readonly HardCase[] {
  const create = () => createTimestampAuthority({ issuer: instance.timestampRoot, ...options });
  return [true, false].map((isInToken) => ({
    name: `${name}${isInToken ? ', its certificate in the token' : ''}`,
    wanted,
    recipe: async () => {
      const by = await create();
      const chain = isInToken ? [instance.timestampRoot] : [by, instance.timestampRoot];
      return {
        timestamps: [{ by, withCertificates: isInToken }],
        root: [['timestampAuthorities.0', () => describeAuthority(chain)]],
      };
    },
  }));
}

const { timeStamping, codeSigning } = purposes;

function forPurposes(given: readonly string[], critical: boolean): AuthorityOptions {
  return { extensions: { extendedKeyUsage: { purposes: given, critical } } };
}

const authorities: readonly HardCase[] = [
  ...authority('an authority of timestamps', 'accepted', {}),
  ...authority('an authority of timestamps without a purpose', 'timestamp_invalid', {
    extensions: { extendedKeyUsage: undefined },
  }),
  ...authority(
    'an authority of timestamps whose purpose is not critical',
    'timestamp_invalid',
    forPurposes([timeStamping], false),
  ),
  ...authority(
    'an authority of timestamps with a second purpose',
    'timestamp_invalid',
    forPurposes([timeStamping, codeSigning], true),
  ),
  ...authority('an authority of timestamps for code', 'timestamp_invalid', forPurposes([codeSigning], true)),
  ...authority('an authority of timestamps whose key does not sign', 'timestamp_invalid', {
    extensions: { keyUsage: ['keyAgreement'] },
  }),
  ...authority('an authority of timestamps that has expired', 'certificate_expired', { notAfter: signedAt - minuteMs }),
  ...authority('an authority of timestamps that is not valid yet', 'certificate_expired', {
    notBefore: signedAt + minuteMs,
  }),
  {
    name: 'an authority of timestamps that issues certificates',
    wanted: 'timestamp_invalid',
    recipe: async () => {
      const extensions = {
        basicConstraints: { isAuthority: true, pathLength: undefined },
        keyUsage: ['digitalSignature', 'keyCertSign'] as const,
      };
      const by = await createTimestampAuthority({ issuer: instance.timestampRoot, extensions });
      return {
        timestamps: [{ by, withCertificates: true }],
        root: [['timestampAuthorities.0', () => describeAuthority([instance.timestampRoot])]],
      };
    },
  },
  {
    name: 'an authority of timestamps that nobody trusts',
    wanted: 'certificate_untrusted',
    recipe: async () => ({
      timestamps: [{ by: await createTimestampAuthority({ issuer: instance.root }), withCertificates: true }],
    }),
  },
  {
    name: "a timestamp by somebody of the authority's name and number",
    wanted: 'bad_signature',
    recipe: async () => {
      const { serialNumber } = instance.timestampAuthority.certificate;
      return { timestamps: [{ by: await createTimestampAuthority({ issuer: instance.timestampRoot, serialNumber }) }] };
    },
  },
];

/** Without certificates in the token, the name of who signed stands first, and unsigned. */
function replaceFirst(bytes: Uint8Array, old: string, text: string): Uint8Array<ArrayBuffer> {
  const at = Buffer.from(bytes).indexOf(old);
  return concat(bytes.subarray(0, at), encodeText(text), bytes.subarray(at + text.length));
}

async function repeatTimestamp(): Promise<Recipe> {
  const { bundle, signer } = await mint();
  return {
    signer,
    bundle: [
      ['messageSignature', () => readAt(bundle, 'messageSignature')],
      ['verificationMaterial', () => readAt(bundle, 'verificationMaterial')],
      [`${list}.1`, () => readAt(bundle, `${list}.0`)],
    ],
  };
}

const list = 'verificationMaterial.timestampVerificationData.rfc3161Timestamps';

const tokens: readonly HardCase[] = [
  { name: 'no timestamp in Rekor v2', wanted: 'signed_time_missing', recipe: { timestamps: [] } },
  {
    name: 'neither timestamp nor promise in Rekor v1',
    wanted: 'signed_time_missing',
    recipe: { log: 'v1', withoutPromise: true },
  },
  {
    name: 'a timestamp of something else',
    wanted: 'timestamp_invalid',
    recipe: { timestamps: [{ message: artifact }] },
  },
  {
    name: 'a timestamp after the certificate',
    wanted: 'certificate_expired',
    recipe: { timestamps: [{ time: signedAt + 10 * minuteMs }] },
  },
  {
    name: 'a timestamp before the certificate',
    wanted: 'certificate_expired',
    recipe: { timestamps: [{ time: signedAt - 2 * minuteMs }] },
  },
  {
    name: 'a good timestamp, and one after the certificate',
    wanted: 'certificate_expired',
    recipe: { timestamps: [{}, { time: signedAt + 10 * minuteMs }] },
  },
  {
    name: 'a good timestamp, and one of something else',
    wanted: 'timestamp_invalid',
    recipe: { timestamps: [{}, { message: artifact }] },
  },
  {
    name: 'a promised time after the certificate',
    wanted: 'certificate_expired',
    recipe: { log: 'v1', integratedTime: signedAt + 10 * minuteMs },
  },
  {
    name: 'a good promised time, and a timestamp after the certificate',
    wanted: 'certificate_expired',
    recipe: { log: 'v1', timestamps: [{ time: signedAt + 10 * minuteMs }] },
  },
  {
    name: 'two timestamps of one authority, where two authorities are asked for',
    wanted: 'signed_time_missing',
    recipe: { timestamps: [{}, { time: signedAt + minuteMs }] },
    require: { signer: policy({ timestamps: 2 }) },
  },
  {
    name: 'a promise, where a timestamp is asked for',
    wanted: 'signed_time_missing',
    recipe: { log: 'v1' },
    require: { signer: policy({ timestamps: 1 }) },
  },
  { name: 'a signature from the future', wanted: 'signed_time_invalid', require: { now: signedAt - 2 * minuteMs } },
  { name: 'a signature of a minute ago by another clock', wanted: 'accepted', require: { now: signedAt - minuteMs } },
  {
    name: "a token with its authority's name in capitals",
    wanted: 'timestamp_invalid',
    recipe: { timestamps: [{ token: (token) => replaceFirst(token, 'tsa.test', 'TSA.TEST') }] },
  },
  { name: 'the same timestamp twice', wanted: 'malformed', recipe: repeatTimestamp },
  {
    name: 'a token with octets behind it',
    wanted: 'malformed',
    recipe: { timestamps: [{ token: (token) => Uint8Array.of(...token, 0) }] },
  },
  {
    name: 'a timestamp that was refused',
    wanted: 'timestamp_invalid',
    recipe: {
      bundle: [['verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp', 'MAUwAwIBAg==']],
    },
  },
];

const before = new Date(signedAt - dayMs).toISOString();
const after = new Date(signedAt + dayMs).toISOString();

function windows(
  what: string,
  pathOfWindow: string,
  wanted: HardCase['wanted'],
  recipe: Recipe = {},
): readonly HardCase[] {
  return [
    {
      name: `${what} that was retired before the signing time`,
      wanted,
      recipe: { ...recipe, root: [[`${pathOfWindow}.end`, before]] },
    },
    {
      name: `${what} that is trusted only after the signing time`,
      wanted,
      recipe: { ...recipe, root: [[`${pathOfWindow}.start`, after]] },
    },
  ];
}

const windowCases: readonly HardCase[] = [
  ...windows('a key of Rekor v2', 'tlogs.1.publicKey.validFor', 'log_untrusted'),
  ...windows('a key of Rekor v1', 'tlogs.0.publicKey.validFor', 'log_untrusted', { log: 'v1' }),
  ...windows('a key of Rekor v1 beside a timestamp', 'tlogs.0.publicKey.validFor', 'log_untrusted', {
    log: 'v1',
    withoutPromise: true,
    timestamps: [{}],
  }),
  ...windows('an authority', 'certificateAuthorities.0.validFor', 'certificate_untrusted'),
  ...windows('an authority of timestamps', 'timestampAuthorities.0.validFor', 'certificate_untrusted'),
];

/** The cases. */
export const timeCases: readonly HardCase[] = [...authorities, ...tokens, ...windowCases];
