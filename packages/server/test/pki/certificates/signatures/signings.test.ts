import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { after, suite, test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { createPrivateKey } from '@signpost/protocol/keys/private-key';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { verifySigned } from '@signpost/protocol/x509/verify-certificate';
import { createSerialNumber, encodeBody } from '@signpost/protocol/x509/write-certificate';
import { createNodeSigner, type NodeSigner } from '../../../../src/pki/authorities/node-signer.ts';
import type { SignatureCheck } from '../../../../src/pki/certificates/signatures/check.ts';
import { ThreadAtNeed } from '../../../../src/pki/certificates/signatures/gathered-work.ts';
import type { Signing, SigningResult } from '../../../../src/pki/certificates/signatures/signing.ts';
import { createSignings } from '../../../../src/pki/certificates/signatures/signings.ts';
import { SignatureThread } from '../../../../src/pki/certificates/signatures/thread.ts';
import { composeCertificate } from '../../../../src/pki/profiles/contents.ts';
import { findProfile } from '../../../../src/pki/profiles/profile.ts';
import { deriveColumns, formatSerial } from '../../../../src/pki/records/certificate-row.ts';
import { certify, type Party, profiles, today } from '../../profiles/certify.ts';

interface Issuing extends Party {
  readonly signer: NodeSigner;
}

async function createIssuing(kind: 'ecdsa' | 'rsa'): Promise<Issuing> {
  const type = kind === 'ecdsa' ? ({ kind, curve: 'P-256' } as const) : ({ kind, modulusBits: 2048 } as const);
  const signer = createNodeSigner(await createPrivateKey(type));
  return { ...(await certify({ profile: 'root', signer })), signer };
}

/** A certificate for a host; without a host it names nothing, which the lint refuses for servers. */
function createSigning(issuer: Issuing, host: string | undefined, serial = createSerialNumber()): Signing {
  const contents = composeCertificate(findProfile(profiles, host === undefined ? 'client' : 'server'), {
    ...{ issuer: issuer.certificate, publicKey: issuer.signer.subjectKey, serial },
    subject: [['CN', host ?? 'nobody']],
    names: host === undefined ? [{ kind: 'email', text: 'a@host.example' }] : [{ kind: 'dns', text: host }],
    validity: { notBefore: today, notAfter: today + 86_400_000 },
    locations: { crl: [], ocsp: [], issuer: [] },
  });
  return { body: encodeBody(contents, issuer.signer.algorithm), issuer, profile: 'server' };
}

async function assertSigned(result: SigningResult | undefined, { certificate: issuer }: Party): Promise<string> {
  assert.ok(result?.kind === 'signed');
  const certificate = parseCertificate(parseBase64(result.columns.der));
  await verifySigned(certificate, await importPublicKey(issuer.spki));
  assert.deepEqual(result.columns, deriveColumns(certificate));
  return result.columns.serial;
}

/** A signature by the key, by another one, and one by a key that is no point of its curve. */
function createProof(kind: string): SignatureCheck {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  const message = new TextEncoder().encode('what is signed');
  const signature = new Uint8Array(sign('sha256', message, privateKey));
  if (kind === 'unusable') spki[spki.length - 1] = (spki.at(-1) ?? 0) ^ 1;
  return { spki, digest: 'sha256', message: kind === 'not-signed' ? message.slice(1) : message, signature };
}

function assertProven(result: SigningResult | undefined, expected: string): void {
  if (expected === 'signed') assert.equal(result?.kind, 'signed');
  else assert.deepEqual(result, { kind: 'unproven', check: expected });
}

suite('signings', () => {
  const thread = new ThreadAtNeed();
  const signings = createSignings(thread);
  after(() => thread.close());

  test('of one by itself need no thread', async () => {
    const issuer = await createIssuing('ecdsa');
    await assertSigned(await signings.take(createSigning(issuer, 'host.example')), issuer);
    assert.equal(thread.isRunning, false);
  });

  test('of many, by several issuers, come back in their order, each described as its certificate says', async () => {
    const issuers = [await createIssuing('ecdsa'), await createIssuing('rsa'), await createIssuing('ecdsa')];
    const asked = Array.from({ length: 40 }, (_, index) => {
      const issuer = issuers[index % issuers.length];
      assert.ok(issuer);
      return { issuer, serial: createSerialNumber(), host: `host-${index}.example` };
    });
    const results = await Promise.all(
      asked.map(({ issuer, host, serial }) => signings.take(createSigning(issuer, host, serial))),
    );
    assert.equal(thread.isRunning, true);
    for (const [index, { issuer, serial, host }] of asked.entries()) {
      const result = results[index];
      assert.equal(await assertSigned(result, issuer), formatSerial(serial));
      assert.ok(result?.kind === 'signed' && result.columns.common_name === host);
    }
  });

  test('that the lint refuses have its rule, alone and in the thread, and take no others down', async () => {
    const issuer = await createIssuing('ecdsa');
    const hosts = ['a.example', undefined, 'b.example', 'c.example', undefined, 'd.example'];
    const alone = await createSignings(new ThreadAtNeed()).take(createSigning(issuer, undefined));
    assert.ok(alone.kind === 'refused' && alone.rule !== undefined);
    const results = await Promise.all(hosts.map((host) => signings.take(createSigning(issuer, host))));
    for (const [index, host] of hosts.entries()) {
      if (host === undefined) assert.deepEqual(results[index], alone);
      else await assertSigned(results[index], issuer);
    }
  });

  test('whose requests are not signed by their keys make no certificate, alone and in the thread', async () => {
    const issuer = await createIssuing('ecdsa');
    const proofs = ['signed', 'not-signed', 'unusable'].map((expected) => ({ expected, proof: createProof(expected) }));
    const ask = (work: typeof signings, proof: SignatureCheck) =>
      work.take({ ...createSigning(issuer, 'host.example'), proof });
    for (const { expected, proof } of proofs) {
      assertProven(await ask(createSignings(new ThreadAtNeed()), proof), expected);
    }
    const many = [...proofs, ...proofs, ...proofs];
    const results = await Promise.all(many.map(({ proof }) => ask(signings, proof)));
    for (const [index, { expected }] of many.entries()) assertProven(results[index], expected);
  });

  test('of what is no certificate fail alone', async () => {
    const issuer = await createIssuing('ecdsa');
    const broken = { ...createSigning(issuer, 'host.example'), body: Uint8Array.of(0x30, 0) };
    const good = Array.from({ length: 4 }, () => createSigning(issuer, 'host.example'));
    const [first, ...others] = await Promise.all([broken, ...good].map((signing) => signings.take(signing)));
    assert.equal(first?.kind, 'failed');
    for (const result of others) await assertSigned(result, issuer);
  });

  test('are refused at once by a thread that has ended', async () => {
    const issuer = await createIssuing('ecdsa');
    const ended = new SignatureThread();
    await ended.close();
    const signing = createSigning(issuer, 'host.example');
    await assert.rejects(ended.sign([signing]), { code: 'unavailable', rule: 'signature-thread' });
  });
});
