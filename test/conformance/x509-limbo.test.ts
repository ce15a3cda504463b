/**
 * C2SP/x509-limbo (../../docs/protocol/x509.md): every case as expected, but for those written down here with their reasons.
 * @see https://x509-limbo.com
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parsePemBlock } from '@signpost/protocol/asn1/pem';
import { TrustError } from '@signpost/protocol/errors';
import { parseAddress } from '@signpost/protocol/x509/address';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { purposes } from '@signpost/protocol/x509/oids';
import { parseRevocationList } from '@signpost/protocol/x509/revocation-list';
import type { ServerName } from '@signpost/protocol/x509/server-name';
import { verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import { verifyNotRevoked } from '@signpost/protocol/x509/verify-not-revoked';
import { findMissingData, findSuite } from './suites.ts';

interface PeerName {
  readonly kind: 'DNS' | 'IP' | 'RFC822';
  readonly value: string;
}

interface LimboCase {
  readonly id: string;
  readonly validation_kind: 'SERVER' | 'CLIENT';
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly expected_peer_name: PeerName | null;
  readonly extended_key_usage: readonly (keyof typeof purposes)[];
  readonly max_chain_depth: number | null;
  readonly crls: readonly string[];
  readonly expected_result: 'SUCCESS' | 'FAILURE';
}

/** Cases that we decide otherwise than the suite. */
const disagreements: Readonly<Record<string, string>> = {
  // "Ambiguous", says the suite. The same shape, an anchor that another root has signed, must be accepted in
  // cve::cve-2024-0567: an anchor is trusted for its name and key, and nobody follows what it points at.
  'rfc5280::aki::cross-signed-root-missing-aki': 'accepted',
  // Their common name, example.com, is none of their alternative names (*.example.com, 127.0.0.1). That is what
  // webpki::cn::not-in-san and its neighbours want refused.
  'webpki::nc::nc-permits-dns-san-pattern': 'certificate_invalid',
  'webpki::san::exact-localhost-ip-san': 'certificate_invalid',
  'webpki::san::leftmost-wildcard-san': 'certificate_invalid',
};

/**
 * Refused as expected, but not for the reason of the case: there is no list of public suffixes here. These have common names
 * that are no alternative names.
 */
const refusedForOtherReasons = [
  'webpki::san::public-suffix-multi-label-wildcard-san',
  'webpki::san::public-suffix-private-namespace-wildcard-san',
];

/** No case may take more of a processor: some are there to exhaust validators. */
const maxMicroseconds = 5_000_000;

const file = join(findSuite('x509-limbo'), 'limbo.json');
const skip = findMissingData(file, 'x509-limbo');

test('every case of x509-limbo is decided as expected, but for a written list', { skip }, async (context) => {
  const { testcases } = JSON.parse(await readFile(file, 'utf8')) as { testcases: readonly LimboCase[] };
  const others: Record<string, string> = {};
  for (const given of testcases) {
    const started = process.cpuUsage();
    const verdict = await decide(given);
    assert.ok(process.cpuUsage(started).user < maxMicroseconds, `${given.id} took too long`);
    if ((verdict === 'accepted') !== (given.expected_result === 'SUCCESS')) others[given.id] = verdict;
    if (refusedForOtherReasons.includes(given.id)) assert.equal(verdict, 'certificate_invalid');
  }
  assert.deepEqual(others, disagreements);
  assert.ok(testcases.length >= 207);
  const agreed = testcases.length - Object.keys(others).length;
  context.diagnostic(`${agreed} of ${testcases.length} cases as expected, ${Object.keys(others).length} otherwise`);
});

/** `accepted`, or the code of the refusal. */
async function decide(given: LimboCase): Promise<string> {
  try {
    const pool = { anchors: given.trusted_certs.map(parse), intermediates: given.untrusted_intermediates.map(parse) };
    const path = await verifyCertificate(parse(given.peer_certificate), pool, {
      at: given.validation_time === null ? Date.now() : Date.parse(given.validation_time),
      profile: given.id.startsWith('webpki::') ? 'web' : 'rfc5280',
      purpose:
        purposes[given.extended_key_usage[0] ?? (given.validation_kind === 'SERVER' ? 'serverAuth' : 'clientAuth')],
      ...(given.expected_peer_name && { server: toServerName(given.expected_peer_name) }),
      ...(given.max_chain_depth !== null && { maxIntermediates: given.max_chain_depth }),
    });
    const lists = given.crls.map((pem) => parseRevocationList(parsePemBlock(pem, 'X509 CRL', 1_000_000)));
    if (lists.length > 0) await verifyNotRevoked(path, { lists, pool });
    return 'accepted';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
}

function parse(pem: string): Certificate {
  return parseCertificate(parsePemBlock(pem, 'CERTIFICATE', 1_000_000));
}

/** As the case names it, well formed or not. */
function toServerName({ kind, value }: PeerName): ServerName {
  assert.notEqual(kind, 'RFC822');
  const address = kind === 'IP' ? parseAddress(value) : undefined;
  return address ? { kind: 'ip', address } : { kind: 'dns', host: value.toLowerCase() };
}
