/**
 * NIST's Public Key Interoperability Test Suite 1.0.1 of 2011: its certificates and lists from Debian's
 * python3-cryptography-vectors, its expectations from its own description. Each end entity is verified against all
 * intermediates and lists of the suite at once: finding the right ones is part of the test.
 * @see https://csrc.nist.gov/projects/pki-testing
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { PolicyInputs } from '@signpost/protocol/x509/policy-graph';
import { parseRevocationList, type RevocationList } from '@signpost/protocol/x509/revocation-list';
import { verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import { verifyNotRevoked } from '@signpost/protocol/x509/verify-not-revoked';
import { findMissingData } from './suites.ts';

const folder = '/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data';
const skip = findMissingData(folder, 'PKITS (python3-cryptography-vectors)');

/** The suite's certificates are valid from 2010 to 2030. */
const at = Date.UTC(2026, 0, 1);

const [p1, p2, p3, , , p6] = Array.from({ length: 6 }, (_, index) => `2.16.840.1.101.3.2.1.48.${index + 1}`);

function accept(...policies: (string | undefined)[]): PolicyInputs {
  return { acceptable: policies.filter((one) => one !== undefined) };
}

const explicit: PolicyInputs = { requireExplicit: true };

/** Sections 4.8 to 4.12: what the user asks for, and whether that is valid. The others have their answer in their names. */
const policyCases: Readonly<Record<string, readonly (readonly [PolicyInputs, boolean])[]>> = {
  ValidCertificatePathTest1EE: [
    [explicit, true],
    [{ ...explicit, ...accept(p1) }, true],
    [{ ...explicit, ...accept(p2) }, false],
    [{ ...explicit, ...accept(p1, p2) }, true],
  ],
  AllCertificatesNoPoliciesTest2EE: [
    [{}, true],
    [explicit, false],
  ],
  DifferentPoliciesTest3EE: [
    [{}, true],
    [explicit, false],
    [{ ...explicit, ...accept(p1, p2) }, false],
  ],
  DifferentPoliciesTest4EE: [[{}, false]],
  DifferentPoliciesTest5EE: [[{}, false]],
  OverlappingPoliciesTest6EE: [
    [{}, true],
    [accept(p1), true],
    [accept(p2), false],
  ],
  DifferentPoliciesTest7EE: [[{}, false]],
  DifferentPoliciesTest8EE: [[{}, false]],
  DifferentPoliciesTest9EE: [[{}, false]],
  AllCertificatesSamePoliciesTest10EE: [
    [{}, true],
    [accept(p1), true],
    [accept(p2), true],
  ],
  AllCertificatesanyPolicyTest11EE: [
    [{}, true],
    [accept(p1), true],
  ],
  DifferentPoliciesTest12EE: [[{}, false]],
  AllCertificatesSamePoliciesTest13EE: [
    [accept(p1), true],
    [accept(p2), true],
    [accept(p3), true],
  ],
  AnyPolicyTest14EE: [
    [accept(p1), true],
    [accept(p2), false],
  ],
  UserNoticeQualifierTest15EE: [[{}, true]],
  UserNoticeQualifierTest16EE: [[{}, true]],
  UserNoticeQualifierTest17EE: [[{}, true]],
  UserNoticeQualifierTest18EE: [
    [accept(p1), true],
    [accept(p2), true],
  ],
  UserNoticeQualifierTest19EE: [[{}, true]],
  CPSPointerQualifierTest20EE: [[explicit, true]],
  ValidPolicyMappingTest1EE: [
    [accept(p1), true],
    [accept(p2), false],
    [{ inhibitMapping: true }, false],
  ],
  InvalidPolicyMappingTest2EE: [
    [{}, false],
    [{ inhibitMapping: true }, false],
  ],
  ValidPolicyMappingTest3EE: [
    [accept(p1), false],
    [accept(p2), true],
  ],
  ValidPolicyMappingTest5EE: [
    [accept(p1), true],
    [accept(p6), false],
  ],
  ValidPolicyMappingTest6EE: [
    [accept(p1), true],
    [accept(p6), false],
  ],
  ValidPolicyMappingTest12EE: [
    [accept(p1), true],
    [accept(p2), true],
  ],
  inhibitAnyPolicyTest3EE: [
    [{}, true],
    [{ inhibitAny: true }, false],
  ],
};

