/** Revocation lists: written, read, judged by openssl and GnuTLS, and applied to paths; unknown is never good. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { DerReader } from '@signpost/protocol/asn1/reader';
import {
  encodeDer,
  encoded,
  enumerated,
  explicit,
  integer,
  sequence,
  sequenceOf,
  time,
  unsigned,
} from '@signpost/protocol/asn1/writer';
import { TrustError } from '@signpost/protocol/errors';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { extension } from '@signpost/protocol/x509/extensions';
import { extensionOids } from '@signpost/protocol/x509/oids';
import {
  findEntry,
  parseRevocationList,
  type RevocationList,
  type RevocationReason,
  revocationReasons,
} from '@signpost/protocol/x509/revocation-list';
import { verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import { verifyNotRevoked } from '@signpost/protocol/x509/verify-not-revoked';
import { signStructure } from '@signpost/protocol/x509/write-certificate';
import {
  type EntryToWrite,
  encodeEntries,
  encodeEntry,
  type RevocationListToWrite,
  signRevocationList,
} from '@signpost/protocol/x509/write-revocation-list';
import fc from 'fast-check';
import { askOracle, findMissingOracle } from '../oracle.ts';
import { createAuthority, createServer, now, type Party } from './authority.ts';

const dayMs = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'signpost-crl-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const root = await createAuthority();
const pointed = 'http://example.com/a.crl';
const host = await createServer({ issuer: root, extensions: { crlDistributionPoints: [pointed] } });
const other = await createServer({ issuer: root });

type ListOptions = Partial<Omit<RevocationListToWrite, 'entries'>> & { readonly revoked?: readonly EntryToWrite[] };

async function writeList(
  issuer: Party,
  { revoked = [], ...options }: ListOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { subject, extensions } = issuer.certificate;
  const list = {
    issuer: subject,
    authorityKeyIdentifier: extensions.subjectKeyIdentifier?.value ?? new Uint8Array(),
    thisUpdate: now - dayMs,
    nextUpdate: now + dayMs,
    number: 1n,
    entries: revoked.map(encodeEntry),
    ...options,
  };
  return signRevocationList(list, issuer.signer);
}

async function createList(issuer: Party, options?: ListOptions): Promise<RevocationList> {
  return parseRevocationList(await writeList(issuer, options));
}

function entryOf({ certificate }: Party, reason?: RevocationReason): EntryToWrite {
  return { serialNumber: certificate.serialNumber, revokedAt: now - 1000, ...(reason && { reason }) };
}

/** Verifies `party` under the root, then against the lists. */
async function check(
  lists: readonly RevocationList[],
  party: Party = host,
  intermediates: readonly Certificate[] = [],
) {
  const pool = { anchors: [root.certificate], intermediates };
  await verifyNotRevoked(await verifyCertificate(party.certificate, pool, { at: now }), { lists, pool });
}

test("a certificate is good while its issuer's current list does not name it", async () => {
  await check([await createList(root)]);
  await check([await createList(root, { revoked: [entryOf(other)] })]);
});

test('a certificate is refused for every reason that a list names, and while it is on hold', async () => {
  for (const reason of Object.keys(revocationReasons) as RevocationReason[]) {
    const list = await createList(root, { revoked: [entryOf(other), entryOf(host, reason)] });
    assert.equal(findEntry(list, host.certificate.serialNumber)?.reason, reason);
    await assert.rejects(check([list]), { code: 'certificate_revoked' }, reason);
  }
});

