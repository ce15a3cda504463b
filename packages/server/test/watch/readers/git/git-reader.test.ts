/** Tags of real repositories, read by the watch. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { parseSshPublicKey } from '@signpost/protocol/ssh/public-key';
import { type PublisherKey, parseKeyFile } from '../../../../src/watch/publisher-keys/key-file.ts';
import { nameContent } from '../../../../src/watch/readers/facts/content-name.ts';
import { createGitReader } from '../../../../src/watch/readers/git/git-reader.ts';
import type { ListedArtifact } from '../../../../src/watch/readers/reader.ts';
import { createAsk } from '../../../../src/watch/readers/send-question.ts';
import { context, signedAt } from '../signing.ts';
import { findMissingSigners, openSigningPrograms } from '../signing-programs.ts';
import { type Forge, openForge } from './forge.ts';
import { signByGitsign } from './gitsign.ts';

const forge = await openForge();
after(() => forge.stop());
const never = new AbortController().signal;
const key = forge.createKey('key');
/** When somebody looks; absent: now. */
let at: number | undefined;
/** The keys that people named. */
let named: readonly PublisherKey[] = [];

function createReader({ host }: Forge, trustedRoots = context.trustedRoots) {
  return createGitReader({
    ask: createAsk({ privateHosts: new Set([host]), now: Date.now }),
    plainHosts: new Set(),
    findPublisherKeys: async () => named,
    ...{ readTrustedRoots: async () => trustedRoots, builders: context.builders },
    now: () => at ?? Date.now(),
  });
}

const sourceOf = ({ host }: Forge, path = 'acme/rocket') => ({ organisationId: 'o', key: `git:${host}/${path}` });
const tagged = (tag: string): ListedArtifact => ({ names: { tag }, line: '1', isDefault: false });

function keyIdOf(path: string): string {
  const [, blob = ''] = readFileSync(`${path}.pub`, 'utf8').split(' ');
  const { spki } = parseSshPublicKey(new Uint8Array(Buffer.from(blob, 'base64')));
  return createHash('sha256').update(spki).digest('hex');
}

async function signaturesOf(tag: string, at = forge) {
  at.push();
  const observed = await createReader(at).observe(sourceOf(at), tagged(tag), never);
  assert.ok('facts' in observed, JSON.stringify(observed));
  const { signatures, content } = observed.facts;
  assert.ok(signatures !== 'unknown');
  assert.equal(content, nameContent({ algorithm: 'sha1', hex: at.git('rev-parse', `refs/tags/${tag}`) }));
  return signatures.map(({ kind, outcome, key: by, reason }) => [kind, outcome, by ?? reason]);
}

test('a repository lists its tags, the highest first, and nothing when nothing changed', async () => {
  for (const tag of ['v1.9.0', 'v1.10.0', 'nightly']) forge.git('tag', tag);
  forge.git('tag', '-a', '-m', 'second', 'v2.0.0');
  forge.push();
  const reader = createReader(forge);
  const listing = await reader.list(sourceOf(forge), never);
  assert.ok(listing.kind === 'listed');
  assert.deepEqual(
    listing.artifacts.map(({ names, line }) => [names.tag, line]),
    [
      ['v2.0.0', '2'],
      ['v1.10.0', '1'],
      ['v1.9.0', '1'],
      ['nightly', 'nightly'],
    ],
  );
  assert.deepEqual(
    listing.artifacts.map(({ content }) => content),
    listing.artifacts.map(({ names }) =>
      nameContent({ algorithm: 'sha1', hex: forge.git('rev-parse', `refs/tags/${names.tag}`) }),
    ),
  );
  const source = { ...sourceOf(forge), validators: listing.validators };
  assert.deepEqual(await reader.list(source, never), { kind: 'unchanged' });
  forge.git('tag', 'v2.0.1');
  forge.push();
  assert.equal((await reader.list(source, never)).kind, 'listed');
});

test('whoever signed a tag by SSH is told, by the key', async () => {
  forge.git('-c', `user.signingkey=${key}`, 'tag', '-s', '-m', 'signed', 'signed');
  assert.deepEqual(await signaturesOf('signed'), [['ssh', 'verified', keyIdOf(key)]]);
});

test('a tag without an object of its own is signed by nobody, whoever signed its commit', async () => {
  forge.git('-c', `user.signingkey=${key}`, 'commit', '-q', '-S', '--allow-empty', '-m', 'of whoever signs');
  forge.git('tag', 'light');
  forge.git('tag', '-a', '-m', 'plain', 'plain');
  for (const tag of ['light', 'plain']) assert.deepEqual(await signaturesOf(tag), []);
});

test('a tag that was signed as one release is not another, and names that move lead to any', async () => {
  forge.git('-c', `user.signingkey=${key}`, 'tag', '-s', '-m', 'signed', 'v7.0.0');
  for (const name of ['v7', 'v7.0.1'])
    forge.git('update-ref', `refs/tags/${name}`, forge.git('rev-parse', 'refs/tags/v7.0.0'));
  assert.deepEqual(await signaturesOf('v7.0.0'), [['ssh', 'verified', keyIdOf(key)]]);
  assert.deepEqual(await signaturesOf('v7'), [['ssh', 'verified', keyIdOf(key)]]);
  assert.deepEqual(await signaturesOf('v7.0.1'), [['ssh', 'invalid', 'subject_mismatch']]);
});

