/** Something to watch: an image with a past, a stranger who signs it, and what people then have to decide. */
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import { record } from '../../packages/server/src/watch/recording/record.ts';
import { keyless, stranger, usualFacts } from '../../packages/server/test/watch/drift/scene.ts';
import type { SeededServer } from './seed.ts';

const dayMs = 86_400_000;
/** What a stranger may write about themselves. */
const hostile = 'https://github.com/evil/<img src=x onerror=alert(1)>';

/** Seeds `image`, whose line 1 is established until a stranger signs it, and `other`, which is quiet. Resolves to the id of the image. */
export async function seedWatch(server: SeededServer, image: string): Promise<string> {
  await server.admin.call('POST', '/api/watch/sources', { source: `${image}-quiet` });
  return observe(server, image, async (see) => {
    for (const day of [1, 2, 3]) await see(day);
    await see(4, { facts: { signatures: [keyless({ ...stranger, subject: hostile })] } });
    await see(5, { facts: { provenance: [] } });
  });
}

/** Seeds `image`, of which a stranger signed one artifact that has two versions. */
export async function seedTwoVersions(server: SeededServer, image: string): Promise<string> {
  return observe(server, image, async (see) => {
    for (const day of [1, 2, 3]) await see(day);
    const facts = { signatures: [keyless(stranger)] };
    for (const version of ['1.0.4', '1.0.4-final']) await see(4, { facts, version });
  });
}

type See = (day: number, how?: { readonly facts?: object; readonly version?: string }) => Promise<unknown>;

/** Adds `image` and lets `seeAll` say what was seen of it. Resolves to its id. */
async function observe(
  { admin, dataDir }: SeededServer,
  image: string,
  seeAll: (see: See) => Promise<void>,
): Promise<string> {
  const { id } = await admin.call('POST', '/api/watch/sources', { source: image });
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  try {
    const { organisation_id } = await database.query
      .selectFrom('watch_source')
      .select('organisation_id')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const now = Date.now;
    await seeAll((day, { facts = {}, version = `1.0.${day}` } = {}) =>
      record(
        { database, now },
        {
          ...{ organisationId: organisation_id, sourceId: id },
          artifacts: [
            {
              ...{ names: { version }, line: '1', isDefault: false },
              facts: {
                ...{ ...usualFacts, content: String(day).padStart(64, '0') },
                ...{ publishedAt: now() - (40 - day) * dayMs, ...facts },
              },
            },
          ],
        },
      ),
    );
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
