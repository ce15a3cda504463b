/** What the owner of an OpenPGP key says of it counts, and what others say does not (RFC 9580, 5.2 and 10.1). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { parseCertificate } from '@signpost/protocol/openpgp/certificate';
import { coverSignature, nameIssuer, parseDetachedSignature } from '@signpost/protocol/openpgp/signature';
import { verifyDetachedSignature } from '@signpost/protocol/openpgp/verify-detached';
import fc from 'fast-check';
import { hashCovered } from '../hash-covered.ts';
import { refuses } from '../refuses.ts';
import {
  createKey,
  keyForHash,
  madeAt,
  number,
  packet,
  type SignatureSaid,
  subpacket,
  userForHash,
  writeSignature,
} from './write.ts';

const [primary, subkey, stranger] = [createKey(), createKey(), createKey()];
const now = (madeAt + 1000) * 1000;
const message = Buffer.from('the file\n');
const flags = (value: number) => subpacket(27, Buffer.of(value));
const expires = (seconds: number) => subpacket(9, number(seconds, 4));
const ends = (seconds: number) => subpacket(3, number(seconds, 4));
const reason = (code: number) => subpacket(29, Buffer.of(code));
const signs = (key: typeof primary, said: SignatureSaid) => packet(2, writeSignature(key, said));
const user = packet(13, Buffer.from('Owner'));
const ofUser = userForHash(primary, 'Owner');
const ofKey = keyForHash(primary.body);
const ofSubkey = Buffer.concat([ofKey, keyForHash(subkey.body)]);
const own = (...hashed: Buffer[]) => signs(primary, { type: 0x13, signed: ofUser, hashed });
const back = (key = subkey) => subpacket(32, writeSignature(key, { type: 0x19, signed: ofSubkey }));
const bind = (...hashed: Buffer[]) => [
  packet(14, subkey.body),
  signs(primary, { type: 0x18, signed: ofSubkey, hashed }),
];

function parse(...packets: readonly Buffer[]) {
  return parseCertificate(new Uint8Array(Buffer.concat([packet(6, primary.body), ...packets])));
}

async function verify(
  packets: readonly Buffer[],
  key = primary,
  said: Partial<SignatureSaid> & { readonly at?: number } = {},
) {
  const certificate = await parse(...packets);
  const made = packet(2, writeSignature(key, { type: 0, signed: message, ...said }));
  const signature = parseDetachedSignature(new Uint8Array(made));
  const digest = hashCovered(coverSignature(signature), message);
  return verifyDetachedSignature(certificate, { signature, digest, now: said.at ?? now });
}

test('a key signs files when its owner says so, or says nothing of what it is for', async () => {
  for (const statement of [own(flags(3)), own()]) {
    assert.equal((await verify([user, statement])).isExpired, false);
  }
  const direct = signs(primary, { type: 0x1f, signed: ofKey, hashed: [flags(2)] });
  assert.equal((await verify([direct])).isExpired, false);
});

test('the newest statement counts', async () => {
  const newer = signs(primary, { type: 0x13, signed: ofUser, createdAt: madeAt + 90, hashed: [flags(1)] });
  for (const order of [
    [user, own(flags(2)), newer],
    [user, newer, own(flags(2))],
  ]) {
    await assert.rejects(parse(...order), refuses('key_out_of_scope'));
  }
});

for (const [name, packets] of [
  ['without a word of its owner', [user]],
  ['that may only certify', [user, own(flags(1))]],
  ['of whom a stranger speaks', [user, signs(stranger, { type: 0x13, signed: ofUser })]],
  [
    'of whom a stranger speaks in the owner’s name',
    [user, signs(stranger, { type: 0x13, signed: ofUser, issuer: primary.fingerprint })],
  ],
  ['whose owner speaks by SHA-1', [user, signs(primary, { type: 0x13, signed: ofUser, hash: [2, 'sha1'] })]],
  ['whose statement is about another name', [packet(13, Buffer.from('Other')), own()]],
  ['whose name was revoked', [user, own(), signs(primary, { type: 0x30, signed: ofUser })]],
  ['that asks for what nobody knows', [user, own(subpacket(0x80 | 99, Buffer.of(1)))]],
  ['with a part twice', [user, own(flags(2), flags(2))]],
] as const) {
  test(`a key ${name} signs nothing`, async () => {
    await assert.rejects(parse(...packets), refuses('key_out_of_scope'));
  });
}

test('a subkey signs when both keys say so', async () => {
  const certify = [user, own(flags(1))];
  await verify([...certify, ...bind(flags(2), back())], subkey);
  for (const binding of [
    bind(flags(2)),
    bind(flags(2), back(stranger)),
    bind(flags(12), back()),
    [packet(14, subkey.body), signs(stranger, { type: 0x18, signed: ofSubkey, hashed: [flags(2), back()] })],
  ]) {
    await assert.rejects(parse(...certify, ...binding), refuses('key_out_of_scope'));
  }
});

test('what expires with the primary key or the subkey is told', async () => {
  const late = { createdAt: madeAt + 200 };
  for (const [statement, binding] of [
    [own(flags(1), expires(100)), bind(flags(2), back())],
    [own(flags(1)), bind(flags(2), back(), expires(100))],
    // What the owner says ends, too: its word for the key, and its word for the subkey.
    [own(flags(1), ends(100)), bind(flags(2), back())],
    [own(flags(1)), bind(flags(2), back(), ends(100))],
  ] as const) {
    assert.equal((await verify([user, statement, ...binding], subkey)).isExpired, false);
    assert.equal((await verify([user, statement, ...binding], subkey, late)).isExpired, true);
  }
});

test('a key that may be stolen never signed anything, one that was replaced did until then', async () => {
  const revoke = (...hashed: Buffer[]) =>
    signs(primary, { type: 0x20, signed: ofKey, createdAt: madeAt + 100, hashed });
  const late = { createdAt: madeAt + 200 };
  for (const hashed of [[], [reason(0)], [reason(2)]]) {
    await assert.rejects(verify([revoke(...hashed), user, own()]), refuses('key_revoked'));
  }
  for (const code of [1, 3]) {
    await verify([revoke(reason(code)), user, own()]);
    await assert.rejects(verify([revoke(reason(code)), user, own()], primary, late), refuses('key_revoked'));
  }
  await verify([signs(stranger, { type: 0x20, signed: ofKey }), user, own()]);
});

test('a revocation that cannot be judged counts, and so does that of a subkey', async () => {
  const old = signs(primary, { type: 0x20, signed: ofKey, hash: [2, 'sha1'] });
  await assert.rejects(verify([old, user, own()]), refuses('key_revoked'));
  const revoked = signs(primary, { type: 0x28, signed: ofSubkey });
  const packets = [user, own(), ...bind(flags(2), back()), revoked];
  await assert.rejects(verify(packets, subkey), refuses('key_revoked'));
  await verify(packets, primary);
});

test('a signature counts from the time of its key until its own end', async () => {
  const packets = [user, own()];
  await assert.rejects(verify(packets, primary, { createdAt: madeAt - 1 }), refuses('signed_time_invalid'));
  await assert.rejects(verify(packets, primary, { createdAt: madeAt + 200_000 }), refuses('signed_time_invalid'));
  const hashed = [subpacket(3, number(100, 4))];
  await verify(packets, primary, { hashed, at: (madeAt + 100) * 1000 });
  await assert.rejects(verify(packets, primary, { hashed }), refuses('signed_time_invalid'));
});

test('a signature names the key that it says it is by', () => {
  const made = packet(2, writeSignature(primary, { type: 0, signed: message }));
  assert.equal(nameIssuer(parseDetachedSignature(new Uint8Array(made))), primary.fingerprint);
});

for (const [name, file, code] of [
  ['of two owners', [packet(6, primary.body), packet(6, stranger.body)], 'malformed'],
  ['that is a subkey', [packet(14, subkey.body)], 'malformed'],
  ['of another version', [packet(6, Buffer.concat([Buffer.of(6), primary.body.subarray(1)]))], 'format_unsupported'],
  ['that ends early', [packet(6, primary.body).subarray(0, -1)], 'malformed'],
  ['with more in it', [packet(6, Buffer.concat([primary.body, Buffer.of(0)]))], 'malformed'],
  ['that says no length', [Buffer.of(0x9b)], 'format_unsupported'],
  ['in pieces', [Buffer.of(0xc6, 0xe1, 0)], 'format_unsupported'],
  ['of many packets', Array.from({ length: 2002 }, () => packet(6, primary.body)), 'too_large'],
  ['that is long', [Buffer.alloc(600_000, 0xff)], 'too_large'],
  ['that is no armor', [Buffer.from('-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n')], 'malformed'],
] as const) {
  test(`a key ${name} is refused`, async () => {
    await assert.rejects(parseCertificate(new Uint8Array(Buffer.concat(file))), refuses(code));
  });
}

const said = { type: 0, signed: message };
for (const [name, made, code] of [
  ['of another version', writeSignature(primary, { ...said, version: 6 }), 'format_unsupported'],
  ['of another type', writeSignature(primary, { ...said, type: 1 }), 'format_unsupported'],
  ['by MD5', writeSignature(primary, { ...said, hash: [1, 'md5'] }), 'algorithm_unsupported'],
  [
    'that wants more than is known',
    writeSignature(primary, { ...said, hashed: [subpacket(0xe4, Buffer.of())] }),
    'format_unsupported',
  ],
  ['that ends early', writeSignature(primary, said).subarray(0, 20), 'malformed'],
] as const) {
  test(`a signature ${name} is refused`, () => {
    assert.throws(() => parseDetachedSignature(new Uint8Array(packet(2, made))), refuses(code));
  });
}

test('no bit of a signature can be changed, but of what it only hints at', async () => {
  const certificate = await parse(user, own());
  const made = packet(2, writeSignature(primary, said));
  await fc.assert(
    fc.asyncProperty(fc.nat(made.length - 1), fc.nat(7), async (at, bit) => {
      const changed = new Uint8Array(made);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      await assert.rejects(async () => {
        const signature = parseDetachedSignature(changed);
        const digest = hashCovered(coverSignature(signature), message);
        await verifyDetachedSignature(certificate, { signature, digest, now });
      }, TrustError);
    }),
  );
});

test('any bytes are a key, a signature, or a refusal', async () => {
  const seeds = [
    Buffer.concat([packet(6, primary.body), user, own(), ...bind(flags(2), back())]),
    packet(2, writeSignature(primary, said)),
  ];
  const damaged = fc.record({ seed: fc.constantFrom(...seeds), at: fc.nat(400), value: fc.nat(255), end: fc.nat(500) });
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged, fc.uint8Array({ maxLength: 80 })), async (one) => {
      const bytes = 'seed' in one ? new Uint8Array(one.seed.subarray(0, one.end)) : new Uint8Array(one);
      if ('seed' in one && one.at < bytes.length) bytes[one.at] = one.value;
      for (const read of [parseCertificate, async (file: typeof bytes) => parseDetachedSignature(file)]) {
        await read(bytes).catch((error) => assert.ok(error instanceof TrustError, String(error)));
      }
    }),
    { numRuns: 300 },
  );
});