/** Valid for the suite, refused here. */
const disagreements: Readonly<Record<string, string>> = {
  // DSA is not supported: FIPS 186-5 allows it only for old signatures.
  ValidDSASignaturesTest4EE: 'algorithm_unsupported',
  ValidDSAParameterInheritanceTest5EE: 'algorithm_unsupported',
  // A date before 2050 as GeneralizedTime: RFC 5280, 4.1.2.5, "MUST always encode ... as UTCTime".
  ValidGeneralizedTimenotBeforeDateTest4EE: 'malformed',
  // Lists that speak for other issuers are refused: only these need them.
  ValidIDPwithindirectCRLTest22EE: 'revocation_unknown',
  ValidIDPwithindirectCRLTest24EE: 'revocation_unknown',
  ValidIDPwithindirectCRLTest25EE: 'revocation_unknown',
  ValidcRLIssuerTest28EE: 'revocation_unknown',
  ValidcRLIssuerTest29EE: 'revocation_unknown',
  ValidcRLIssuerTest30EE: 'revocation_unknown',
  ValidcRLIssuerTest33EE: 'revocation_unknown',
};

interface Suite {
  readonly anchor: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly lists: readonly RevocationList[];
}

test('every end entity of PKITS is decided as the suite says, but for a written list', { skip }, async (context) => {
  const suite = openSuite();
  const others: Record<string, string> = {};
  let decided = 0;
  for (const name of listNames('certs').filter((one) => one.endsWith('EE'))) {
    for (const [policies, isValid] of policyCases[name] ?? [[{}, name.startsWith('Valid')] as const]) {
      const verdict = await decide(name, suite, policies);
      if ((verdict === 'accepted') !== isValid) others[name] = verdict;
      decided++;
    }
  }
  assert.deepEqual(others, disagreements);
  assert.ok(decided >= 240);
  context.diagnostic(
    `${decided - Object.keys(others).length} of ${decided} decisions as expected, the others written down`,
  );
});

/** `accepted`, or the code of the refusal. The suite is older than RFC 5280, section 4, which it breaks in places. */
async function decide(name: string, { anchor, intermediates, lists }: Suite, policies: PolicyInputs): Promise<string> {
  try {
    const pool = { anchors: [anchor], intermediates };
    const path = await verifyCertificate(readCertificate(name), pool, { at, policies, profile: 'path' });
    await verifyNotRevoked(path, { lists, pool });
    return 'accepted';
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
}

function openSuite(): Suite {
  const names = listNames('certs').filter((name) => !name.endsWith('EE') && name !== 'TrustAnchorRootCertificate');
  const intermediates = names.flatMap((name) => {
    const found = parseOr(() => readCertificate(name));
    return found ? [found] : [];
  });
  const lists = listNames('crls').flatMap((name) => {
    const found = parseOr(() => parseRevocationList(readBytes(`crls/${name}.crl`)));
    return found ? [found] : [];
  });
  return { anchor: readCertificate('TrustAnchorRootCertificate'), intermediates, lists };
}

function listNames(part: 'certs' | 'crls'): readonly string[] {
  return readdirSync(join(folder, part)).map((file) => file.replace(/\.[a-z]+$/, ''));
}

function readCertificate(name: string): Certificate {
  return parseCertificate(readBytes(`certs/${name}.crt`));
}

function readBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(folder, path)));
}

/** Some files of the suite are broken on purpose; whoever meets one does without it. */
function parseOr<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}
