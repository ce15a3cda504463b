/** docs/protocol/policy.md and its schema say what the parser does. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parsePolicy } from '@signpost/protocol/policy/policy';
import { policyRules } from '../../src/policy/verdict.ts';
import { identity } from './facts.ts';

function readPage(name: string): Promise<string> {
  return readFile(new URL(`../../../../docs/protocol/${name}`, import.meta.url), 'utf8');
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

test('the page has a row for each rule', async () => {
  const rows = [...(await readPage('policy.md')).matchAll(/^\| (`[a-z`, -]+`) \|/gm)];
  const named = rows.flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name));
  assert.deepEqual(named, policyRules);
});

test('the schema has the members of the parser, which refuses others by naming those it knows', async () => {
  const { properties } = JSON.parse(await readPage('policy.schema.json')) as Schema;
  const withStranger = (section: object) => ({ ...section, stranger: 1 });
  const sections: Readonly<Record<string, unknown>> = {
    signature: withStranger({ identities: [identity] }),
    provenance: withStranger({ identities: [identity] }),
    sbom: withStranger({}),
    scan: withStranger({}),
  };
  for (const [name, section] of Object.entries(sections)) {
    const known = Object.keys(properties?.[name]?.properties ?? {}).toSorted();
    assert.deepEqual(membersOf({ policy: 1, [name]: section }), known, name);
  }
  assert.deepEqual(membersOf(withStranger({ policy: 1 })), Object.keys(properties ?? {}).toSorted());
});

/** The members that the refusal of one too many names. */
function membersOf(policy: object): readonly string[] {
  try {
    parsePolicy(policy);
  } catch (error) {
    const [, names = ''] = /no members but (.*), got stranger/.exec(String(error)) ?? [];
    return names.split(', ').toSorted();
  }
  return [];
}
