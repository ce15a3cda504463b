/** What the public page of a plugin says of its release in service, as the directory does. */
import type { ReleaseInProject } from '../../releases/lifecycle/release.ts';
import { type ReadingParts, readRelease } from './reading.ts';

/** Names and values; none for other projects, and for a plugin that cannot be read. */
export async function listPluginFacts(
  parts: ReadingParts,
  where: ReleaseInProject,
): Promise<readonly (readonly [string, string])[]> {
  if (where.project.kind !== 'wordpress_plugin') return [];
  const reading = await readRelease(parts, where).catch((err: unknown) => {
    parts.log.warn({ err, project: where.project.slug }, 'a plugin could not be read');
    return undefined;
  });
  const { header, shown } = reading ?? { header: null, shown: null };
  const facts: (readonly [string, string | undefined])[] = [
    ['Plugin', header?.name],
    ['Requires WordPress', header?.requiresWordpress || shown?.requiresWordpress],
    ['Tested up to', shown?.testedUpTo],
    ['Requires PHP', header?.requiresPhp || shown?.requiresPhp],
    ['License', shown?.license || header?.license],
    ['Tags', shown?.tags.join(', ')],
  ];
  return facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined && fact[1] !== '');
}