test('openssl and GnuTLS accept the lists, and refuse whom we refuse', {
  skip: findMissingOracle('certtool', ['--version']),
}, async () => {
  const revoked = [
    { ...entryOf(host, 'keyCompromise'), invalidSince: Date.UTC(2026, 0, 1) },
    { serialNumber: Uint8Array.of(1), revokedAt: Date.UTC(2050, 0, 1) },
  ];
  const scope = { uris: [pointed] };
  for (const list of [
    await writeList(root, { revoked }),
    await writeList(root, { revoked, scope, freshestCrl: ['http://example.com/d.crl'] }),
  ]) {
    const at = (name: string) => join(folder, `${name}.pem`);
    writeFileSync(at('root'), encodePem('CERTIFICATE', root.certificate.bytes));
    writeFileSync(at('list'), encodePem('X509 CRL', list));
    for (const party of [host, other]) {
      writeFileSync(at('leaf'), encodePem('CERTIFICATE', party.certificate.bytes));
      const args = [
        'verify',
        '-x509_strict',
        '-extended_crl',
        '-crl_check',
        '-CAfile',
        at('root'),
        '-CRLfile',
        at('list'),
      ];
      const { status, stderr } = askOracle('openssl', [...args, at('leaf')]);
      const ours = await check([parseRevocationList(list)], party).then(
        () => 'good',
        (error: TrustError) => error.code,
      );
      assert.equal(status === 0, ours === 'good', stderr);
      if (party === host) assert.match(stderr, /certificate revoked/);
    }
    const judged = askOracle('certtool', ['--verify-crl', '--load-ca-certificate', at('root'), '--infile', at('list')]);
    assert.equal(judged.status, 0, judged.stdout + judged.stderr);
  }
});

test('without a list, with one of the past or of the future, the answer is unknown', async () => {
  await assert.rejects(check([]), { code: 'revocation_unknown' });
  for (const options of [{ thisUpdate: now - 3 * dayMs, nextUpdate: now - 1000 }, { thisUpdate: now + 1000 }]) {
    await assert.rejects(check([await createList(root, options)]), { code: 'revocation_unknown' });
  }
});

test('a list of another issuer or by another key says nothing, not even that a certificate is revoked', async () => {
  const stranger = await createAuthority({ name: [['CN', 'Stranger']] });
  const impostor = await createAuthority();
  const revoked = [entryOf(host)];
  const foreign = [await createList(stranger, { revoked }), await createList(impostor, { revoked })];
  await assert.rejects(check(foreign), { code: 'revocation_unknown' });
  await check([...foreign, await createList(root)]);
});

test('a list by an authority whose key may not sign lists says nothing', async () => {
  const silent = await createAuthority({ issuer: root, extensions: { keyUsage: ['keyCertSign'] } });
  const below = await createServer({ issuer: silent });
  const lists = [await createList(root), await createList(silent)];
  await assert.rejects(check(lists, below, [silent.certificate]), { code: 'revocation_unknown' });
});

test('every certificate of the path is asked about', async () => {
  const middle = await createAuthority({ issuer: root });
  const below = await createServer({ issuer: middle });
  const lists = [await createList(middle)];
  await assert.rejects(check(lists, below, [middle.certificate]), { code: 'revocation_unknown' });
  await check([...lists, await createList(root)], below, [middle.certificate]);
  const revoked = [await createList(root, { revoked: [entryOf(middle)] }), ...lists];
  await assert.rejects(check(revoked, below, [middle.certificate]), { code: 'certificate_revoked' });
});

test('a list covers what its scope says: address, kind and reasons', async () => {
  const covers = async (options: ListOptions, party: Party = host) =>
    check([await createList(root, options)], party).then(
      () => true,
      (error: TrustError) => error.code !== 'revocation_unknown',
    );
  assert.ok(await covers({ scope: { uris: [pointed] } }));
  assert.ok(!(await covers({ scope: { uris: ['http://example.com/b.crl'] } })));
  assert.ok(!(await covers({ scope: { uris: [pointed] } }, other)));
  assert.ok(await covers({ scope: { only: 'users' } }));
  assert.ok(!(await covers({ scope: { only: 'authorities' } })));
  assert.ok(!(await covers({ scope: { onlyReasons: ['keyCompromise'] } })));
  const rest = [
    'cACompromise',
    'affiliationChanged',
    'superseded',
    'cessationOfOperation',
    'certificateHold',
    'privilegeWithdrawn',
    'aACompromise',
  ] as const;
  const parts = [{ onlyReasons: ['keyCompromise'] as const }, { onlyReasons: rest }];
  await check(await Promise.all(parts.map((scope) => createList(root, { scope }))));
});

