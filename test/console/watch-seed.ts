/** Something to watch: an image with a past, a stranger who signs it, and what people then have to decide. */
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import { record } from '../../packages/server/src/watch/recording/record.ts';
import { keyless, stranger, usualFacts } from '../../packages/server/test/watch/drift/scene.ts';
import type { SeededServer } from './seed.ts';

const dayMs = 86_400_000;
/** What a stranger may write about themselves. */
const hostile = 'https://github.com/evil/<img src=x onerror=alert(1)>';

/** Seeds `image`, whose line 1 is established until a stranger signs it, and `other`, which is quiet. Resolves to the id of the image. */
export async function seedWatch({ admin, dataDir }: SeededServer, image: string): Promise<string> {
  const { id } = await admin.call('POST', '/api/watch/sources', { source: image });
  await admin.call('POST', '/api/watch/sources', { source: `${image}-quiet` });
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  try {
    const { organisation_id } = await database.query
      .selectFrom('watch_source')
      .select('organisation_id')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const now = Date.now;
    const see = (day: number, facts = {}) =>
      record(
        { database, now },
        {
          ...{ organisationId: organisation_id, sourceId: id },
          artifacts: [
            {
              ...{ names: { version: `1.0.${day}` }, line: '1', isDefault: false },
              facts: {
                ...{ ...usualFacts, content: String(day).padStart(64, '0') },
                ...{ publishedAt: now() - (40 - day) * dayMs, ...facts },
              },
            },
          ],
        },
      );
    for (const day of [1, 2, 3]) await see(day);
    await see(4, { signatures: [keyless({ ...stranger, subject: hostile })] });
    await see(5, { provenance: [] });
    return id;
  } finally {
    await database.close();
  }
}

/** Lets everybody have been a member for more than a week. */
export async function ageMembers({ dataDir }: SeededServer): Promise<void> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  try {
    await database.query
      .updateTable('membership')
      .set(({ eb }) => ({ created_at: eb('created_at', '-', 8 * dayMs) }))
      .execute();
  } finally {
    await database.close();
  }
}
