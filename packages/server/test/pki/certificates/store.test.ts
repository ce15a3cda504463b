import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type CertificateFilter, listCertificates } from '../../../src/pki/certificates/store.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { openDesk } from './desk.ts';

const day = 86_400_000;

suite('lists of certificates', () => {
  forEachEngine((_name, open) => {
    test('by their end give the one that ends first on the first page, and each once, those of one end too', async () => {
      const desk = await openDesk(await open());
      const { query } = desk.parts.database;
      const ids = new Map<string, string>();
      for (const [host, days] of Object.entries({ late: 60, soon: 2, later: 80, twin: 60 })) {
        const { row } = await desk.issue({ lifetimeMs: days * day });
        ids.set(row.id, host);
      }
      const list = async (filter: Partial<CertificateFilter>) => {
        const rows = await listCertificates(query, {
          ...{ organisationId: desk.caller.organisationId, profile: 'server', now: desk.parts.now() },
          ...{ order: 'expiry', limit: 500, ...filter },
        });
        return rows.map(({ id }) => id);
      };
      const all = await list({});
      assert.deepEqual(
        all.map((id) => ids.get(id)),
        ['soon', 'late', 'twin', 'later'],
      );
      const walked: string[] = [];
      for (let page = await list({ limit: 1 }); page.length > 0; page = await list({ limit: 1, after: page[0] }))
        walked.push(...page);
      assert.deepEqual(walked, all);
      assert.deepEqual(await list({ after: all[0], organisationId: 'another' }), []);
      assert.deepEqual(await list({ order: 'newest' }), [...ids.keys()].reverse());
    });
  });
});