test('a delta list changes the complete one that it is based on', async () => {
  const complete = await createList(root, { number: 5n, revoked: [entryOf(host, 'certificateHold')] });
  const empty = await createList(root, { number: 5n });
  const released = await createList(root, { number: 6n, deltaBase: 5n, revoked: [entryOf(host, 'removeFromCRL')] });
  const revoked = await createList(root, { number: 7n, deltaBase: 4n, revoked: [entryOf(host, 'superseded')] });
  await check([complete, released]);
  await assert.rejects(check([empty, revoked]), { code: 'certificate_revoked' });
  await assert.rejects(check([complete, released, revoked]), { code: 'certificate_revoked' }, 'the newest counts');
  await assert.rejects(check([released]), { code: 'revocation_unknown' }, 'a delta alone');
  const tooNew = await createList(root, { number: 9n, deltaBase: 6n, revoked: [entryOf(host, 'removeFromCRL')] });
  await assert.rejects(check([complete, tooNew]), { code: 'certificate_revoked' }, 'based on a newer one');
  const stale = await createList(root, {
    number: 6n,
    deltaBase: 5n,
    nextUpdate: now - 1000,
    revoked: [entryOf(host, 'removeFromCRL')],
  });
  await assert.rejects(check([complete, stale]), { code: 'certificate_revoked' }, 'past its time');
});

test('a key of the same name that only signs lists is heard while a list vouches for it that it did not sign', async () => {
  const listKey = await createAuthority({
    issuer: root,
    name: [['CN', 'Root']],
    extensions: { keyUsage: ['cRLSign'], basicConstraints: { isAuthority: false, pathLength: undefined } },
  });
  const byListKey = await createList(listKey);
  await assert.rejects(check([byListKey], host, [listKey.certificate]), { code: 'revocation_unknown' });
  const forListKey = await createList(root, { scope: { uris: ['http://example.com/elsewhere.crl'] } });
  await assert.rejects(check([byListKey, forListKey], host, [listKey.certificate]), { code: 'revocation_unknown' });
  await check([byListKey, await createList(root, { number: 2n })], host, [listKey.certificate]);
  await assert.rejects(check([byListKey], host, []), { code: 'revocation_unknown' });
});

/** A list with members of its own choice. */
async function signMembers(
  entries: readonly ReturnType<typeof sequence>[],
  extensions: readonly ReturnType<typeof sequence>[],
  version = 1,
) {
  const algorithm = new DerReader(host.certificate.bytes).readSequence();
  algorithm.readElement();
  const body = sequence(
    version < 0 ? undefined : integer(version),
    encoded(algorithm.readElement().bytes),
    encoded(root.certificate.subject.bytes),
    time(now - dayMs),
    time(now + dayMs),
    entries.length > 0 ? sequenceOf(entries) : undefined,
    extensions.length > 0 ? explicit(0, sequenceOf(extensions)) : undefined,
  );
  return signStructure(body, root.signer);
}

