/** Trusted roots that are not whole, or do not hold what the bundle needs. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { instance } from '../mint/bundle.ts';
import { signedAt, windowStart } from '../mint/instance.ts';
import type { Edit } from '../mint/json.ts';
import type { HardCase } from './judge.ts';

function root(name: string, ...edits: readonly Edit[]): HardCase {
  return { name: `a trusted root ${name}`, wanted: 'trusted_root_invalid', recipe: { root: edits } };
}

const raw = (party: typeof instance.root) => ({ rawBytes: encodeBase64(party.certificate.bytes) });

/** The cases. */
export const trustedRootCases: readonly HardCase[] = [
  root('of another type', ['mediaType', 'application/vnd.dev.sigstore.trustedroot+json;version=0.9']),
  root('without a type', ['mediaType', undefined]),
  root('with a log without a window', ['tlogs.1.publicKey.validFor', undefined]),
  root('with a log without a start', ['tlogs.1.publicKey.validFor', {}]),
  root('with a certificate log without a start', ['ctlogs.0.publicKey.validFor', {}]),
  root('with an authority without a window', ['certificateAuthorities.0.validFor', undefined]),
  root('with an authority of timestamps without a start', ['timestampAuthorities.0.validFor', {}]),
  root('with a window that ends before it starts', [
    'tlogs.1.publicKey.validFor.end',
    new Date(windowStart - 1).toISOString(),
  ]),
  root('with a time that is none', ['tlogs.1.publicKey.validFor.start', 'long ago']),
  root('with a key of another kind than it says', ['tlogs.1.publicKey.keyDetails', 'PKIX_ECDSA_P384_SHA_384']),
  root('with a key that is no key', ['tlogs.1.publicKey.rawBytes', 'AAAA']),
  root('with a log of another hash function', ['tlogs.1.hashAlgorithm', 'SHA2_512']),
  root('with a log without an id', ['tlogs.1.logId', undefined]),
  root('with a chain upside down', [
    'certificateAuthorities.0.certChain.certificates',
    [raw(instance.root), raw(instance.authority)],
  ]),
  root('with a chain of strangers', [
    'certificateAuthorities.0.certChain.certificates',
    [raw(instance.authority), raw(instance.timestampRoot)],
  ]),
  root('with an empty chain', ['certificateAuthorities.0.certChain.certificates', []]),
  root('with a signer for an authority', [
    'certificateAuthorities.0.certChain.certificates',
    [raw(instance.timestampAuthority), raw(instance.timestampRoot)],
  ]),
  root('with a damaged certificate', [
    'certificateAuthorities.0.certChain.certificates.0.rawBytes',
    (text) => `AA${String(text).slice(2)}`,
  ]),
  {
    name: 'a trusted root with a member twice',
    wanted: 'trusted_root_invalid',
    rootText: (text) => text.replace('"tlogs":', '"tlogs":[],"tlogs":'),
  },
  { name: 'a trusted root that is no JSON', wanted: 'trusted_root_invalid', rootText: (text) => text.slice(1) },
  { name: 'a trusted root above the limit', wanted: 'too_large', rootText: (text) => text + ' '.repeat(1_048_576) },
  { name: 'a trusted root without the log', wanted: 'log_untrusted', recipe: { root: [['tlogs.1', undefined]] } },
  { name: 'a trusted root without logs', wanted: 'log_untrusted', recipe: { root: [['tlogs', undefined]] } },
  { name: 'a trusted root without certificate logs', wanted: 'sct_invalid', recipe: { root: [['ctlogs', []]] } },
  {
    name: 'a trusted root without authorities',
    wanted: 'certificate_untrusted',
    recipe: { root: [['certificateAuthorities', []]] },
  },
  {
    name: 'a trusted root without authorities of timestamps',
    wanted: 'certificate_untrusted',
    recipe: { root: [['timestampAuthorities', []]] },
  },
  {
    name: 'a trusted root whose log has the key of another',
    wanted: 'log_proof_invalid',
    recipe: {
      root: [
        ['tlogs.1.publicKey.rawBytes', encodeBase64(instance.rekor.signer.subjectKey.spki)],
        ['tlogs.1.publicKey.keyDetails', instance.rekor.keyDetails],
      ],
    },
  },
  {
    name: 'a trusted root with a log of a kind that is not known here, beside the one that is needed',
    wanted: 'accepted',
    recipe: {
      root: [
        ['tlogs.0.publicKey.keyDetails', 'ML_DSA_44'],
        ['tlogs.0.publicKey.validFor.end', new Date(signedAt).toISOString()],
      ],
    },
  },
];