test('a tag of a tag leads to the commit', async () => {
  forge.git('-c', `user.signingkey=${key}`, 'tag', '-s', '-m', 'outer', 'outer', 'signed');
  assert.deepEqual(await signaturesOf('outer'), [['ssh', 'verified', keyIdOf(key)]]);
});

test('a tag that was signed by OpenPGP is verified by the key that somebody named', {
  skip: findMissingSigners(),
}, async (t) => {
  const programs = openSigningPrograms();
  t.after(() => {
    named = [];
    programs.stop();
  });
  const ada = await parseKeyFile(programs.makePgpKey('ada'));
  const by = [
    '-c',
    'gpg.format=openpgp',
    '-c',
    `gpg.program=${programs.gpg}`,
    '-c',
    'user.signingkey=ada@mail.example',
  ];
  forge.git(...by, 'tag', '-s', '-m', 'by OpenPGP', 'v8.0.0');
  assert.deepEqual(await signaturesOf('v8.0.0'), [['gpg', 'unverifiable', 'key_unknown']]);
  named = [await parseKeyFile(programs.makePgpKey('bob'))];
  assert.deepEqual(await signaturesOf('v8.0.0'), [['gpg', 'unverifiable', 'key_unknown']]);
  named = [...named, ada];
  assert.deepEqual(await signaturesOf('v8.0.0'), [['gpg', 'verified', ada.key]]);
  const changed = forge.git('cat-file', 'tag', 'v8.0.0').replace('tag v8.0.0', 'tag v8.0.1');
  const oid = forge.git('hash-object', '-t', 'tag', '-w', '--literally', forge.write('changed.txt', `${changed}\n`));
  forge.git('update-ref', 'refs/tags/v8.0.1', oid);
  assert.deepEqual(await signaturesOf('v8.0.1'), [['gpg', 'invalid', 'bad_signature']]);
});

test('a tag that was signed by gitsign tells whose identity signed it, when the log entry stands in it', async (t) => {
  at = signedAt;
  t.after(() => {
    at = undefined;
  });
  const store = async (name: string, options: Parameters<typeof signByGitsign>[1] = {}) => {
    const target = forge.git('rev-parse', 'HEAD');
    const lines = [
      `object ${target}`,
      'type commit',
      `tag ${options.name ?? name}`,
      'tagger Ada <ada@mail.example> 1700000000 +0000',
    ];
    const text = `${lines.join('\n')}\n\nby gitsign\n`;
    const armor = await signByGitsign(new Uint8Array(Buffer.from(options.signed?.(text) ?? text)), options);
    const oid = forge.git('hash-object', '-t', 'tag', '-w', forge.write('gitsign.txt', `${text}${armor}`));
    forge.git('update-ref', `refs/tags/${name}`, oid);
    forge.push();
    const observed = await createReader(forge).observe(sourceOf(forge), tagged(name), never);
    const { signatures } = 'facts' in observed ? observed.facts : assert.fail(JSON.stringify(observed));
    return signatures === 'unknown' ? assert.fail() : signatures[0];
  };
  const verified = await store('v9.0.0');
  assert.deepEqual(
    [verified?.kind, verified?.format, verified?.outcome, verified?.transparency],
    ['keyless', 'inline', 'verified', 'included'],
  );
  assert.equal(verified?.identity?.repository, 'https://github.com/acme/app');
  assert.equal((await store('v9.0.1', { body: 'kept' }))?.outcome, 'verified');
  for (const [name, options, outcome, reason] of [
    ['v9.1.0', { withoutEntry: true }, 'unverifiable', 'signed_time_missing'],
    ['v9.1.1', { signed: (text: string) => text.replace('v9.1.1', 'v9.1.2') }, 'invalid', 'digest_mismatch'],
    ['v9.1.3', { changeSignature: true }, 'invalid', 'bad_signature'],
    ['v9.1.4', { ofAnother: true }, 'invalid', 'log_entry_mismatch'],
    ['v9.1.5', { name: 'v9.1.6' }, 'invalid', 'subject_mismatch'],
    ['v9.1.7', { inline: true }, 'unverifiable', 'format_unsupported'],
    ['v9.1.8', { withoutKind: true }, 'unverifiable', 'format_unsupported'],
  ] as const) {
    const fact = await store(name, options);
    assert.deepEqual([fact?.outcome, fact?.reason], [outcome, reason], name);
  }
  const another = await createReader(forge, []).observe(sourceOf(forge), tagged('v9.0.0'), never);
  const { signatures } = 'facts' in another ? another.facts : assert.fail();
  assert.deepEqual(signatures !== 'unknown' && [signatures[0]?.kind, signatures[0]?.reason], [
    'x509',
    'certificate_untrusted',
  ]);
});

