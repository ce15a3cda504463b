/** Files of other tools, in the shape that those document: what they come to, and every clause that is not carried over exactly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FormatName } from '../../../src/watch/formats/formats.ts';
import {
  attestors,
  clusterImagePolicy,
  clusterPolicy,
  effectsOf,
  githubIssuer,
  indent,
  key,
  keyless,
  keyPem,
  read,
  workflow,
} from './scene.ts';

test('an identity to the letter, a key, and images by pattern are carried over', () => {
  const mail = read('policy-controller', clusterImagePolicy(keyless('subject: releases@example.org')));
  assert.deepEqual(mail, {
    rules: [
      {
        ...{ name: 'image-policy', match: { source: 'oci:ghcr.io/org/**' }, mode: 'enforce' },
        require: { signers: [{ issuer: githubIssuer, subject: 'releases@example.org' }], transparency: true },
      },
    ],
    remarks: [],
  });
  const byKey = read('policy-controller', clusterImagePolicy(`key:\n  data: |\n${indent(keyPem, 4)}`));
  assert.deepEqual([byKey.rules[0]?.require, byKey.remarks], [{ signers: [{ key: key.sha256 }] }, []]);
});

test('a pattern of subjects counts where something here says the same, and is named where nothing does', () => {
  const own = 'https://github.com/org/app';
  const stem = 'https://github\\.com/org/app/\\.github/workflows/release\\.yml';
  const at = 'image-policy: spec.authorities[0].keyless.identities[0]';
  for (const [pattern, claims, remarks] of [
    [`^${stem}(@refs/[^@]*)?$`, {}, []],
    [`^${stem}@refs/tags/[^@]*$`, { refType: 'tag', repository: own }, ['stricter']],
    [`^${stem}@refs/tags/.*$`, { refType: 'tag', repository: own }, ['stricter', 'stricter']],
    [`^${stem}@refs/tags/`, { refType: 'tag', repository: own }, ['stricter', 'stricter']],
    [`^${stem}@refs/tags/v.*`, { refType: 'tag', repository: own }, ['stricter', 'looser', 'stricter']],
    [`^${stem}@refs/heads/main$`, { refType: 'branch', repository: own }, ['looser', 'stricter']],
    [`^${stem}@.*$`, {}, ['stricter']],
    [`${stem}(@refs/[^@]*)?$`, {}, ['stricter']],
    [`^${workflow}(@refs/[^@]*)?$`, {}, ['stricter']],
    [`^${stem}$`, {}, ['looser']],
    [`^${stem}`, {}, ['stricter', 'stricter']],
  ] as const) {
    const { rules, remarks: said } = read(
      'policy-controller',
      clusterImagePolicy(keyless(`subjectRegExp: '${pattern}'`)),
    );
    assert.deepEqual(rules[0]?.require?.signers, [{ issuer: githubIssuer, subject: workflow, ...claims }], pattern);
    assert.deepEqual(
      said.map(({ effect, clause }) => [effect, clause]),
      remarks.map((effect) => [effect, `${at} subject`]),
      pattern,
    );
  }
  for (const pattern of [
    '.*',
    '^https://github\\.com/org/.*',
    '.*@example\\.org$',
    '^(a|b)$',
    '^a|b$',
    `^${stem}@refs/tags/v[0-9]+$`,
    '(?i)^a$',
    '^\\w+$',
    '^ab*$',
    '^a\\.*$',
  ]) {
    const { rules, remarks } = read('policy-controller', clusterImagePolicy(keyless(`subjectRegExp: '${pattern}'`)));
    assert.deepEqual(rules[0]?.require?.signers, undefined, pattern);
    assert.deepEqual(
      remarks.map(({ effect, clause }) => `${effect} ${clause}`),
      [`stricter ${at}`, 'looser image-policy'],
      pattern,
    );
  }
});

test('policy-controller: what a policy says beyond signers is named', () => {
  const usual = keyless('subject: a@example.org');
  const at = 'image-policy: spec';
  for (const [authority, spec, expected] of [
    [usual, 'mode: warn', [`looser ${at}.mode`]],
    [usual, 'policy:\n  type: cue\n  data: "true"', [`looser ${at}.policy`]],
    [usual, 'match:\n- version: v1\n  resource: pods', [`stricter ${at}.match`]],
    [`${usual}\nrfc3161timestamp:\n  trustRootRef: mine`, '', [`looser ${at}.authorities[0]`]],
    [`${usual}\nsource:\n- oci: ghcr.io/org/signatures`, '', [`stricter ${at}.authorities[0].source`]],
    [
      usual.replace('url: https://f', 'insecureIgnoreSCT: true\n  url: https://f'),
      '',
      [`stricter ${at}.authorities[0].keyless.insecureIgnoreSCT`],
    ],
    [
      `${usual}\nattestations:\n- name: build\n  predicateType: https://slsa.dev/provenance/v1\n  policy:\n    type: rego\n    data: x\n- name: other\n  predicateType: https://example.org/tests`,
      '',
      ['attestations[0]', 'attestations[0] policy', 'attestations[1]'].map(
        (clause) => `looser ${at}.authorities[0].${clause}`,
      ),
    ],
    ['static:\n  action: pass', '', [`looser ${at}.authorities[0].static`, 'looser image-policy']],
    ['static:\n  action: fail', '', [`looser ${at}.authorities[0].static`, 'looser image-policy']],
    ['key:\n  kms: gcpkms://x', '', [`stricter ${at}.authorities[0].key`, 'looser image-policy']],
  ] as const) {
    const answer = read('policy-controller', clusterImagePolicy(authority, spec));
    assert.deepEqual(effectsOf(answer), expected, authority + spec);
  }
  const provenance = read(
    'policy-controller',
    clusterImagePolicy(`${usual}\nattestations:\n- {name: b, predicateType: slsaprovenance}`),
  );
  assert.equal(provenance.rules[0]?.require?.slsa_level, 1);
  const open = read('policy-controller', clusterImagePolicy('static:\n  action: pass'));
  assert.deepEqual([open.rules[0]?.mode, open.rules[0]?.require], ['observe', {}]);
  const two = `${clusterImagePolicy(usual)}---\n${clusterImagePolicy(usual).replace('image-policy', 'second')}`;
  assert.deepEqual(effectsOf(read('policy-controller', two)), ['looser second']);
});

test('images are the same ones in every dialect', () => {
  const source = (format: FormatName, pattern: string) => {
    const text =
      format === 'kyverno'
        ? clusterPolicy(`imageReferences: ["${pattern}"]\n${attestors}`)
        : clusterImagePolicy(keyless('subject: a@b')).replace('ghcr.io/org/**', pattern);
    const { rules, remarks } = read(format, text);
    return [rules[0]?.match?.source ?? '', remarks.map(({ effect }) => effect).join()];
  };
  for (const [format, pattern, expected, effects] of [
    ['policy-controller', '**', 'oci:**', ''],
    ['policy-controller', '*', 'oci:docker.io/library/*', ''],
    ['policy-controller', '*/*', 'oci:docker.io/*/*', ''],
    ['policy-controller', 'index.docker.io/library/nginx*', 'oci:docker.io/library/nginx*', ''],
    ['policy-controller', 'ghcr.io/org/app**', 'oci:ghcr.io/org/app*/**', ''],
    ['policy-controller', 'ghcr.io/org/app:**', 'oci:ghcr.io/org/app', 'stricter'],
    ['policy-controller', 'ghcr.io/org/app:v1*', 'oci:ghcr.io/org/app', 'stricter'],
    ['policy-controller', 'ghcr.io/org/app', 'oci:ghcr.io/org/app', 'stricter'],
    ['policy-controller', 'ghcr.io/**x/y:1', '', 'looser'],
    ['kyverno', '*', 'oci:**', ''],
    ['kyverno', 'ghcr.io/org/*', 'oci:ghcr.io/org/**', ''],
    ['kyverno', 'ghcr.io/org/app*', 'oci:ghcr.io/org/app*/**', ''],
    ['kyverno', 'nginx:*', 'oci:docker.io/library/nginx', 'stricter'],
    ['kyverno', 'ghcr.io/org/a??:*', 'oci:ghcr.io/org/a*/**', 'stricter,stricter'],
    ['kyverno', 'ghcr.io/*/app:*', 'oci:ghcr.io/*/app', 'stricter,looser'],
  ] as const) {
    assert.deepEqual(source(format, pattern), [expected, effects], `${format} ${pattern}`);
  }
});

