import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditActions } from '../../src/audit/actions.ts';

test('the vocabulary of the audit log is this one', () => {
  assert.deepEqual(
    [...auditActions],
    [
      'server.initialised',
      'server.migrated',
      'vault.created',
      'vault.unlocked',
      'vault.unlock_refused',
      'vault.locked',
      'vault.reset',
      'vault.password_changed',
      'organisation.created',
      'person.created',
      'person.changed',
      'person.disabled',
      'person.enabled',
      'person.password_changed',
      'person.role_changed',
      'session.opened',
      'session.refused',
      'session.closed',
      'session.revoked',
      'api_key.created',
      'api_key.revoked',
      'trust.root_pinned',
      'trust.imported',
      'trust.import_refused',
      'trust.expiry_warning_90',
      'trust.expiry_warning_30',
      'trust.expired',
      'signing_key.created',
      'signing_key.activated',
      'signing_key.retired',
      'signing_key.revoked',
      'project.created',
      'project.changed',
      'project.deleted',
      'project.restored',
      'upload.accepted',
      'upload.refused',
      'release.changed',
      'release.proposed',
      'release.approved',
      'release.activated',
      'release.superseded',
      'release.withdrawn',
      'release.deleted',
      'release.restored',
      'release.quarantined',
      'release.refreshed',
      'rescan.finished',
      'audit.exported',
    ],
  );
});

test('no action stands twice', () => {
  assert.equal(new Set(auditActions).size, auditActions.length);
});
