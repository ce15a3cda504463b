import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyAuditChain } from '../../../src/audit/store.ts';
import { initialise, resetFactors } from '../../../src/setup.ts';
import { openDatabase } from '../../../src/storage/database/open.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { cheapCost } from '../../vault/cheap-cost.ts';
import { createQuickPasswords } from '../quick-passwords.ts';

const admin = { email: 'admin@mail.example', name: 'Admin', password: 'correct horse battery' };
const founding = { masterPassword: 'a long master password', organisationName: 'Example', admin };

forEachEngine((_engine, _open, locate) => {
  test('the second factors of the last admin are reset on the machine of a server that does not run', async (t) => {
    const location = await locate();
    const environment = {
      SIGNPOST_DATA: location.dataDir,
      ...(location.databaseUrl === undefined ? {} : { SIGNPOST_DATABASE: location.databaseUrl }),
    };
    await initialise(environment, founding, { passwords: createQuickPasswords(), vaultCost: cheapCost });
    const before = await openDatabase(location, { create: false });
    const { id } = await before.query.selectFrom('person').select('id').executeTakeFirstOrThrow();
    const app = { person_id: id, sealed_secret: 'v1.x', created_at: 1, confirmed_at: 1 };
    await before.query
      .insertInto('totp_factor')
      .values({ ...app, last_step: 1, failures: 0, failed_at: null })
      .execute();
    const code = { person_id: id, code_hash: 'a'.repeat(64), created_at: 1, used_at: null };
    await before.query.insertInto('recovery_code').values(code).execute();
    await before.close();
    await assert.rejects(resetFactors(environment, 'nobody@mail.example'), { code: 'not_found' });
    await resetFactors(environment, ' Admin@Mail.example');
    const { query, ...rest } = await openDatabase(location, { create: false });
    t.after(() => rest.close());
    for (const table of ['totp_factor', 'recovery_code'] as const) {
      assert.deepEqual(await query.selectFrom(table).selectAll().execute(), []);
    }
    const rows = await query.selectFrom('audit_event').selectAll().orderBy('sequence', 'desc').limit(1).execute();
    assert.deepEqual([rows[0]?.action, rows[0]?.actor_kind], ['person.factors_reset', 'system']);
    await verifyAuditChain({ query, ...rest });
  });
});
