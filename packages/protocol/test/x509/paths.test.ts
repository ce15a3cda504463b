/** Path validation, rule by rule: one world that is good, and what happens when one thing in it is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integer } from '@signpost/protocol/asn1/writer';
import type { TrustErrorCode } from '@signpost/protocol/errors';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { extension } from '@signpost/protocol/x509/extensions';
import { KnownSignatures } from '@signpost/protocol/x509/known-signatures';
import { purposes } from '@signpost/protocol/x509/oids';
import type { PathRequirements } from '@signpost/protocol/x509/path';
import { parseServerName } from '@signpost/protocol/x509/server-name';
import { SignatureChecks, verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import { refuses } from '../refuses.ts';
import { createAuthority, createServer, directory, dns, now, type Party, type PartyOptions } from './authority.ts';

const dayMs = 86_400_000;
const root = await createAuthority();
const intermediate = await createAuthority({ issuer: root });
const host = await createServer({ issuer: intermediate });

const requirements: PathRequirements = {
  at: now,
  purpose: purposes.serverAuth,
  server: parseServerName('host.example.com'),
};

interface World {
  readonly root?: PartyOptions;
  readonly intermediate?: PartyOptions;
  readonly host?: PartyOptions;
  readonly asked?: Partial<PathRequirements>;
}

/** Builds root, intermediate and host with their changes, and verifies. */
async function verify(world: World) {
  const top = world.root ? await createAuthority(world.root) : root;
  const isUsual = top === root && !world.intermediate;
  const middle = isUsual ? intermediate : await createAuthority({ issuer: top, ...world.intermediate });
  const end = middle === intermediate && !world.host ? host : await createServer({ issuer: middle, ...world.host });
  const pool = { anchors: [top.certificate], intermediates: [middle.certificate] };
  return verifyCertificate(end.certificate, pool, { ...requirements, ...world.asked });
}

test('a good path is found and handed back whole', async () => {
  const path = await verify({});
  assert.equal(path.certificate, host.certificate);
  assert.equal(path.anchor, root.certificate);
  assert.deepEqual(path.certificates, [host.certificate, intermediate.certificate, root.certificate]);
});

const critical = extension('1.3.6.1.4.1.99999.9', integer(1), { critical: true });
const optional = extension('1.3.6.1.4.1.99999.9', integer(1), { critical: false });
const noBasics = { basicConstraints: undefined };
const noAuthority = { basicConstraints: { isAuthority: false, pathLength: undefined } };
const pathLength = (length: number) => ({ basicConstraints: { isAuthority: true, pathLength: length } });
const permitted = (...names: string[]) => ({ nameConstraints: { permitted: names.map(dns), excluded: [] } });
const excluded = (...names: string[]) => ({ nameConstraints: { permitted: [], excluded: names.map(dns) } });
const san = (...names: string[]) => ({ subjectAlternativeName: { names: names.map(dns) } });

