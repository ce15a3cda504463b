import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { defaultNamePolicy, namePolicySchema } from '../../../src/pki/profiles/name-policy.ts';
import { profileNamePattern, profileSchema } from '../../../src/pki/profiles/profile.ts';
import document from '../../../src/pki/profiles/profiles.json' with { type: 'json' };
import { isPublicSuffix } from '../../../src/pki/profiles/public-suffix.ts';
import {
  changeNamePolicy,
  createProfile,
  deleteProfile,
  type NewProfile,
  readRules,
} from '../../../src/pki/profiles/rules.ts';
import { createId } from '../../../src/storage/ids.ts';
import { createScene } from '../../releases/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';

const printer: NewProfile = {
  name: 'printer',
  document: profileSchema.parse({
    ...document.server,
    description: 'Printers',
    lifetime: { default: '1095d', maximum: '1825d', beyond_issuer: 'clamp' },
  }),
};

suite('the rules of an organisation', () => {
  forEachEngine((_name, open) => {
    test("begin with the profiles that all have, and names that are nobody's on the Internet", async () => {
      const { dependencies, caller } = await createScene(await open());
      const rules = await readRules(dependencies, caller.organisationId);
      assert.deepEqual([rules.profiles.size, rules.own.size, rules.isDecided], [9, 0, false]);
      assert.deepEqual(rules.namePolicyDocument, defaultNamePolicy);
    });

    test('take profiles of its own, which no other organisation sees, and let them go again', async () => {
      const { dependencies, caller } = await createScene(await open());
      await createProfile(dependencies, caller, printer);
      const rules = await readRules(dependencies, caller.organisationId);
      assert.equal(rules.profiles.get('printer')?.lifetime.default, '1095d');
      assert.equal((await readRules(dependencies, createId(1))).profiles.has('printer'), false);
      await assert.rejects(createProfile(dependencies, caller, printer), { code: 'conflict', rule: 'name-taken' });
      await deleteProfile(dependencies, caller, 'printer');
      assert.equal((await readRules(dependencies, caller.organisationId)).profiles.has('printer'), false);
      await assert.rejects(deleteProfile(dependencies, caller, 'printer'), { code: 'not_found' });
    });

    test('keep the built-in profiles, and roots to their own; intermediates have others beside theirs', async () => {
      const { dependencies, caller } = await createScene(await open());
      await assert.rejects(createProfile(dependencies, caller, { ...printer, name: 'server' }), { rule: 'name-taken' });
      await assert.rejects(deleteProfile(dependencies, caller, 'server'), { code: 'not_found' });
      const root = { name: 'another-root', document: profileSchema.parse(document.root) };
      await assert.rejects(createProfile(dependencies, caller, root), { rule: 'profile-kind' });
      const authority = { name: 'another-ca', document: profileSchema.parse(document.intermediate) };
      await createProfile(dependencies, caller, authority);
      assert.ok((await readRules(dependencies, caller.organisationId)).own.has('another-ca'));
    });

    test('change at once, and back with a transaction that fails', async () => {
      const { dependencies, caller } = await createScene(await open());
      await readRules(dependencies, caller.organisationId);
      await changeNamePolicy(dependencies, caller, { allowed: ['dns:acme.org'], denied: [] });
      const { namePolicyDocument, isDecided } = await readRules(dependencies, caller.organisationId);
      assert.deepEqual([namePolicyDocument.allowed, isDecided], [['dns:acme.org'], true]);
    });
  });
});

suite('a name policy', () => {
  test('never allows the names of strangers', () => {
    for (const text of ['dns:com', 'dns:co.uk', 'email:org', 'uri:.net', 'dns:github.io', 'dns:gov.au', 'email:.com']) {
      assert.equal(namePolicySchema.safeParse({ allowed: [text] }).success, false, text);
    }
    for (const text of [
      'dns:internal',
      'dns:acme.org',
      'dns:acme.co.uk',
      'dns:acme.github.io',
      'ip:8.8.8.8',
      'dns:home.arpa',
    ]) {
      assert.equal(namePolicySchema.safeParse({ allowed: [text] }).success, true, text);
    }
  });

  test('that is no policy is refused', () => {
    for (const value of [{}, { allowed: ['acme.org'] }, { allowed: ['dns:*.acme.org'] }, { allowed: [], other: [] }]) {
      assert.equal(namePolicySchema.safeParse(value).success, false);
    }
  });
});

test('what a profile may be called fits in an address', () => {
  assert.ok(['abc', 'server-2', 'a'.repeat(40)].every((name) => profileNamePattern.test(name)));
  assert.ok(['ab', 'A-b', '-ab', 'ab-', '1ab', 'a b', 'a'.repeat(41)].every((name) => !profileNamePattern.test(name)));
  assert.ok(isPublicSuffix('AT') && !isPublicSuffix('acme.at'));
});
