/** Policies of gates: what is none is refused, and keys are matched segment by segment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PolicyDocument, parsePolicyDocument, usualRule } from '../../../src/watch/policies/document.ts';
import { isGlob, matchesGlob } from '../../../src/watch/policies/glob.ts';
import { asksTwoPeople, selectRule } from '../../../src/watch/policies/policy.ts';
import { isWeaker, listLost } from '../../../src/watch/policies/weaker.ts';

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

const guard = {
  name: 'guard',
  match: { source: 'oci:registry.example/**' },
  mode: 'enforce',
  two_people: true,
} as const;

test('where two people are asked for, no order of rules lets one person open the gate', () => {
  const signers = [{ key: 'a'.repeat(64) }];
  const strict = { ...guard, name: 'strict', match: { source: 'oci:registry.example/app' }, require: { signers } };
  const open = { name: 'open', match: { source: 'oci:registry.example/app' }, mode: 'observe' } as const;
  const elsewhere = { name: 'elsewhere', match: { source: 'oci:quay.io/**' }, mode: 'observe' } as const;
  const usual = { name: 'rest', mode: 'observe' } as const;
  const here = { ...guard, name: 'here', match: { ...guard.match, environment: 'production' } };
  const there = { ...open, match: { ...guard.match, environment: 'test' } };
  for (const [before, after, expected] of [
    [[guard], [open, guard], true],
    [[guard], [guard, open], false],
    [[guard], [elsewhere, guard, usual], false],
    [[guard], [usual, guard], true],
    [[guard], [{ ...guard, mode: 'warn' }], true],
    [[guard], [{ ...guard, name: 'renamed' }], false],
    [[guard], [{ ...guard, two_people: false }], true],
    [[guard], [strict, guard], false],
    [[guard], [{ ...strict, two_people: false }, guard], false],
    [[strict, guard], [guard, strict], true],
    [[strict, guard], [guard], true],
    [[open, guard], [guard], false],
    [[open, guard], [{ ...open, match: guard.match }, guard], true],
    [[guard, guard].map((rule, at) => ({ ...rule, name: `${at}` })), [guard], false],
    [[here], [there, here], false],
    [[here], [{ ...open, match: {} }, here], true],
    [[guard], [{ ...guard, lines: ['major'] }], true],
    [[], [usual], false],
  ] as const) {
    const [old, young] = [before, after].map((rules) => parsePolicyDocument({ schema: 1, rules }));
    assert.ok(old && young);
    const names = [before, after].map((rules) => rules.map(({ name }) => name).join(' '));
    assert.equal(isWeaker(old, young, { isForAll: false }), expected, names.join(' to '));
  }
  const [none, observing] = [[], [usual]].map((rules) => parsePolicyDocument({ schema: 1, rules }));
  assert.ok(none && observing);
  assert.equal(isWeaker(none, observing, { isForAll: true }), true, 'two are asked for everywhere');
  assert.equal(isWeaker(observing, none, { isForAll: true }), false);
});

test('what is not weaker lets nothing through that was kept out before, whatever is asked about', () => {
  const sources = ['oci:a/**', 'oci:a/b', 'oci:a/*', 'oci:**', 'npm:**', '*:**'] as const;
  const rule = fc.record({
    match: fc.record(
      {
        source: fc.constantFrom(...sources),
        ecosystem: fc.constantFrom('oci', 'npm'),
        environment: fc.constantFrom('x', 'y'),
      },
      { requiredKeys: [] },
    ),
    mode: fc.constantFrom('observe', 'warn', 'enforce'),
    require: fc.record({ sbom: fc.constant(true), slsa_level: fc.integer({ min: 1, max: 3 }) }, { requiredKeys: [] }),
    two_people: fc.boolean(),
  });
  const policy = fc
    .array(rule, { maxLength: 4 })
    .map((rules) => parsePolicyDocument({ schema: 1, rules: rules.map((one, at) => ({ ...one, name: `${at}` })) }));
  let kept = 0;
  const holds = (before: PolicyDocument, after: PolicyDocument, isForAll: boolean) => {
    if (isWeaker(before, after, { isForAll })) return;
    kept += 1;
    for (const key of ['oci:a/b', 'oci:a/c', 'oci:a/b/c', 'oci:d', 'npm:a']) {
      if (!isForAll && !asksTwoPeople(before, key)) continue;
      for (const environment of ['x', 'y', undefined]) {
        const isAsked = before.rules.some(
          (one) => one.two_people && selectRule({ schema: 1, rules: [one] }, { key, environment }) === one,
        );
        const [was, is] = [before, after].map((one) => selectRule(one, { key, environment }));
        if ((!isAsked && !isForAll) || !was || !is || was.mode === 'observe') continue;
        assert.deepEqual(
          listLost(was, is).filter((member) => member !== 'two_people'),
          [],
        );
      }
    }
  };
  fc.assert(fc.property(policy, policy, fc.boolean(), holds), { numRuns: 3000 });
  const inserted = fc.tuple(policy, rule, fc.nat(4)).map(([before, one, at]) => {
    const [added] = parsePolicyDocument({ schema: 1, rules: [{ ...one, name: 'added' }] }).rules;
    return [before, { ...before, rules: before.rules.toSpliced(at, 0, ...(added ? [added] : [])) }] as const;
  });
  fc.assert(
    fc.property(inserted, fc.boolean(), ([before, after], isForAll) => holds(before, after, isForAll)),
    {
      numRuns: 2000,
    },
  );
  assert.ok(kept > 500, `${kept} were not weaker`);
});
