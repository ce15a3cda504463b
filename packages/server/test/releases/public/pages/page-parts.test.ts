/** The parts of the public pages: which language is chosen, how facts are told, and that the look is the console's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { BuildClaims } from '../../../../src/evidence/publishers/claims.ts';
import type { SbomRow } from '../../../../src/evidence/sboms/store.ts';
import { writeDigest, writeDownload, writeVerify } from '../../../../src/releases/public/pages/commands.ts';
import type { ReleaseFacts } from '../../../../src/releases/public/pages/facts.ts';
import { pickText, readPreference } from '../../../../src/releases/public/pages/language.ts';
import { renderFacts } from '../../../../src/releases/public/pages/release-facts.ts';
import { pageStyle } from '../../../../src/releases/public/pages/style.ts';
import { textsOf } from '../../../../src/releases/public/pages/texts.ts';
import { assertHarmless, xssCorpus } from '../../../xss-corpus.ts';

test('every token of the pages has the value that it has in the console', () => {
  const path = '../../../../../console/src/design/tokens.css';
  const tokens = parseTokens(readFileSync(new URL(path, import.meta.url), 'utf8'));
  const used = parseTokens(pageStyle);
  assert.ok(used.size > 30);
  for (const [name, value] of used) assert.equal(value, tokens.get(name), name);
  const asked = [...pageStyle.matchAll(/var\((--[\w-]+)\)/g)].map(([, name = '']) => name);
  assert.deepEqual(
    [...new Set(asked)].filter((name) => !used.has(name)),
    [],
  );
});

/** The values of the first block, where both themes stand beside each other. */
function parseTokens(css: string): ReadonlyMap<string, string> {
  const block = css.slice(css.indexOf(':root {'), css.indexOf('\n}'));
  return new Map([...block.matchAll(/^\s*(--[\w-]+): (.*);$/gm)].map(([, name = '', value = '']) => [name, value]));
}

suite('the language', () => {
  test('is the first that is spoken, by weight; what is refused or malformed does not count', () => {
    const languageOf = (header: string, chosen?: string) => readPreference(header, chosen).language;
    assert.equal(languageOf('fr, de-CH;q=0.9, en;q=0.8'), 'de');
    assert.equal(languageOf('en;q=0.2, de;q=0.3'), 'de');
    assert.equal(languageOf('de;q=0, en;q=0.1'), 'en');
    assert.equal(languageOf('de;q=2, *, ;;;'), 'en');
    assert.equal(languageOf(''), 'en');
    assert.equal(languageOf('de', 'en-GB'), 'en');
    assert.equal(languageOf(`de,${'x'.repeat(1000)}`), 'en');
  });

  test('of a text is the exact one, its language, the project’s own, or any', () => {
    const map = JSON.stringify({ 'de-AT': 'Servus', en: 'hello', fr: 'salut' });
    const pick = (locales: string[], primary = 'en') => pickText(map, { locales }, primary)?.text;
    assert.equal(pick(['de']), 'Servus');
    assert.equal(pick(['DE-at']), 'Servus');
    assert.equal(pick(['fr-CA', 'en']), 'salut');
    assert.equal(pick(['it'], 'fr'), 'salut');
    assert.equal(pick(['it'], 'ja'), 'Servus');
    assert.equal(pickText('{}', { locales: ['en'] }, 'en'), undefined);
  });
});

