/** docs/protocol/identity-policy.md and its schema say what the parser does. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { claimRuleNames, defaultMinimums, parseIdentityPolicy } from '@signpost/protocol/sigstore/identity-policy';

function readPage(name: string): Promise<string> {
  return readFile(new URL(`../../../../docs/protocol/${name}`, import.meta.url), 'utf8');
}

interface Schema {
  readonly properties: Readonly<Record<string, { readonly default?: number }>>;
  readonly $defs: { readonly identity: { readonly properties: object } };
}

const rules = ['issuer', 'subject', 'workflow', ...claimRuleNames];

test('the page names every rule, and its example is a policy', async () => {
  const page = await readPage('identity-policy.md');
  const named = [...page.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(named, rules);
  const [, example = ''] = /```json\n(.*?)\n```/s.exec(page) ?? [];
  assert.equal(parseIdentityPolicy(JSON.parse(example)).identities.length, 1);
});

test('the schema names every rule and the usual minimums', async () => {
  const schema = JSON.parse(await readPage('identity-policy.schema.json')) as Schema;
  assert.deepEqual(Object.keys(schema.$defs.identity.properties), rules);
  const { log_entries, scts, timestamps } = schema.properties;
  assert.deepEqual(
    { logEntries: log_entries?.default, scts: scts?.default, timestamps: timestamps?.default },
    defaultMinimums,
  );
});

test('provenance.md names every rule of the table of builders', async () => {
  const page = await readPage('provenance.md');
  const table = JSON.parse(await readPage('../../packages/protocol/data/builders.json')) as {
    readonly builders: readonly object[];
  };
  const used = new Set(table.builders.flatMap((builder) => Object.keys(builder)));
  for (const rule of used) assert.ok(page.includes(`\`${rule}\``), rule);
});
