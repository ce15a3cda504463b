import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitOrganisationPath } from '../../src/http/organisation-path.ts';

test('a path without prefix is left alone, and names no organisation', () => {
  fc.assert(
    fc.property(fc.webPath(), (path) => {
      fc.pre(!path.startsWith('/o/'));
      assert.deepEqual(splitOrganisationPath(path), { organisation: undefined, path });
    }),
  );
});

test('a prefix names the organisation and is taken off once', () => {
  const segment = fc.stringMatching(/^[^/]*$/);
  fc.assert(
    fc.property(segment, fc.array(segment), (organisation, rest) => {
      const path = `/${rest.join('/')}`;
      assert.deepEqual(splitOrganisationPath(`/o/${organisation}${path}`), { organisation, path });
    }),
  );
  assert.deepEqual(splitOrganisationPath('/o/one'), { organisation: 'one', path: '/' });
});