test('a signature that was taken to another tag is broken, and one by PGP cannot be judged', async () => {
  const signed = forge.git('cat-file', 'tag', 'signed');
  const store = (name: string, text: string) => {
    const oid = forge.git('hash-object', '-t', 'tag', '-w', '--literally', forge.write(`${name}.txt`, `${text}\n`));
    forge.git('update-ref', `refs/tags/${name}`, oid);
  };
  store('taken', signed.replace('tag signed', 'tag taken'));
  assert.deepEqual(await signaturesOf('taken'), [['ssh', 'invalid', 'bad_signature']]);
  store('cut', signed.replace(/(SIGNATURE-----\n.{20}).*(\n)/, '$1$2').replace('tag signed', 'tag cut'));
  assert.deepEqual(
    (await signaturesOf('cut')).map(([, outcome]) => outcome),
    ['invalid'],
  );
  store('pgp', signed.replaceAll('SSH SIGNATURE', 'PGP SIGNATURE').replace('tag signed', 'tag pgp'));
  assert.deepEqual(await signaturesOf('pgp'), [['gpg', 'unverifiable', 'malformed']]);
  store('cms', signed.replaceAll('SSH SIGNATURE', 'SIGNED MESSAGE').replace('tag signed', 'tag cms'));
  assert.deepEqual(await signaturesOf('cms'), [['x509', 'unverifiable', 'malformed']]);
});

test('when a tag was made is told, and never later than now', async () => {
  const at = async (tag: string) => {
    forge.push();
    const observed = await createReader(forge).observe(sourceOf(forge), tagged(tag), never);
    return 'facts' in observed ? observed.facts.publishedAt : undefined;
  };
  const tagAt = (name: string, seconds: number) => {
    forge.git('-c', `user.signingkey=${key}`, 'tag', '-a', '-m', name, name);
    const text = forge.git('cat-file', 'tag', name).replace(/> \d+ /, `> ${seconds} `);
    const oid = forge.git('hash-object', '-t', 'tag', '-w', forge.write('dated.txt', `${text}\n`));
    forge.git('update-ref', `refs/tags/${name}`, oid);
  };
  tagAt('past', 1_700_000_000);
  tagAt('future', 99_999_999_999);
  assert.equal(await at('past'), 1_700_000_000_000);
  assert.ok(((await at('future')) ?? 0) <= Date.now());
});

test('repositories that name objects by SHA-256, and servers that send all files, are read, too', async (t) => {
  for (const options of [{ format: 'sha256' }, { canFilter: false }]) {
    const other = await openForge(options);
    t.after(() => other.stop());
    other.git('-c', `user.signingkey=${key}`, 'tag', '-s', '-m', 'signed', 'v1.0.0');
    other.push();
    const observed = await createReader(other).observe(sourceOf(other), tagged('v1.0.0'), never);
    assert.ok('facts' in observed, JSON.stringify(observed));
    const { signatures } = observed.facts;
    assert.deepEqual(signatures !== 'unknown' && signatures.map(({ outcome }) => outcome), ['verified']);
  }
});

test('after a listing one request leads to each tag', async () => {
  const reader = createReader(forge);
  await reader.list(sourceOf(forge), never);
  forge.asked.length = 0;
  for (const tag of ['signed', 'plain']) await reader.observe(sourceOf(forge), tagged(tag), never);
  assert.deepEqual(forge.asked, ['/acme/rocket.git/git-upload-pack', '/acme/rocket.git/git-upload-pack']);
});

test('what is no repository is empty, what does not answer is unknown, and a tag that is gone is absent', async () => {
  const reader = createReader(forge);
  assert.deepEqual(await reader.list(sourceOf(forge, 'acme/nothing'), never), { kind: 'listed', artifacts: [] });
  assert.deepEqual(await reader.observe(sourceOf(forge), tagged('v9.9.9'), never), { kind: 'absent' });
  for (const [path, status, body] of [
    ['/acme/busy.git/info/refs?service=git-upload-pack', 503, ''],
    ['/acme/page.git/info/refs?service=git-upload-pack', 200, '<html>'],
    ['/acme/old.git/info/refs?service=git-upload-pack', 200, '000eversion 1\n0000'],
    ['/acme/sha3.git/info/refs?service=git-upload-pack', 200, '000eversion 2\n0017object-format=sha3\n0000'],
  ] as const) {
    forge.answers.set(path, { status, body });
    const name = /^\/(acme\/[a-z0-9]+)/.exec(path)?.[1];
    assert.equal((await reader.list(sourceOf(forge, name), never)).kind, 'unknown', path);
  }
  const upload = '/acme/rocket.git/git-upload-pack';
  for (const body of ['', 'PACK', '0000', '000dpackfile\n0000', '000dpackfile\n0006\u00030000']) {
    await reader.list(sourceOf(forge), never);
    forge.answers.set(upload, { status: 200, body });
    const observed = await reader.observe(sourceOf(forge), tagged('signed'), never);
    forge.answers.delete(upload);
    assert.equal('kind' in observed && observed.kind, 'unknown', JSON.stringify(body));
  }
});
