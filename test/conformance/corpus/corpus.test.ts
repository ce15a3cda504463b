/**
 * Three hundred certificates, revocation lists and OCSP answers, composed by the server's profiles and written by our writers:
 * accepted by openssl (`-x509_strict`) and GnuTLS, read by python3-cryptography as we read them, and the revoked ones refused.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { formatAddress } from '@signpost/protocol/x509/address';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import type { DistinguishedName } from '@signpost/protocol/x509/name';
import { verifyOcspResponse } from '@signpost/protocol/x509/ocsp/verify-response';
import { verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import { verifyNotRevoked } from '@signpost/protocol/x509/verify-not-revoked';
import { findMissingOracle, python } from '../../../packages/protocol/test/oracle.ts';
import { createAnswers } from './answers.ts';
import { createTree } from './certificates.ts';
import { ask, askForEach, factsScript, listChain, openDesk } from './judges.ts';
import { createCompleteLists, createOtherLists } from './lists.ts';
import { createKeys, now, type Party } from './party.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-corpus-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const desk = openDesk(folder);

const [issuerKeys, subjectKeys] = await Promise.all([createKeys(), createKeys()]);
const { roots, intermediates, users } = await createTree({ issuers: issuerKeys, subjects: subjectKeys });
const issuers = [...roots, ...intermediates];
const parties = [...issuers, ...users];
const revoked = users.filter((_, index) => index % 4 === 3);
const valid = users.filter((user) => !revoked.includes(user));
const complete = await createCompleteLists(issuers, revoked);
const lists = [...complete, ...(await createOtherLists(issuers, roots[0] ?? assert.fail()))];
const answers = await createAnswers([...users, ...intermediates], revoked);

const skip = {
  gnutls: findMissingOracle('certtool', ['--version']),
  pyca: findMissingOracle(python, ['-c', 'import cryptography']),
};
const certificateOf = ({ certificate }: Party) => certificate;
const rootFile = desk.write('roots.pem', 'CERTIFICATE', roots.map(certificateOf));
const intermediateFile = desk.write('intermediates.pem', 'CERTIFICATE', intermediates.map(certificateOf));
const listFile = desk.write(
  'lists.pem',
  'X509 CRL',
  complete.map(({ list }) => list),
);
const files = new Map(
  users.map((user, index) => [desk.write(`${index}.pem`, 'CERTIFICATE', [user.certificate]), user]),
);
const trust = ['-CAfile', rootFile, '-untrusted', intermediateFile];

test('the corpus has three hundred things', () => {
  assert.ok(
    parties.length + lists.length + answers.length >= 300,
    `${parties.length} + ${lists.length} + ${answers.length}`,
  );
  const bytes = new Set(parties.map(({ certificate }) => encodeHex(certificate.bytes)));
  assert.equal(bytes.size, parties.length);
});

test('we accept every certificate, and refuse the revoked ones', async () => {
  const pool = { anchors: roots.map(certificateOf), intermediates: intermediates.map(certificateOf) };
  for (const user of users) {
    const path = await verifyCertificate(user.certificate, pool, { at: now });
    const answer = verifyNotRevoked(path, { lists: complete.map(({ list }) => list), pool });
    if (revoked.includes(user)) await assert.rejects(answer, { code: 'certificate_revoked' }, user.name);
    else await answer;
  }
});

test('openssl accepts every certificate strictly', async () => {
  const { status, text } = await ask('openssl', [
    'verify',
    '-x509_strict',
    '-policy_check',
    '-check_ss_sig',
    ...trust,
    ...files.keys(),
  ]);
  assert.equal(status, 0, text);
  assert.equal(text.match(/: OK$/gm)?.length, users.length);
});

test('openssl refuses the revoked ones and no others, by the lists', async () => {
  const checks = ['-x509_strict', '-crl_check_all', '-CRLfile', listFile];
  const { text } = await ask('openssl', ['verify', ...checks, ...trust, ...files.keys()]);
  const accepted = [...text.matchAll(/^(.*): OK$/gm)].map(([, file = '']) => files.get(file)?.name);
  assert.deepEqual(accepted.toSorted(), valid.map(({ name }) => name).toSorted());
  assert.equal(text.match(/error 23 at 0 depth lookup: certificate revoked/g)?.length, revoked.length);
});

test('GnuTLS accepts every certificate, and refuses the revoked ones by the lists', { skip: skip.gnutls }, async () => {
  const listOf = new Map(complete.map(({ issuer, list }) => [issuer, list]));
  await askForEach(users, async (user, index) => {
    const chain = listChain(user);
    const blocks = [
      ...chain.map(({ certificate }) => ['CERTIFICATE', certificate] as const),
      ...chain.flatMap(({ issuer }) => (issuer ? [['X509 CRL', listOf.get(issuer) ?? assert.fail()] as const] : [])),
    ];
    const text = blocks.map(([label, one]) => pem(label, one.bytes)).join('');
    const verdict = await ask('certtool', ['--verify-chain'], text);
    if (revoked.includes(user)) assert.match(verdict.text, /revoked/i, `${index} ${user.name}`);
    else assert.equal(verdict.status, 0, `${user.name}: ${verdict.text}`);
  });
});

function pem(label: string, bytes: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${encodeBase64(bytes).replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;
}

test('openssl and GnuTLS accept every list', { skip: skip.gnutls }, async () => {
  await askForEach(lists, async ({ name, list, issuer }, index) => {
    const file = desk.write(`list-${index}.pem`, 'X509 CRL', [list]);
    const issuerFile = desk.write(`list-issuer-${index}.pem`, 'CERTIFICATE', [issuer.certificate]);
    const opened = await ask('openssl', ['crl', '-in', file, '-noout', '-CAfile', issuerFile, '-verify']);
    assert.match(opened.text, /verify OK/, `${name}: ${opened.text}`);
    const judged = await ask('certtool', ['--verify-crl', '--load-ca-certificate', issuerFile, '--infile', file]);
    assert.match(judged.text, /Verification output: Verified/, `${name}: ${judged.text}`);
  });
});

const refusals = { revoked: 'certificate_revoked', unknown: 'revocation_unknown' };

test('openssl, GnuTLS and we accept every OCSP answer as it is meant', { skip: skip.gnutls }, async () => {
  await askForEach(answers, async ({ about, issuer, status, bytes, response }, index) => {
    const requirements = { certificate: about.certificate, issuer: issuer.certificate, at: now };
    const found = verifyOcspResponse(response, requirements);
    if (status.kind === 'good') await found;
    else await assert.rejects(found, { code: refusals[status.kind] }, about.name);
    const path = join(folder, `answer-${index}.der`);
    writeFileSync(path, bytes);
    const issuerFile = desk.write(`answer-issuer-${index}.pem`, 'CERTIFICATE', [issuer.certificate]);
    const file = desk.write(`answer-${index}.pem`, 'CERTIFICATE', [about.certificate]);
    const chain = ['-CAfile', rootFile, '-verify_other', intermediateFile, '-issuer', issuerFile, '-cert', file];
    const opened = await ask('openssl', ['ocsp', '-respin', path, ...chain, '-no_nonce']);
    assert.match(opened.text, /Response verify OK/, `${about.name}: ${opened.text}`);
    assert.match(opened.text, new RegExp(`pem: ${status.kind}`));
    const judged = await ask('ocsptool', ['--verify-response', '--load-trust', issuerFile, '--infile', path]);
    assert.match(judged.text, /Verifying OCSP Response: Success/, `${about.name}: ${judged.text}`);
  });
});

test('python3-cryptography reads everything as we do', { skip: skip.pyca }, async () => {
  const given = [
    ...parties.map(({ certificate }) => ['certificate', encodeBase64(certificate.bytes)]),
    ...lists.map(({ list }) => ['crl', encodeBase64(list.bytes)]),
    ...answers.map(({ bytes }) => ['answer', encodeBase64(bytes)]),
  ];
  const { text } = await ask(python, ['-W', 'ignore', '-c', factsScript], JSON.stringify(given));
  const expected = [
    ...parties.map(({ certificate: one }) => ({
      serial: hexOf(one.serialNumber),
      from: iso(one.notBefore),
      to: iso(one.notAfter),
      subject: attributesOf(one.subject),
      issuer: attributesOf(one.issuer),
      extensions: one.allExtensions.map(({ oid, critical }) => [oid, critical]),
      names: (one.extensions.subjectAlternativeName?.value ?? []).map(nameOf),
      key: encodeBase64(one.spki),
      signature: encodeBase64(one.signature),
      signed: encodeBase64(one.signedBytes),
    })),
    ...lists.map(({ list }) => ({
      from: iso(list.thisUpdate),
      to: iso(list.nextUpdate ?? 0),
      number: Number(list.number),
      entries: list.entries.map((entry) => [hexOf(entry.serialNumber), iso(entry.revokedAt)]),
    })),
    ...answers.map(({ status, about }) => ({
      status: status.kind,
      serial: hexOf(about.certificate.serialNumber),
      from: iso(now - 60_000),
      to: iso(now + 86_400_000),
    })),
  ];
  const found = JSON.parse(text) as readonly unknown[];
  assert.equal(found.length, expected.length);
  for (const [index, one] of expected.entries()) assert.deepEqual(found[index], one);
});

function hexOf(content: Uint8Array): string {
  return BigInt(`0x${encodeHex(content)}`).toString(16);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function attributesOf({ relativeNames }: DistinguishedName): readonly (readonly [string, string])[] {
  return relativeNames.flat().map(({ type, text = '' }) => [type, text]);
}

function nameOf(name: GeneralName): readonly [string, string] {
  switch (name.kind) {
    case 'dns':
      return ['DNSName', name.text];
    case 'email':
      return ['RFC822Name', name.text];
    case 'uri':
      return ['UniformResourceIdentifier', name.text];
    case 'ip':
      return ['IPAddress', formatAddress(name.address)];
    default:
      return ['', ''];
  }
}
