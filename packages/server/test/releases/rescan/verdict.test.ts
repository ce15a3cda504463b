/** A find of the scanner outlives the release's quarantine: nothing is signed as clean because it was clean before. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { quarantineRelease, restoreRelease } from '../../../src/releases/lifecycle/release.ts';
import { rescanOrganisation } from '../../../src/releases/rescan/rescan.ts';
import { openScanner } from '../../../src/releases/scanner/clamd.ts';
import type { Database } from '../../../src/storage/database.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { buildZip, file } from '../inspection/zip-builder.ts';
import { clamdMissing, eicar, type RunningClamd, startClamd } from '../scanner/clamd.ts';
import { openWorkshop, type Workshop } from '../uploads/workshop.ts';

const name = { slug: 'demo', version: '1.0.0' };

/** What older signatures said of a file that newer ones find. */
const oldVerdict = JSON.stringify({ status: 'clean', engine: 'ClamAV', engine_version: '1.0.0' });

forEachEngine((_engine, open) => {
  describe('a rescan', { skip: clamdMissing() }, () => {
    let clamd: RunningClamd;
    let database: Database;
    let workshop: Workshop;
    before(async () => {
      clamd = await startClamd();
      database = await open();
      workshop = await openWorkshop(database, { scan: 'off' });
    });
    after(async () => {
      await workshop.close();
      await clamd.stop();
    });

    test('that finds malware takes back what was said before: the restored release is not called clean', async () => {
      const { row } = await workshop.upload(buildZip([file('a.com', { content: eicar })]));
      await database.query
        .updateTable('artifact')
        .set({ scan: oldVerdict })
        .where('id', '=', row.artifact_id ?? '')
        .execute();
      await database.query.updateTable('project').set({ scan: 'required' }).where('id', '=', row.project_id).execute();
      const catalogues = { reflect: async () => undefined };
      const dependencies = { ...workshop, catalogues, scanner: openScanner(clamd.address), published: () => undefined };
      const { infected } = await rescanOrganisation(
        dependencies,
        workshop.caller.organisationId,
        async () => undefined,
      );
      assert.equal(infected, 1);
      await assert.rejects(quarantineRelease(dependencies, workshop.caller, { name, reason: 'again' }), {
        rule: 'release-state',
      });
      assert.equal((await restoreRelease(dependencies, workshop.caller, name)).state, 'draft');
      const { scan } = await database.query
        .selectFrom('artifact')
        .select('scan')
        .where('id', '=', row.artifact_id ?? '')
        .executeTakeFirstOrThrow();
      assert.deepEqual(JSON.parse(scan), { status: 'not_scanned' });
    });
  });
});
