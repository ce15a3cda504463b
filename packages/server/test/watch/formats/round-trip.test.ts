/** What a format can say in full comes back as it went, and nothing is said to be left out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FormatName, formats } from '../../../src/watch/formats/formats.ts';
import type { PolicyRuleText, PolicySigner } from '../../../src/watch/policies/document.ts';
import { githubIssuer, key, rulesOf, workflow } from './scene.ts';

const keys = new Map([[key.sha256, key]]);
const word = fc
  .string({ unit: fc.constantFrom('a', 'b', '1', '-', '.'), minLength: 1, maxLength: 6 })
  .map((text) => `x${text}x`);
const special = fc.string({
  unit: fc.constantFrom('a', '.', '+', '$', '(', ')', '|', '^', '\\', "'", '"', '*', '?', '[', '{', ' ', '#', ':'),
  minLength: 1,
  maxLength: 12,
});

const person = fc.record({
  issuer: special.map((text) => `https://${text}i`),
  subject: special.map((text) => `s${text}@example.org`),
});
const anyRun = fc.record({
  issuer: fc.constant(githubIssuer),
  subject: word.map((name) => `https://github.com/org/${name}/.github/workflows/${name}.yml`),
});
const ownRun = fc
  .tuple(word, fc.constantFrom('tag' as const, 'branch' as const, 'pull-request' as const))
  .map(([name, refType]): PolicySigner => {
    const repository = `https://github.com/org/${name}`;
    return { issuer: githubIssuer, subject: `${repository}/.github/workflows/release.yaml`, repository, refType };
  });
const byKey = fc.constant<PolicySigner>({ key: key.sha256 });

const repository = fc.array(
  word.map((text) => text.replaceAll(/[.-]+/g, '')),
  { minLength: 1, maxLength: 3 },
);
const exactSource = repository.map((parts) => `oci:registry.example/${parts.join('/')}`);
const deepSource = repository.map((parts) => `oci:registry.example/${parts.join('/')}/**`);
const flatSource = repository.map((parts) => `oci:registry.example/${parts.join('/')}/*`);

/** Rules whose images are never the same ones. */
function rulesWith(
  signer: fc.Arbitrary<PolicySigner>,
  source: fc.Arbitrary<string>,
  transparency: fc.Arbitrary<boolean>,
) {
  const rule = fc.record({
    source,
    transparency,
    signers: fc.uniqueArray(signer, { minLength: 1, maxLength: 3, selector: (one) => JSON.stringify(one) }),
  });
  return fc.array(rule, { minLength: 1, maxLength: 3 }).map((list) =>
    list.map(
      ({ source: place, transparency: isLogged, signers }, index): PolicyRuleText => ({
        name: `rule ${index}: ${place}`,
        match: { source: place.replace('registry.example', `registry${index}.example`) },
        mode: 'enforce',
        require: { signers, ...(isLogged && { transparency: true }) },
      }),
    ),
  );
}

const log = fc.constant(true);
const sayable: Readonly<Record<Exclude<FormatName, 'notation' | 'pnpm'>, fc.Arbitrary<PolicyRuleText[]>>> = {
  cosign: fc.oneof(
    rulesWith(fc.oneof(person, anyRun, ownRun, byKey), exactSource, log),
    rulesWith(byKey, exactSource, fc.boolean()),
  ),
  'policy-controller': rulesWith(
    fc.oneof(person, anyRun, byKey),
    fc.oneof(exactSource, deepSource, flatSource),
    fc.boolean(),
  ),
  kyverno: fc.oneof(
    rulesWith(fc.oneof(person, anyRun, ownRun, byKey), fc.oneof(exactSource, deepSource), log),
    rulesWith(byKey, exactSource, fc.boolean()),
  ),
};

for (const [name, rules] of Object.entries(sayable)) {
  test(`${name}: what is written is read back as the same policy`, () => {
    fc.assert(
      fc.property(rules, (texts) => {
        const format = formats[name as FormatName];
        const written = format.write(rulesOf(texts), keys);
        assert.deepEqual(written.remarks, []);
        const [main, ...more] = written.files;
        const read = format.parse(main?.text ?? '', new Map(more.map((file) => [file.name, file.text])));
        assert.deepEqual(read.remarks, []);
        const sorted = (list: readonly { require: { signers?: readonly unknown[] | undefined } }[]) =>
          list.map((rule) => ({
            ...rule,
            require: { ...rule.require, signers: rule.require.signers?.map((one) => JSON.stringify(one)).sort() },
          }));
        assert.deepEqual(sorted(rulesOf(read.rules).map(orderClaims)), sorted(rulesOf(texts).map(orderClaims)));
      }),
      { numRuns: 60 },
    );
  });
}

function orderClaims(rule: ReturnType<typeof rulesOf>[number]) {
  const signers = rule.require.signers?.map((signer) => Object.fromEntries(Object.entries(signer).sort()));
  return { ...rule, require: { ...rule.require, signers } };
}

test('pnpm: ages and exceptions are read back as they were written', () => {
  const kept = { 'provenance.lost': 'deny', 'publisher.channel_downgrade': 'deny' } as const;
  const rules = rulesOf([
    { name: 'pnpm, but npm:left-pad', match: { source: 'npm:left-pad' }, mode: 'enforce', findings: kept },
    { name: 'pnpm, but npm:@scope/*', match: { source: 'npm:@scope/*' }, mode: 'enforce', findings: kept },
    { name: 'pnpm', match: { source: 'npm:**' }, mode: 'enforce', findings: kept, require: { age_hours: 72 } },
  ]);
  const { files, remarks } = formats.pnpm.write(rules, new Map());
  assert.deepEqual(remarks, []);
  assert.equal(
    files[0]?.text,
    'trustPolicy: no-downgrade\nminimumReleaseAge: 4320\nminimumReleaseAgeExclude:\n  - left-pad\n  - "@scope/*"\n',
  );
  const read = formats.pnpm.parse(files[0]?.text ?? '', new Map());
  assert.deepEqual([rulesOf(read.rules), read.remarks], [rules, []]);
});

test('a workflow is a pattern that is anchored and escaped, and matches its refs alone', () => {
  const [rule] = rulesOf([
    {
      name: 'one',
      match: { source: 'oci:registry.example/app' },
      mode: 'enforce',
      require: {
        transparency: true,
        signers: [
          { issuer: githubIssuer, subject: workflow, refType: 'tag', repository: 'https://github.com/org/app' },
        ],
      },
    },
  ]);
  const { files } = formats.cosign.write(rule ? [rule] : [], keys);
  const pattern = /--certificate-identity-regexp '([^']+)'/.exec(files[0]?.text ?? '')?.[1] ?? '';
  const subject = new RegExp(pattern);
  for (const [text, isMeant] of [
    [`${workflow}@refs/tags/v1.2.3`, true],
    [`${workflow}@refs/heads/main`, false],
    [`${workflow}`, false],
    [`https://evil.example/?${workflow}@refs/tags/v1`, false],
    [`${workflow.replace('.com', 'xcom')}@refs/tags/v1`, false],
    [`${workflow}@refs/tags/v1@refs/heads/x`, false],
  ] as const) {
    assert.equal(subject.test(text), isMeant, text);
  }
});
