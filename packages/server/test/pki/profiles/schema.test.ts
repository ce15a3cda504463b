/** The JSON schema of certificate profiles, by the server's own rules and by a reader of JSON Schema that is not ours. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parseProfiles } from '../../../src/pki/profiles/profile.ts';
import document from '../../../src/pki/profiles/profiles.json' with { type: 'json' };
import { writeProfileSchema } from './schema.ts';

const file = new URL('../../../../../docs/certificate-profiles.schema.json', import.meta.url);
const program = `
import json, jsonschema, sys
schema, instances = json.load(sys.stdin)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
print(json.dumps([validator.is_valid(one) for one in instances]))
`;

/** Which of the documents the schema admits. */
function judge(schema: unknown, instances: readonly unknown[]): unknown {
  const { stdout, stderr } = spawnSync('python3', ['-c', program], { input: JSON.stringify([schema, instances]) });
  assert.equal(stderr.toString(), '');
  return JSON.parse(stdout.toString());
}

function isMissing(): string | false {
  return spawnSync('python3', ['-c', 'import jsonschema']).status === 0 ? false : 'needs python3-jsonschema';
}

test('the schema in the documentation is that of the server (npm run build:profile-schema)', async () => {
  assert.equal(await readFile(file, 'utf8'), writeProfileSchema());
});

test('the schema admits the profiles of the server, and refuses what the server refuses', { skip: isMissing() }, () => {
  const { server, root } = document;
  const wrong: readonly Readonly<Record<string, unknown>>[] = [
    { A: server },
    { server: { ...server, colour: 'red' } },
    { server: { ...server, keys: [] } },
    { server: { ...server, keys: ['dsa-1024'] } },
    { server: { ...server, lifetime: { ...server.lifetime, default: '90 days' } } },
    { server: { ...server, names: { ...server.names, kinds: ['x400'] } } },
    { server: { ...server, subject: { CN: 'whatever' } } },
    { server: { ...server, policies: [{ policy: 'not.dotted' }] } },
    { server: { ...server, hash: { 'rsa-2048': 'SHA-1' } } },
    { server: { ...server, hash: { 'ecdsa-p521': 'SHA-384' } } },
    { server: { ...server, hash: { ed25519: 'SHA-512' } } },
    { root: { ...root, kind: 'branch' } },
    { server: { ...server, key_usage: { rsa: ['keyEncipherment'] } } },
  ];
  const hashed = { ...server, hash: { 'ecdsa-p384': 'SHA-512', 'rsa-4096': 'SHA-256' } };
  for (const one of wrong) assert.throws(() => parseProfiles(one), TypeError);
  const judged = judge(JSON.parse(writeProfileSchema()), [document, {}, { hashed }, ...wrong]);
  assert.deepEqual(judged, [true, true, true, ...wrong.map(() => false)]);
});
