import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import fc from 'fast-check';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { claimPemRequest, openPemRequest, openRequest } from '../../../src/pki/certificates/request.ts';
import { revokeCertificate } from '../../../src/pki/certificates/revoke.ts';
import { parseNameText } from '../../../src/pki/profiles/name-text.ts';
import { changeNamePolicy } from '../../../src/pki/profiles/rules.ts';
import { certificateKeyPlace } from '../../../src/pki/records/certificate-row.ts';
import { findCertificate } from '../../../src/pki/records/store.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { assertChainAccepted } from '../oracles.ts';
import { askFor, type Desk, makeSigner, openDesk, type RequestWish, writeRequest } from './desk.ts';

const day = 86_400_000;
const names = (...texts: readonly string[]) => texts.map(parseNameText);

suite('issuing', () => {
  forEachEngine((_name, open) => {
    let desk: Desk | undefined;
    const shared = async () => {
      desk ??= await openDesk(await open());
      return desk;
    };
    const issueFor = async (wish: RequestWish, profile = 'server') => {
      const request = await askFor(wish);
      return (await shared()).issue({ profile, key: { kind: 'request', request } });
    };

    test('from a request yields a certificate that openssl and certtool accept, stored with its event and audit row', async () => {
      const { issue, parts, caller } = await shared();
      const { row, certificate, issuer } = await issue();
      await assertChainAccepted([certificate, issuer.certificate, ...issuer.chain], parts.now());
      assert.deepEqual(await findCertificate(parts.database.query, caller.organisationId, row.id), row);
      const [event] = await parts.database.query
        .selectFrom('outbox')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(1)
        .execute();
      const [audit] = await parts.database.query
        .selectFrom('audit_event')
        .selectAll()
        .orderBy('sequence', 'desc')
        .limit(1)
        .execute();
      assert.equal(event?.topic, 'certificate.issued');
      assert.equal(JSON.parse(event?.payload ?? '').certificate_id, row.id);
      assert.deepEqual([audit?.action, audit?.object_id], ['certificate.issued', row.id]);
    });

    test('many at the same time stores them all, each with its audit row, in one chain', async () => {
      const { issue, parts } = await shared();
      const request = await askFor();
      const all = await Promise.all(Array.from({ length: 40 }, () => issue({ key: { kind: 'request', request } })));
      assert.equal(new Set(all.map(({ row }) => row.serial)).size, 40);
      const audited = await parts.database.query
        .selectFrom('audit_event')
        .select('object_id')
        .where(
          'object_id',
          'in',
          all.map(({ row }) => row.id),
        )
        .execute();
      assert.equal(audited.length, 40);
      await verifyAuditChain(parts.database);
    });

    test('from a form makes the key and seals it', async () => {
      const { issue, parts } = await shared();
      const { row, certificate } = await issue({
        ...{ source: 'form', names: names('dns:form.example'), key: { kind: 'server', label: 'ecdsa-p256' } },
        subject: [['CN', 'form.example']],
      });
      const { purpose, reference } = certificateKeyPlace(row.id);
      assert.equal(
        (await findCertificate(parts.database.query, row.organisation_id, row.id))?.sealed_key?.slice(0, 3),
        'v1.',
      );
      const stored = await findCertificate(parts.database.query, row.organisation_id, row.id);
      const pkcs8 = parts.vault.unseal(purpose, reference, stored?.sealed_key ?? '');
      assert.ok(pkcs8.length > 100);
      assert.equal(parseSubjectKey(certificate.spki).kind, 'ecdsa');
    });

    test('takes the host of a request that names it in the subject alone', async () => {
      const { row } = await issueFor({ subject: [['CN', 'Old.Example']], names: [] });
      assert.deepEqual([row.common_name, row.names], ['old.example', '["dns:old.example"]']);
    });

    test('never outlives the issuer, whatever is asked', async () => {
      const { createIntermediate, issue } = await shared();
      await createIntermediate({ name: 'short', days: 30 });
      const { certificate, issuer } = await issue({ authority: 'short' });
      assert.equal(certificate.notAfter, issuer.certificate.notAfter);
    });

    const refusals: Readonly<Record<string, readonly [rule: string, wish: RequestWish, profile?: string]>> = {
      'an unknown extension': [
        'request-extension',
        { extensions: { others: [{ oid: '1.2.3.4', critical: false, value: Uint8Array.of(5, 0) }] } },
      ],
      'name constraints': [
        'request-extension',
        { extensions: { nameConstraints: { permitted: names('dns:a.example'), excluded: [] } } },
      ],
      'an authority': [
        'request-extension',
        { extensions: { basicConstraints: { isAuthority: true, pathLength: undefined } } },
      ],
      'the signing of certificates': ['request-extension', { extensions: { keyUsage: ['keyCertSign'] } }],
      'another purpose': [
        'request-extension',
        { extensions: { extendedKeyUsage: { purposes: ['1.3.6.1.5.5.7.3.3'] } } },
      ],
      'another TLS feature': ['request-extension', { extensions: { tlsFeature: [17] } }],
      'a TLS feature of the same last octet': ['request-extension', { extensions: { tlsFeature: [0x105] } }],
      'a stapled answer where the profile has none': [
        'must-staple',
        { extensions: { tlsFeature: [5] }, subject: [['CN', 'a']] },
        'client',
      ],
      'a foreign name': ['name-policy', { names: names('dns:www.google.com') }],
      'a foreign address': ['name-policy', { names: names('ip:8.8.8.8') }],
      'a foreign host as the common name of a client': [
        'name-policy',
        { subject: [['CN', 'www.google.com']], names: [] },
        'client',
      ],
      'a wildcard over a top-level domain': ['wildcard', { names: names('dns:*.com') }],
      'a wildcard over all private names': ['wildcard', { names: names('dns:*.internal') }],
      'a wildcard over a registry': ['wildcard', { names: names('dns:*.co.uk') }],
      'a wildcard alone': ['name-form', { names: [{ kind: 'dns', text: '*' }] }],
      'a name of another form': ['name-kind', { names: [{ kind: 'registered-id', oid: '1.2.3' }] }],
      'no name at all': ['name-count', { names: [] }],
    };
    for (const [what, [rule, wish, profile]] of Object.entries(refusals)) {
      test(`refuses a request for ${what}`, async () => {
        await assert.rejects(issueFor(wish, profile), { rule });
      });
    }

    test('refuses an authority or profile that there is not, and profiles of authorities', async () => {
      const { issue } = await shared();
      await assert.rejects(issue({ authority: 'nobody' }), { code: 'not_found' });
      await assert.rejects(issue({ profile: 'nobody' }), { code: 'not_found', rule: 'profile-unknown' });
      await assert.rejects(issue({ profile: 'intermediate' }), { rule: 'profile-kind' });
      await assert.rejects(issue({ authority: 'root' }), { code: 'conflict', rule: 'passphrase-needed' });
      await assert.rejects(issue({ lifetimeMs: 398 * day }), { rule: 'lifetime' });
    });

    test('refuses a key that was revoked as compromised, and takes down no other request of the group', async () => {
      const { issue, parts, caller } = await shared();
      const request = await askFor({ signer: await makeSigner() });
      const { row } = await issue({ key: { kind: 'request', request } });
      await revokeCertificate(parts, caller, { id: row.id, reason: 'keyCompromise' });
      const results = await Promise.allSettled([issue(), issue({ key: { kind: 'request', request } }), issue()]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
      await assert.rejects(issue({ key: { kind: 'request', request } }), { code: 'conflict', rule: 'key-compromised' });
    });

    test('follows the name policy from the moment that it changes', async () => {
      const { issue, parts, caller } = await shared();
      const asked = { names: names('dns:www.acme.org') };
      await assert.rejects(issue(asked), {
        rule: 'name-policy',
        hint: /signpost cert policy allow dns:www\.acme\.org/,
      });
      await changeNamePolicy(parts, caller, {
        allowed: ['dns:acme.org', 'dns:example'],
        denied: ['dns:secret.acme.org'],
      });
      await issue(asked);
      await issue({ names: names('dns:*.www.acme.org') });
      await assert.rejects(issue({ names: names('dns:a.secret.acme.org') }), { rule: 'name-policy' });
      await assert.rejects(issue({ names: names('dns:*.acme.org') }), { rule: 'name-policy' });
      await assert.rejects(issue({ names: names('dns:host.internal') }), { rule: 'name-policy' });
      await changeNamePolicy(parts, caller, { allowed: ['dns:example'], denied: [] });
    });

    test('issues nothing while the vault is locked', async () => {
      const { issue, parts } = await openDesk(await open());
      parts.vault.lock();
      await assert.rejects(issue(), { code: 'vault_locked' });
      assert.equal(
        (await parts.database.query.selectFrom('certificate').select('id').where('profile', '=', 'server').execute())
          .length,
        0,
      );
    });
  });
});

suite('a request that is read', () => {
  test('is taken as PEM with either label, and as DER', async () => {
    const der = await writeRequest();
    for (const label of ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']) {
      assert.deepEqual((await openPemRequest(encodePem(label, der))).bytes, der);
    }
  });

  test('with a changed bit, cut off, too large or not one at all is refused', async () => {
    const der = await writeRequest();
    const flipped = der.slice();
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    await assert.rejects(openRequest(flipped), { code: 'invalid', rule: 'request-signature' });
    await assert.rejects(openRequest(der.slice(0, -1)), { rule: 'request-malformed' });
    await assert.rejects(openRequest(new Uint8Array(65_537)), { rule: 'request-malformed' });
    await assert.rejects(openPemRequest('x'.repeat(100_001)), { rule: 'request-malformed' });
    await assert.rejects(openPemRequest(encodePem('CERTIFICATE', der)), { rule: 'request-malformed' });
  });

  test('is taken or refused, whatever bytes are changed', async () => {
    const der = await writeRequest({ subject: [['CN', 'host.example']] });
    const change = fc.tuple(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = der.slice();
        for (const [at, bits] of changes) bytes[at] = (bytes[at] ?? 0) ^ bits;
        const refused = (error: { code?: string }) => assert.equal(error.code, 'invalid');
        await openRequest(bytes).catch(refused);
        await claimPemRequest(encodePem('CERTIFICATE REQUEST', bytes)).catch(refused);
      }),
      { numRuns: 300 },
    );
  });
});