test('a word of a command is one word whatever stands in it', () => {
  const file = { name: "it's a (1).zip", url: '/rocket/1.0.0/x', sha256: 'ab' };
  const target = { base: 'http://a.example/$(id)', slug: 'rocket', channel: 'beta', file };
  assert.equal(
    writeDownload(target),
    "curl --fail --location --output 'it'\\''s a (1).zip' 'http://a.example/$(id)/rocket/1.0.0/x'",
  );
  assert.match(writeDigest(file).linux, /^echo 'ab {2}it'\\''s a \(1\)\.zip' \|/);
  assert.match(writeDigest(file).windows, /Get-FileHash 'it''s a \(1\)\.zip' /);
  const key = (pubkeyB64: string) => ({ keyId: '', pubkeyB64, crypto: {} as CryptoKey });
  const command = writeVerify(target, { keys: [key('A='), key('B=')], threshold: 2 });
  assert.match(command, /--channel beta .*--root A= .*--root B= .*--threshold 2$/s);
});

/** Facts of which every text is written by somebody else. */
function createFacts(text: string, change: Partial<ReleaseFacts> = {}): ReleaseFacts {
  const scan = { status: 'clean', engine: text, engineVersion: text, signatureDate: 1, scannedAt: 2 } as const;
  const verdict = {
    result: 'denied',
    mode: 'observe',
    policySha256: '',
    overrides: [{ rules: [text], reason: text, expiresAt: 1 }],
  };
  const documents = [{ artifact: text, kind: text, sha256: '', url: '/x' }];
  const evidence = { verdict, documents };
  const key = { key: { keyId: 'a'.repeat(64) }, label: text, custody: 'maintainer', scope: ['*'] };
  const finding = { rule: text, artifact: text, outcome: 'unmet', expected: text, found: text };
  const claims = { workflow: text, repositoryUri: text, ref: text, commit: text, runUri: `https://x.example/${text}` };
  return {
    manifest: { project: 'rocket', signers: ['a'.repeat(64)], scan, evidence } as unknown as VerifiedManifest,
    trust: {
      version: 3,
      expiresAt: 1,
      validKeys: [key],
      projects: [{ project: 'rocket', approvals: 2 }],
    } as unknown as VerifiedTrustList,
    builds: [claims as unknown as BuildClaims],
    verdict: { findings: JSON.stringify([finding]), created_at: 1 } as unknown as NonNullable<ReleaseFacts['verdict']>,
    sboms: [{ standard: text, format_version: text, component_count: 2, origin: 'attached' } as unknown as SbomRow],
    lastScan: 5,
    further: [[text, text]],
    ...change,
  };
}

suite('the facts of a release', () => {
  const render = async (facts: ReleaseFacts, language: 'en' | 'de') =>
    String(await renderFacts(facts, { t: textsOf(language), language, base: 'https://x.example' }));

  test('are text, whoever wrote them: signers, scanner, build, policy, components', async () => {
    for (const text of xssCorpus) {
      for (const language of ['en', 'de'] as const) {
        const html = await render(createFacts(text), language);
        assertHarmless(html);
      }
    }
  });

  test('say in words who approved, what was scanned again, and which build it was', async () => {
    const html = await render(createFacts('plain'), 'en');
    for (const sentence of [
      'Signed by a maintainer, with a key that is not on this server: “plain” (aaaaaaaaaaaaaaaa…).',
      'demand the signatures of 2 maintainers',
      'plain plain found nothing in any file on Jan 1, 1970.',
      'Looked at again since, the last time on Jan 1, 1970',
      'Uploaded by a run of the workflow plain of plain',
      'The policy only observes',
      'plain plain, 2 components',
    ])
      assert.ok(html.includes(sentence), sentence);
    const none = createFacts('plain', { builds: [], sboms: [], lastScan: undefined, further: [] });
    const bare = await render({ ...none, manifest: { ...none.manifest, scan: undefined, evidence: undefined } }, 'en');
    for (const sentence of [
      'No scanner has looked',
      'No build has proved',
      'no release policy',
      'no list of what is in these files',
    ])
      assert.ok(bare.includes(sentence), sentence);
    assert.doesNotMatch(bare, /Looked at again|Evidence/);
  });

  test('link to a run of a build only where it is on the web', async () => {
    const facts = createFacts('plain');
    const [build] = facts.builds;
    assert.ok(build);
    const html = await render({ ...facts, builds: [{ ...build, runUri: 'javascript:alert(1)' }] }, 'en');
    assert.doesNotMatch(html, /javascript/);
  });
});