const refused: readonly (readonly [name: string, code: TrustErrorCode, world: World])[] = [
  ['a host that has expired', 'certificate_expired', { host: { notAfter: now - 1000 } }],
  ['a host that is not valid yet', 'certificate_expired', { host: { notBefore: now + 1000 } }],
  ['an intermediate that has expired', 'certificate_expired', { intermediate: { notAfter: now - dayMs } }],
  ['a root that has expired', 'certificate_expired', { root: { notAfter: now - dayMs } }],
  ['another host name', 'name_mismatch', { asked: { server: parseServerName('other.example.com') } }],
  [
    'a host name in the common name alone',
    'name_mismatch',
    { host: { extensions: { subjectAlternativeName: undefined } } },
  ],
  ['another purpose', 'name_mismatch', { asked: { purpose: purposes.codeSigning } }],
  [
    'an intermediate for another purpose',
    'name_mismatch',
    { intermediate: { extensions: { extendedKeyUsage: { purposes: [purposes.clientAuth] } } } },
  ],
  ['an unknown critical extension in the host', 'certificate_invalid', { host: { moreExtensions: [critical] } }],
  [
    'an unknown critical extension in the intermediate',
    'certificate_invalid',
    { intermediate: { moreExtensions: [critical] } },
  ],
  ['an unknown critical extension in the root', 'certificate_invalid', { root: { moreExtensions: [critical] } }],
  [
    'an intermediate without basic constraints',
    'certificate_invalid',
    { intermediate: { extensions: { ...noBasics, keyUsage: undefined } } },
  ],
  [
    'an intermediate that is no authority',
    'certificate_invalid',
    { intermediate: { extensions: { ...noAuthority, keyUsage: undefined } } },
  ],
  [
    'an intermediate whose key signs no certificates',
    'certificate_invalid',
    { intermediate: { extensions: { keyUsage: ['cRLSign'] } } },
  ],
  ['a root whose path length is used up', 'certificate_invalid', { root: { extensions: pathLength(0) } }],
  ['more intermediates than asked for', 'certificate_invalid', { asked: { maxIntermediates: 0 } }],
  ['a host that is not permitted', 'certificate_invalid', { root: { extensions: permitted('example.net') } }],
  [
    'a host that is permitted above and not below',
    'certificate_invalid',
    { root: { extensions: permitted('example.com') }, intermediate: { extensions: permitted('a.example.com') } },
  ],
  ['a host that is excluded', 'certificate_invalid', { intermediate: { extensions: excluded('EXAMPLE.com') } }],
  [
    'a wildcard over an excluded host',
    'certificate_invalid',
    { intermediate: { extensions: excluded('secret.example.com') }, host: { extensions: san('*.example.com') } },
  ],
  [
    'a constraint with a dot before it',
    'certificate_invalid',
    { intermediate: { extensions: permitted('.example.com') } },
  ],
  ['a constraint with a wildcard', 'certificate_invalid', { intermediate: { extensions: permitted('*.example.com') } }],
  ['a host with name constraints', 'certificate_invalid', { host: { extensions: permitted('example.com') } }],
  [
    'a host name with an underscore',
    'certificate_invalid',
    { host: { extensions: san('host.example.com', 'a_b.example.com') } },
  ],
  ['an address as a host name', 'certificate_invalid', { host: { extensions: san('host.example.com', '192.0.2.1') } }],
  [
    'a wildcard that is part of a label',
    'certificate_invalid',
    { host: { extensions: san('host.example.com', 'a*.example.com') } },
  ],
  ['an empty subject whose names are not critical', 'certificate_invalid', { host: { name: [] } }],
  [
    'an authority without a subject',
    'certificate_invalid',
    {
      intermediate: {
        name: [],
        extensions: { subjectAlternativeName: { names: [dns('example.com')], critical: true } },
      },
    },
  ],
  ['serial number zero', 'certificate_invalid', { host: { serialNumber: Uint8Array.of(0) } }],
  ['a serial number of 21 octets', 'certificate_invalid', { host: { serialNumber: new Uint8Array(21).fill(1) } }],
  [
    'a serial number of 20 octets and a sign',
    'certificate_invalid',
    { host: { serialNumber: new Uint8Array(20).fill(0xff) } },
  ],
  [
    'no authority key identifier',
    'certificate_invalid',
    { host: { extensions: { authorityKeyIdentifier: undefined } } },
  ],
  [
    'an intermediate without a subject key identifier',
    'certificate_invalid',
    { intermediate: { extensions: { subjectKeyIdentifier: undefined } } },
  ],
  ['a host that may sign certificates', 'certificate_invalid', { host: { extensions: { keyUsage: ['keyCertSign'] } } }],
  ['a path length without signing', 'certificate_invalid', { host: { extensions: pathLength(1) } }],
  ['RSA of 1024 bits', 'algorithm_unsupported', { host: { pkcs8: await createSmallRsa() } }],
  ['an explicit policy that nobody has', 'certificate_invalid', { asked: { policies: { requireExplicit: true } } }],
  [
    'a policy that is not acceptable',
    'certificate_invalid',
    {
      intermediate: { extensions: { certificatePolicies: [{ policy: '1.2.3' }] } },
      host: { extensions: { certificatePolicies: [{ policy: '1.2.3' }] } },
      asked: { policies: { requireExplicit: true, acceptable: ['1.2.4'] } },
    },
  ],
  [
    'any policy where it is inhibited',
    'certificate_invalid',
    {
      intermediate: { extensions: { certificatePolicies: [{ policy: '1.2.3' }] } },
      host: { extensions: { certificatePolicies: [{ policy: '2.5.29.32.0' }] } },
      asked: { policies: { requireExplicit: true, inhibitAny: true } },
    },
  ],
  [
    'a policy mapped to any',
    'certificate_invalid',
    { intermediate: { extensions: { policyMappings: [{ issuerPolicy: '1.2.3', subjectPolicy: '2.5.29.32.0' }] } } },
  ],
];

for (const [name, code, world] of refused) {
  test(`${name} is refused`, async () => {
    await assert.rejects(verify(world), { name: 'TrustError', code });
  });
}