test('lists that RFC 5280 forbids, or that speak for others, are refused', async () => {
  const number = extension(extensionOids.crlNumber, integer(1), { critical: false });
  const unknown = extension('1.3.6.1.4.1.99999.9', integer(1), { critical: true });
  const reason = (value: number) =>
    sequence(
      unsigned(Uint8Array.of(1)),
      time(now),
      sequence(extension(extensionOids.reasonCode, enumerated(value), { critical: false })),
    );
  const entry = (...extensions: ReturnType<typeof sequence>[]) =>
    sequence(unsigned(Uint8Array.of(1)), time(now), sequence(...extensions));
  const indirect = sequence({ ...sequence(), tag: 0x84, content: Uint8Array.of(0xff), contentBytes: 1, totalBytes: 3 });
  parseRevocationList(await signMembers([reason(10)], [number]));
  for (const [name, bytes, code] of [
    ['version 1', await signMembers([], [], -1), 'malformed'],
    ['version 3', await signMembers([], [number], 2), 'malformed'],
    ['no number', await signMembers([], []), 'certificate_invalid'],
    [
      'a critical number',
      await signMembers([], [extension(extensionOids.crlNumber, integer(1), { critical: true })]),
      'certificate_invalid',
    ],
    [
      'a negative number',
      await signMembers([], [extension(extensionOids.crlNumber, integer(-1), { critical: false })]),
      'malformed',
    ],
    ['an unknown critical extension', await signMembers([], [number, unknown]), 'certificate_invalid'],
    [
      'a delta that hides it',
      await signMembers([], [number, extension(extensionOids.deltaCrlIndicator, integer(1), { critical: false })]),
      'certificate_invalid',
    ],
    [
      'an indirect list',
      await signMembers([], [number, extension(extensionOids.issuingDistributionPoint, indirect, { critical: true })]),
      'certificate_invalid',
    ],
    [
      'a scope that says nothing',
      await signMembers(
        [],
        [number, extension(extensionOids.issuingDistributionPoint, sequence(), { critical: true })],
      ),
      'malformed',
    ],
    ['an unknown critical extension of an entry', await signMembers([entry(unknown)], [number]), 'certificate_invalid'],
    ['reason 7', await signMembers([reason(7)], [number]), 'malformed'],
    [
      'an entry of another issuer',
      await signMembers([entry(extension(extensionOids.certificateIssuer, sequence(), { critical: true }))], [number]),
      'certificate_invalid',
    ],
  ] as const) {
    assert.throws(() => parseRevocationList(bytes), { code }, name);
  }
});

test('many entries at once are encoded as each by itself', () => {
  const entry = fc.record(
    {
      serialNumber: fc.uint8Array({ minLength: 1, maxLength: 20 }),
      revokedAt: fc.integer({ min: Date.UTC(1999, 0, 1), max: Date.UTC(2060, 0, 1) }),
      reason: fc.constantFrom(...(Object.keys(revocationReasons) as RevocationReason[])),
      invalidSince: fc.integer({ min: 0, max: Date.UTC(2060, 0, 1) }),
    },
    { requiredKeys: ['serialNumber', 'revokedAt'] },
  );
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const apart = entries.map((one) => encodeDer(encodeEntry(one)));
      assert.ok(Buffer.concat(apart).equals(encodeEntries(entries)));
    }),
  );
});

test('a list of 100,000 entries is written, read and searched', async () => {
  const serial = (index: number) => Uint8Array.of(0x40, index >> 16, (index >> 8) & 0xff, index & 0xff);
  const revoked = Array.from(
    { length: 100_000 },
    (_, index) => ({ serialNumber: serial(index), revokedAt: now, reason: 'superseded' }) as const,
  );
  const list = await createList(root, { revoked });
  assert.equal(list.entries.length, 100_000);
  assert.equal(findEntry(list, serial(77_777))?.reason, 'superseded');
  assert.equal(findEntry(list, serial(100_000)), undefined);
});

test('no bytes for a list lead to another error than a refusal', async () => {
  const original = await writeList(root, {
    revoked: [entryOf(host, 'keyCompromise')],
    scope: { uris: [pointed] },
    deltaBase: 1n,
  });
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const bytes = original.slice();
      for (const [at, octet] of list) bytes[at % bytes.length] = octet;
      if (Buffer.from(bytes).equals(original)) return;
      // Whatever still parses is not signed any more, and so unknown.
      await assert.rejects(async () => check([parseRevocationList(bytes)]), TrustError);
    }),
    { numRuns: 300 },
  );
});