test('kyverno: attestors are carried over, and what else a check says is named', () => {
  const images = 'imageReferences: ["ghcr.io/org/*"]\n';
  const at = 'check-image: spec.rules[0].verifyImages[0]';
  const usual = read('kyverno', clusterPolicy(images + attestors));
  assert.deepEqual(usual, {
    rules: [
      {
        ...{ name: 'check-image', match: { source: 'oci:ghcr.io/org/**' }, mode: 'enforce' },
        require: { signers: [{ issuer: githubIssuer, subject: 'a@example.org' }], transparency: true },
      },
    ],
    remarks: [],
  });
  const keys = `attestors:\n- count: 1\n  entries:\n  - keys:\n      publicKeys: |-\n${indent(keyPem, 8)}\n      rekor:\n        ignoreTlog: true`;
  assert.deepEqual(read('kyverno', clusterPolicy(images + keys)).rules[0]?.require, { signers: [{ key: key.sha256 }] });
  for (const [check, expected] of [
    [`${attestors}\n- entries:\n  - keyless: {issuer: i, subject: b@example.org}`, [`looser ${at}.attestors`]],
    [
      attestors.replace('rekor:', 'additionalExtensions: {githubWorkflowTrigger: push}\n      rekor:'),
      [`looser ${at}.attestors[0].entries[0].keyless.additionalExtensions.githubWorkflowTrigger`],
    ],
    [
      attestors.replace('rekor:\n        url: https://rekor.sigstore.dev', 'roots: x'),
      [`looser ${at}.attestors[0].entries[0]`],
    ],
    [
      attestors.replace('rekor:', 'ctlog: {ignoreSCT: true}\n      rekor:'),
      [`stricter ${at}.attestors[0].entries[0].ctlog`],
    ],
    [
      'attestors:\n- entries:\n  - keys: {kms: "awskms://x"}',
      [`stricter ${at}.attestors[0].entries[0]`, 'looser check-image'],
    ],
    [
      'attestors:\n- entries:\n  - certificates: {cert: x}',
      [`stricter ${at}.attestors[0].entries[0]`, 'looser check-image'],
    ],
    [`${attestors}\nfailureAction: Audit`, [`looser ${at}.failureAction`]],
    [`${attestors}\ntype: Notary`, [`stricter ${at}.type`]],
    [`${attestors}\nskipImageReferences: [x]`, [`stricter ${at}.skipImageReferences`]],
    [`${attestors}\nrequired: false`, [`stricter ${at}.required`]],
    [`${attestors}\nmutateDigest: true`, [`looser ${at}.mutateDigest`]],
    [`${attestors}\nrepository: r`, [`stricter ${at}.repository`]],
    [`${attestors}\nvalidate: {}`, [`looser ${at}.validate`]],
    [
      `${attestors}\nattestations:\n- type: https://spdx.dev/Document\n  conditions: []`,
      [`looser ${at}.attestations[0]`, `looser ${at}.attestations[0] policy`],
    ],
  ] as const) {
    assert.deepEqual(effectsOf(read('kyverno', clusterPolicy(images + check))), expected, check);
  }
  const digests = read('kyverno', clusterPolicy(`${images}${attestors}\nverifyDigest: true`));
  assert.deepEqual([digests.rules[0]?.require?.digest, digests.remarks], ['deny', []]);
  const audits = clusterPolicy(images + attestors).replace('  validationFailureAction: Enforce\n', '');
  assert.deepEqual(
    [effectsOf(read('kyverno', audits)), read('kyverno', audits).rules[0]?.mode],
    [[`looser ${at}.failureAction`], 'warn'],
  );
  const narrow = clusterPolicy(images + attestors, 'validationFailureActionOverrides: [{}]').replace(
    '    match:',
    '    exclude: {}\n    match:',
  );
  assert.deepEqual(effectsOf(read('kyverno', narrow)), [
    `stricter ${at}`,
    'stricter check-image: spec.validationFailureActionOverrides',
  ]);
});