const accepted: readonly (readonly [name: string, world: World])[] = [
  ['the first second', { host: { notBefore: now } }],
  ['the last second, to its end', { host: { notAfter: now }, asked: { at: now + 999 } }],
  ['an unknown extension that is not critical', { host: { moreExtensions: [optional] } }],
  ['a host without extended key usage', { host: { extensions: { extendedKeyUsage: undefined } } }],
  [
    'a path length of just enough',
    { root: { extensions: pathLength(1) }, intermediate: { extensions: pathLength(0) } },
  ],
  [
    'a host within permitted names',
    {
      root: { extensions: permitted('example.com') },
      intermediate: { extensions: permitted('host.example.com', 'example.net') },
    },
  ],
  [
    'constraints on names of another form',
    {
      root: {
        extensions: {
          nameConstraints: {
            permitted: [directory([['CN', 'host.example.com']]), directory([['CN', 'Intermediate']])],
            excluded: [{ kind: 'registered-id', oid: '1.2' }],
          },
        },
      },
    },
  ],
  [
    'an empty subject with critical names',
    {
      host: { name: [], extensions: { subjectAlternativeName: { names: [dns('host.example.com')], critical: true } } },
    },
  ],
  ['the largest serial number', { host: { serialNumber: new Uint8Array(20).fill(0x7f) } }],
  ['a wildcard', { host: { extensions: san('*.example.com') } }],
  ['a host name in capitals', { host: { extensions: san('HOST.Example.COM') } }],
  ['a root with serial number zero', { root: { serialNumber: Uint8Array.of(0) } }],
  [
    'a policy that all name',
    {
      intermediate: { extensions: { certificatePolicies: [{ policy: '1.2.3' }, { policy: '1.2.4' }] } },
      host: { extensions: { certificatePolicies: [{ policy: '1.2.3' }] } },
      asked: { policies: { requireExplicit: true, acceptable: ['1.2.3'] } },
    },
  ],
];

for (const [name, world] of accepted) {
  test(`${name} is accepted`, async () => {
    assert.equal((await verify(world)).at, world.asked?.at ?? now);
  });
}

test('an issuer of the same name with another key does not lead to the anchor', async () => {
  const impostor = await createAuthority({ issuer: await createAuthority() });
  const { certificate } = await createServer({ issuer: impostor });
  const pool = { anchors: [root.certificate], intermediates: [intermediate.certificate, impostor.certificate] };
  await assert.rejects(verifyCertificate(certificate, pool, requirements), { code: 'certificate_untrusted' });
});

test('a signature by another key with the same identifier is refused', async () => {
  const { subjectKeyIdentifier } = intermediate.certificate.extensions;
  const { certificate } = await createServer({
    issuer: await createAuthority({ issuer: root }),
    extensions: { authorityKeyIdentifier: subjectKeyIdentifier?.value },
  });
  const pool = { anchors: [root.certificate], intermediates: [intermediate.certificate] };
  await assert.rejects(verifyCertificate(certificate, pool, requirements), { code: 'bad_signature' });
});

test('the signature on an intermediate is remembered once it is verified, for its own bytes and key alone', async () => {
  const knownSignatures = new KnownSignatures();
  const pool = { anchors: [root.certificate], intermediates: [intermediate.certificate], knownSignatures };
  await verifyCertificate(host.certificate, pool, requirements);
  await verifyCertificate(host.certificate, pool, requirements);
  assert.ok(knownSignatures.has(intermediate.certificate, root.certificate));
  assert.ok(!knownSignatures.has(host.certificate, intermediate.certificate), 'certificates of ends do not come again');
  assert.ok(!knownSignatures.has(intermediate.certificate, intermediate.certificate));
  const unsaid = { authorityKeyIdentifier: undefined };
  const other = await createAuthority({
    issuer: await createAuthority(),
    pkcs8: intermediate.pkcs8,
    extensions: unsaid,
  });
  const forged = { ...pool, intermediates: [other.certificate] };
  await assert.rejects(verifyCertificate(host.certificate, forged, requirements), refuses('bad_signature'));
  assert.ok(!knownSignatures.has(other.certificate, root.certificate));
});

test('a signature that was asked for once is not verified again, whatever the answer', async () => {
  const checks = new SignatureChecks();
  const good = checks.verify(host.certificate, intermediate.certificate);
  const bad = checks.verify(host.certificate, root.certificate);
  const refused = assert.rejects(bad, refuses('bad_signature'));
  assert.equal(checks.verify(host.certificate, intermediate.certificate), good);
  assert.equal(checks.verify(host.certificate, root.certificate), bad);
  await Promise.all([good, refused]);
});

