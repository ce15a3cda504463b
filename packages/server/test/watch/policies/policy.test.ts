/** Policies of gates: what is none is refused, and keys are matched segment by segment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePolicyDocument, usualRule } from '../../../src/watch/policies/document.ts';
import { isGlob, matchesGlob } from '../../../src/watch/policies/glob.ts';
import { asksTwoPeople, selectRule } from '../../../src/watch/policies/policy.ts';

test('a policy with anything wrong in it is refused as a whole, and says where', () => {
  const rule = { name: 'one', mode: 'enforce' };
  for (const [document, where] of [
    [{}, /schema/],
    [{ schema: 2, rules: [] }, /schema/],
    [{ schema: 1, rules: [], more: 1 }, /more/],
    [{ schema: 1, rules: [{ ...rule, mode: 'block' }] }, /rules\.0\.mode/],
    [{ schema: 1, rules: [{ ...rule, findings: { 'signature.gone': 'deny' } }] }, /rules\.0\.findings/],
    [{ schema: 1, rules: [{ ...rule, match: { source: 'ghcr.io/*' } }] }, /rules\.0\.match\.source/],
    [{ schema: 1, rules: [{ ...rule, match: { source: 'oci:a/**b' } }] }, /rules\.0\.match\.source/],
    [{ schema: 1, rules: [{ ...rule, match: { environment: 'Prod uction' } }] }, /environment/],
    [{ schema: 1, rules: [{ ...rule, require: { signers: [] } }] }, /signers/],
    [{ schema: 1, rules: [{ ...rule, require: { signers: [{ issuer: 'x' }] } }] }, /signers/],
    [{ schema: 1, rules: [{ ...rule, require: { slsa_level: 9 } }] }, /slsa_level/],
    [{ schema: 1, rules: [{ ...rule, lines: [] }] }, /lines/],
    [{ schema: 1, rules: [rule, rule] }, /two rules named "one"/],
  ] as const) {
    assert.throws(() => parsePolicyDocument(document), { code: 'invalid', rule: 'watch-policy', message: where });
  }
  const { rules } = parsePolicyDocument({ schema: 1, rules: [rule] });
  assert.deepEqual(rules, [{ ...usualRule, name: 'one' }]);
});

test('the first rule that is meant for a source decides', () => {
  const document = parsePolicyDocument({
    schema: 1,
    rules: [
      { name: 'ours', match: { source: 'oci:ghcr.io/org/*' }, mode: 'observe' },
      { name: 'production', match: { ecosystem: 'oci', environment: 'production' }, mode: 'enforce', two_people: true },
      { name: 'packages', match: { ecosystem: 'npm' }, mode: 'warn' },
    ],
  });
  const nameOf = (key: string, environment?: string) => selectRule(document, { key, environment }).name;
  assert.deepEqual(
    [
      nameOf('oci:ghcr.io/org/app', 'production'),
      nameOf('oci:ghcr.io/org/app/part', 'production'),
      nameOf('oci:ghcr.io/org/app/part'),
      nameOf('npm:left-pad', 'production'),
    ],
    ['ours', 'production', 'usual', 'packages'],
  );
  assert.deepEqual([asksTwoPeople(document, 'oci:quay.io/x/y'), asksTwoPeople(document, 'npm:x')], [true, false]);
});

test('a pattern means keys segment by segment', () => {
  for (const [glob, key, isMeant] of [
    ['oci:ghcr.io/org/*', 'oci:ghcr.io/org/app', true],
    ['oci:ghcr.io/org/*', 'oci:ghcr.io/org/app/part', false],
    ['oci:ghcr.io/org/**', 'oci:ghcr.io/org/app/part', true],
    ['oci:ghcr.io/**/part', 'oci:ghcr.io/part', true],
    ['oci:ghcr.io/**/part', 'oci:ghcr.io/a/b/part', true],
    ['oci:**', 'oci:ghcr.io/a', true],
    ['oci:**', 'npm:a', false],
    ['*:**', 'npm:@scope/name', true],
    ['npm:@scope/a*c*e', 'npm:@scope/abcde', true],
    ['npm:@scope/a*c*e', 'npm:@scope/ace', true],
    ['npm:@scope/ab*ba', 'npm:@scope/aba', false],
    ['oci:ghcr.io/org', 'oci:ghcr.io/org/app', false],
  ] as const) {
    assert.ok(isGlob(glob), glob);
    assert.equal(matchesGlob(glob, key), isMeant, `${glob} ${key}`);
  }
  for (const text of ['ghcr.io/*', 'oci:', 'oci:a b', 'cargo:x', 'oci:a/***']) {
    assert.equal(isGlob(text) && text !== 'oci:', false, text);
  }
});

test('a pattern means what the same regular expression means', () => {
  const segment = fc.array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 4 }).map((list) => {
    return list.join('').replaceAll(/\*+/g, '*');
  });
  const pattern = fc.array(fc.oneof(segment, fc.constant('**')), { minLength: 1, maxLength: 5 });
  const path = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), {
    ...{ minLength: 1, maxLength: 6 },
  });
  fc.assert(
    fc.property(pattern, path, (globs, segments) => {
      const source = globs.map((one) => (one === '**' ? '(?:/[^/]+)*' : `/${one.replaceAll('*', '[^/]*')}`)).join('');
      const expected = new RegExp(`^${source}$`).test(`/${segments.join('/')}`);
      assert.equal(matchesGlob(`oci:${globs.join('/')}`, `oci:${segments.join('/')}`), expected);
    }),
  );
});
