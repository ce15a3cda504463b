/** What no other tool can be told is named, and notation has the certificates that it needs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { createSignerParty, root } from '../../../../protocol/test/sigstore/instance.ts';
import { type FormatName, formats } from '../../../src/watch/formats/formats.ts';
import { indexKeys, parseKeys } from '../../../src/watch/formats/public-keys.ts';
import type { PolicyRuleText } from '../../../src/watch/policies/document.ts';
import { githubIssuer, key, keyPem, rulesOf, workflow } from './scene.ts';

const keys = new Map([[key.sha256, key]]);
const byKey: PolicyRuleText = {
  ...{ name: 'one', match: { source: 'oci:registry.example/app' }, mode: 'enforce' },
  require: { signers: [{ key: key.sha256 }] },
};

function say(format: FormatName, ...rules: PolicyRuleText[]): readonly string[] {
  return formats[format]
    .write(rulesOf(rules), keys)
    .remarks.map(({ effect, clause, text }) => `${effect} ${clause}: ${text}`);
}

test('each member of a rule that a tool cannot be told is named', () => {
  const images = ['cosign', 'policy-controller', 'kyverno', 'notation'] as const;
  for (const [change, expected] of [
    [{ on_unknown: 'deny' }, /looser one: .*on_unknown/],
    [{ hold_hours: 1 }, /looser one: .*hold_hours/],
    [{ lines: ['release'] }, /looser one: .*lines/],
    [{ continuity: false }, /looser one: .*continuity/],
    [{ findings: { 'sbom.lost': 'deny' } }, /looser one: .*findings/],
    [{ two_people: true }, /looser one: .*two_people/],
    [
      { require: { ...byKey.require, sbom: true, age_hours: 1, builders: ['https://b.example'], slsa_level: 2 } },
      /looser one: .*age_hours, sbom, builders, slsa_level/,
    ],
    [{ match: { ...byKey.match, environment: 'production' } }, /stricter one: it holds in every environment/],
    [{ mode: 'observe' }, /stricter one: it warns/],
    [{ require: {} }, /looser one: it names no signers/],
    [{ require: { signers: [{ key: 'b'.repeat(64) }] } }, /stricter one: the key b+ is known by its digest alone/],
    [{ match: { source: 'npm:**' } }, /looser rules: 1 of them are not about images/],
  ] as const) {
    for (const format of images)
      assert.match(
        say(format, { ...byKey, ...change } as PolicyRuleText).join('\n'),
        expected,
        `${format} ${expected}`,
      );
  }
  const identity = (claims: object): PolicyRuleText => ({
    ...byKey,
    require: { signers: [{ issuer: githubIssuer, subject: workflow, ...claims }] },
  });
  for (const [claims, expected] of [
    [{ ownerId: '1', repositoryId: '2' }, 'ownerId, repositoryId'],
    [{ repository: 'https://git.example/a/b' }, 'repository'],
    [{ workflow: 'https://x.example/y.yml' }, 'workflow'],
    [{ refType: 'tag' }, 'refType'],
    [{ refType: 'other', repository: 'https://github.com/org/app' }, 'refType'],
  ] as const) {
    for (const format of ['cosign', 'kyverno', 'policy-controller'] as const) {
      assert.ok(
        say(format, identity(claims)).some(
          (line) => /^looser one: of .* cannot be told of/.test(line) && line.includes(expected),
        ),
        `${format} ${expected}`,
      );
    }
  }
  assert.match(say('cosign', identity({})).join(), /stricter one: identities must be in a log/);
  assert.match(say('kyverno', identity({})).join(), /stricter one: identities must be in a log/);
  const second = { ...byKey, name: 'two', match: { source: 'oci:registry.example/**' } };
  assert.match(say('kyverno', byKey, second).join(), /stricter two: where one holds too/);
  assert.match(say('cosign', second).join(), /one image at a time/);
  assert.match(
    say('policy-controller', { ...byKey, match: { source: 'oci:a/**/b' } }).join(),
    /where a \*\* stands for no segment/,
  );
  assert.match(
    say('kyverno', { ...byKey, match: { source: 'oci:a.example/*' } }).join(),
    /reaches into further segments/,
  );
});