test('without intermediates nothing leads to the anchor, and an anchor may itself be an intermediate', async () => {
  const none = { anchors: [root.certificate], intermediates: [] };
  await assert.rejects(verifyCertificate(host.certificate, none, requirements), { code: 'certificate_untrusted' });
  const direct = { anchors: [intermediate.certificate], intermediates: [root.certificate] };
  const path = await verifyCertificate(host.certificate, direct, requirements);
  assert.deepEqual(path.certificates, [host.certificate, intermediate.certificate]);
});

test('a second path is taken when the first is not good', async () => {
  const expired = await createAuthority({ issuer: root, pkcs8: intermediate.pkcs8, notAfter: now - dayMs });
  const pool = { anchors: [root.certificate], intermediates: [expired.certificate, intermediate.certificate] };
  const path = await verifyCertificate(host.certificate, pool, requirements);
  assert.equal(path.certificates[1], intermediate.certificate);
});

test('authorities that certify each other in a circle end in a refusal, soon', async () => {
  const shared = await Promise.all(
    Array.from({ length: 8 }, (_, index) => createAuthority({ name: [['CN', `A${index}`]] })),
  );
  const circle: Certificate[] = [];
  for (const issuer of shared) {
    for (const subject of shared.filter((one) => one !== issuer)) {
      const name = [['CN', subject.certificate.subject.relativeNames[0]?.[0]?.text ?? '']] as const;
      circle.push((await createAuthority({ issuer, name, pkcs8: subject.pkcs8 })).certificate);
    }
  }
  const [first] = shared as [Party];
  const { certificate } = await createServer({ issuer: first });
  const pool = { anchors: [root.certificate], intermediates: circle };
  await assert.rejects(verifyCertificate(certificate, pool, { ...requirements, maxIntermediates: 20 }), {
    code: 'certificate_untrusted',
    message: 'expected a path to a trust anchor within 100 steps',
  });
});

test('more comparisons of names than 250,000 are refused', async () => {
  const many = Array.from({ length: 600 }, (_, index) => `h${index}.example.com`);
  const world = { root: { extensions: permitted(...many) }, host: { extensions: san(...many) } };
  await assert.rejects(verify(world), { message: 'expected at most 250000 comparisons of names' });
});

test('policies that map to each other many times over take no longer for it', async () => {
  const policies = Array.from({ length: 40 }, (_, index) => `1.2.3.${index}`);
  const policyMappings = policies.flatMap((issuerPolicy) =>
    policies.map((subjectPolicy) => ({ issuerPolicy, subjectPolicy })),
  );
  const extensions = { certificatePolicies: policies.map((policy) => ({ policy })), policyMappings };
  let issuer = root;
  const intermediates: Certificate[] = [];
  for (let level = 0; level < 7; level++) {
    issuer = await createAuthority({ issuer, name: [['CN', `Level ${level}`]], extensions });
    intermediates.push(issuer.certificate);
  }
  const { certificate } = await createServer({ issuer, extensions: { certificatePolicies: [{ policy: '1.2.3.0' }] } });
  const pool = { anchors: [root.certificate], intermediates };
  const asked = { ...requirements, policies: { requireExplicit: true, acceptable: ['1.2.3.7'] } };
  assert.deepEqual((await verifyCertificate(certificate, pool, asked)).policies, new Set(['1.2.3.7']));
});

test('less is asked of each certificate by itself in the profile of paths alone', async () => {
  const world = { host: { extensions: { authorityKeyIdentifier: undefined }, serialNumber: Uint8Array.of(0) } };
  await assert.rejects(verify(world), { code: 'certificate_invalid' });
  await verify({ ...world, asked: { profile: 'path' } });
  await assert.rejects(verify({ host: { moreExtensions: [critical] }, asked: { profile: 'path' } }));
});

test('more is asked in the profile of the web', async () => {
  await verify({ asked: { profile: 'web' } });
  for (const one of [
    { extendedKeyUsage: undefined },
    { extendedKeyUsage: { purposes: [purposes.serverAuth], critical: true } },
    { extendedKeyUsage: { purposes: [purposes.serverAuth, purposes.any] } },
    { subjectAlternativeName: { names: [dns('host.example.com')], critical: true } },
    { subjectAlternativeName: { names: [dns('HOST.example.com')] } },
    { basicConstraints: { isAuthority: true, pathLength: undefined } },
  ]) {
    const world = { host: { extensions: one }, asked: { profile: 'web' } } as const;
    await assert.rejects(verify(world), { code: 'certificate_invalid' }, JSON.stringify(one));
  }
});

async function createSmallRsa(): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 1024,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey));
}
