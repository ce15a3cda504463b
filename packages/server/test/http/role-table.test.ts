import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { parseSignable } from '@signpost/protocol/json/parse';
import {
  isAllowed,
  parseRoleTable,
  publicRoutes,
  RoleTableError,
  validateRoleTable,
} from '../../src/http/role-table.ts';
import roles from '../../src/roles.json' with { type: 'json' };

const routes = [
  { method: 'GET', path: '/api/people' },
  { method: 'POST', path: '/api/people' },
];
const sound = { 'GET /api/people': ['admin', 'key:read'], 'POST /api/people': ['admin'] };

test('a table that names each route once, and only known roles, has no problem', () => {
  assert.deepEqual(validateRoleTable(sound, routes), []);
});

suite('a table is refused, by name, for', () => {
  const cases: readonly { why: string; table: Record<string, readonly string[]>; found: string }[] = [
    {
      why: 'a route without an entry',
      table: { 'GET /api/people': ['admin'] },
      found: 'POST /api/people: no entry in the role table',
    },
    {
      why: 'an entry without a route',
      table: { ...sound, 'GET /api/gone': ['admin'] },
      found: 'GET /api/gone: no such route',
    },
    {
      why: 'an unknown role',
      table: { ...sound, 'GET /api/people': ['root'] },
      found: 'GET /api/people: unknown role "root"',
    },
    {
      why: 'an unknown verb',
      table: { ...sound, 'GET /api/people': ['key:destroy'] },
      found: 'GET /api/people: unknown role "key:destroy"',
    },
    {
      why: 'a state change made public',
      table: { ...sound, 'POST /api/people': ['public'] },
      found: 'POST /api/people: may not be public',
    },
    {
      why: 'public beside other roles',
      table: { ...sound, 'GET /api/people': ['public', 'admin'] },
      found: 'GET /api/people: public and other roles exclude each other',
    },
    {
      why: 'an entry that lets nobody in',
      table: { ...sound, 'GET /api/people': ['server-wide'] },
      found: 'GET /api/people: nobody may call it',
    },
    {
      why: 'a role that stands twice',
      table: { ...sound, 'GET /api/people': ['admin', 'admin'] },
      found: 'GET /api/people: a role stands twice',
    },
  ];
  for (const { why, table, found } of cases) {
    test(why, () =>
      assert.ok(validateRoleTable(table, routes).includes(found), validateRoleTable(table, routes).join('\n')),
    );
  }

  test('a route for every method', () => {
    const found = validateRoleTable(sound, [...routes, { method: 'ALL', path: '/api/any' }]);
    assert.deepEqual(found, ['ALL /api/any: a route for every method cannot be checked']);
  });

  test('several problems, all named at once', () => {
    const table = { 'GET /api/people': ['root'], 'GET /api/gone': ['admin'] };
    assert.throws(
      () => parseRoleTable(table, routes),
      (error) => error instanceof RoleTableError && error.problems.length === 3,
    );
  });
});

test('a route that is not in the table is nobody’s, and roles are compared exactly', () => {
  const rule = parseRoleTable(sound, routes).get('GET /api/people');
  assert.ok(rule);
  const person = { kind: 'person', personId: 'p', sessionId: 's' } as const;
  const key = { kind: 'api-key', apiKeyId: 'k', scope: '*' } as const;
  assert.equal(isAllowed(rule, { kind: 'anonymous' }), false);
  assert.equal(isAllowed(rule, { ...person, role: 'admin' }), true);
  assert.equal(isAllowed(rule, { ...person, role: 'manager' }), false);
  assert.equal(isAllowed(rule, { ...key, verbs: ['upload', 'read'] }), true);
  assert.equal(isAllowed(rule, { ...key, verbs: ['admin'] }), false);
});

test('only eleven routes that take more than a question may be public, besides ACME, whose requests are signed', () => {
  assert.deepEqual(
    publicRoutes.filter((name) => !name.startsWith('GET ') && !name.startsWith('POST /acme/{directory}/')),
    [
      'POST /api/oidc/exchange',
      'POST /api/notifications/confirmation',
      'POST /api/session',
      'POST /api/session/second-factor',
      'POST /api/session/passkey',
      'POST /api/session/passkey/options',
      'POST /api/first-admin',
      'POST /api/vault/unlock',
      'POST /api/vault/reset',
      'POST /pki/{authority}/tsa',
      'POST /pki/{authority}/ocsp',
    ],
  );
});

test('roles.json names no route twice and is sorted by path', () => {
  const path = new URL('../../src/roles.json', import.meta.url);
  // The protocol's parser refuses duplicate keys, which JSON.parse would hide.
  const table = parseSignable(readFileSync(path), 65_536) as Record<string, unknown>;
  const paths = Object.keys(table).map((name) => name.split(' ')[1] ?? '');
  assert.deepEqual(paths, paths.toSorted());
});

test('a client certificate may do on every route what a key of the same verb may, and no more', () => {
  const names = Object.keys(roles).map((name) => name.split(' ') as [string, string]);
  const table = parseRoleTable(
    roles,
    names.map(([method, path]) => ({ method, path })),
  );
  for (const rule of table.values()) {
    for (const verb of ['read', 'upload', 'activate', 'manage', 'admin', 'metrics'] as const) {
      const shared = { verbs: [verb], scope: '*' };
      const byKey = isAllowed(rule, { kind: 'api-key', apiKeyId: 'k', ...shared });
      const byCertificate = isAllowed(rule, {
        kind: 'client-certificate',
        certificateId: 'c',
        accessId: 'a',
        ...shared,
      });
      assert.equal(byCertificate, byKey, `${rule.name} with ${verb}`);
      assert.equal(byCertificate, rule.public || rule.verbs.has(verb), rule.name);
    }
  }
});