test('pnpm is told of packages alone, and of one age', () => {
  const rule = (name: string, source: string, require: object, more: object = {}): PolicyRuleText => ({
    name,
    match: { source },
    mode: 'enforce',
    require,
    ...more,
  });
  const all = rule('all', 'npm:**', { age_hours: 24 });
  assert.deepEqual(say('pnpm', byKey, all), ['looser rules: 1 of them are not about packages, and left out']);
  assert.match(say('pnpm', rule('a', 'npm:a', { age_hours: 48 }), all).join(), /looser a: pnpm has one age/);
  assert.match(say('pnpm', rule('a', 'npm:a', { age_hours: 1 }), all).join(), /stricter a: pnpm has one age/);
  assert.match(say('pnpm', rule('a', 'npm:a', {}), rule('b', 'npm:a*', {}), all).join(), /looser b: where a holds too/);
  assert.match(say('pnpm', rule('a', 'npm:a', { sbom: true })).join(), /looser a: pnpm cannot be told of sbom/);
  const { files } = formats.pnpm.write(
    rulesOf([rule('a', 'npm:a', {}, { mode: 'warn' }), { ...all, match: { ecosystem: 'npm' } }]),
    keys,
  );
  assert.equal(
    files[0]?.text,
    'trustPolicy: no-downgrade\ntrustPolicyExclude:\n  - a\nminimumReleaseAge: 1440\nminimumReleaseAgeExclude:\n  - a\n',
  );
});

test('notation is told of keys by their certificates, in a store of their own', async () => {
  const { certificate } = await createSignerParty();
  const pem = encodePem('CERTIFICATE', certificate.bytes);
  const [shown] = parseKeys(pem, 'a certificate');
  const rule = { ...byKey, require: { signers: [{ key: shown?.sha256 ?? '' }] } };
  const all = { ...rule, name: 'all', match: { source: 'oci:**' } };
  const { files, remarks } = formats.notation.write(
    rulesOf([rule, all, { ...rule, name: 'never reached' }]),
    indexKeys(new Map([['c', pem]])),
  );
  assert.deepEqual(remarks, []);
  const [main, ...stores] = files;
  const { trustPolicies } = JSON.parse(main?.text ?? '');
  assert.deepEqual(trustPolicies[0], {
    ...{ name: 'one', registryScopes: ['registry.example/app'], signatureVerification: { level: 'strict' } },
    ...{ trustStores: ['ca:signpost-1-one'], trustedIdentities: ['*'] },
  });
  assert.deepEqual(trustPolicies[1].registryScopes, ['*']);
  assert.deepEqual(
    stores.map(({ name, text }) => [name, text === pem]),
    [
      [`truststore/x509/ca/signpost-1-one/${shown?.sha256}.pem`, true],
      [`truststore/x509/ca/signpost-2-all/${shown?.sha256}.pem`, true],
    ],
  );
  const attached = new Map(stores.map(({ name, text }) => [`./config/${name}`, text]));
  const read = formats.notation.parse(main?.text ?? '', attached);
  assert.deepEqual(rulesOf(read.rules), rulesOf([rule, all]));
  assert.deepEqual([...new Set(read.remarks.map(({ effect }) => effect))], ['stricter']);
  const authority = new Map([
    ['truststore/x509/ca/signpost-1-one/a.pem', encodePem('CERTIFICATE', root.certificate.bytes)],
  ]);
  assert.match(
    formats.notation
      .parse(main?.text ?? '', authority)
      .remarks.map(({ text }) => text)
      .join(),
    /has an authority/,
  );
  assert.match(say('notation', byKey).join(), /none of its signers is a key with a certificate/);
  assert.equal(indexKeys(new Map([['a', keyPem]])).size, 1);
});
