/** A watch on a database: sources, a clock that is moved by hand, and readers that see what the test says. */
import assert from 'node:assert/strict';
import { type Caller, systemActor } from '../../../src/audit/audit.ts';
import type { Database } from '../../../src/storage/database.ts';
import { createId } from '../../../src/storage/ids.ts';
import type { Revision } from '../../../src/watch/baseline/revision.ts';
import type { FactSet } from '../../../src/watch/facts/fact-set.ts';
import { parseRevisionRow } from '../../../src/watch/learning/baseline.ts';
import { isSameHistory, rebuildRevisions } from '../../../src/watch/learning/rebuild.ts';
import { learningPresets } from '../../../src/watch/learning/rules.ts';
import { listRevisions, type RevisionRow } from '../../../src/watch/learning/store.ts';
import { findLine } from '../../../src/watch/observations/store.ts';
import { type Recorded, record } from '../../../src/watch/recording/record.ts';
import { addSource } from '../../../src/watch/sources/source.ts';
import { findSourceByKey, type SourceRow } from '../../../src/watch/sources/store.ts';
import { hour, usualFacts } from '../drift/scene.ts';

export const day = 24 * hour;
export const start = Date.UTC(2026, 0, 1);

/** See the file. */
export interface Desk {
  readonly database: Database;
  readonly now: () => number;
  readonly caller: Caller;
  readonly source: SourceRow;
  /** Moves the clock to that day. */
  goTo(onDay: number): void;
  /** Sees version `1.0.<day>` as published on that day; with facts that differ from the usual ones. */
  see(
    onDay: number,
    facts?: Partial<FactSet>,
    names?: { readonly tag?: string; readonly version?: string },
  ): Promise<Recorded>;
  revisions(): Promise<readonly RevisionRow[]>;
  latest(): Promise<Revision>;
  /** Whether learning again from the beginning makes the revisions that are stored. */
  isRebuilt(): Promise<boolean>;
}

/** The content of the version of a day, in hex. */
export function contentOf(onDay: number): string {
  return String(onDay).padStart(64, '0');
}

/** Opens a watch of `oci:ghcr.io/org/app` in an organisation of its own. */
export async function openDesk(database: Database, slug: string): Promise<Desk> {
  const organisationId = createId(start);
  await database.query
    .insertInto('organisation')
    .values({ id: organisationId, slug, name: slug, host: null, created_at: start })
    .execute();
  const caller: Caller = { organisationId, actor: systemActor };
  await addSource({ database, now: () => start }, caller, {
    ...{ reference: 'ghcr.io/org/app', rules: learningPresets.usual, isDevelopment: false },
  });
  return joinDesk(database, slug);
}

/** The watch that `openDesk` made. */
export async function joinDesk(database: Database, slug: string): Promise<Desk> {
  const { id: organisationId } = await database.query
    .selectFrom('organisation')
    .select('id')
    .where('slug', '=', slug)
    .executeTakeFirstOrThrow();
  const caller: Caller = { organisationId, actor: systemActor };
  const key = 'oci:ghcr.io/org/app';
  const source = (await findSourceByKey(database.query, { organisationId, key })) ?? assert.fail('expected a source');
  let at = start;
  const now = () => at;
  const line = async () => (await findLine(database.query, source.id, '1')) ?? 0;
  const revisions = async () => listRevisions(database.query, await line());
  const parse = (row: RevisionRow) => parseRevisionRow(row).revision;
  return {
    ...{ database, now, caller, source, revisions },
    goTo: (onDay) => {
      at = start + onDay * day;
    },
    see: (onDay, facts = {}, names = { version: `1.0.${onDay}` }) =>
      record(
        { database, now },
        {
          ...{ organisationId, sourceId: source.id },
          artifacts: [
            {
              ...{ line: '1', names, isDefault: false },
              facts: { ...usualFacts, content: contentOf(onDay), publishedAt: start + onDay * day, ...facts },
            },
          ],
        },
      ),
    latest: async () => parse((await revisions()).at(-1) as RevisionRow),
    isRebuilt: async () => {
      const again = await rebuildRevisions(database.query, await line(), {
        ...{ rules: learningPresets.usual, declaredRepository: undefined },
      });
      return isSameHistory(again, (await revisions()).map(parse));
    },
  };
}

/** Opens a watch whose line is established by the versions of three days; the clock stands on day 10. */
export async function openEstablished(database: Database, slug: string): Promise<Desk> {
  const desk = await openDesk(database, slug);
  desk.goTo(10);
  for (const onDay of [1, 2, 3]) await desk.see(onDay);
  return desk;
}
