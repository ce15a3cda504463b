/** How an icon is told to members. */
import { z } from 'zod';
import { iconPath } from './icon-file.ts';
import type { IconRow } from './store.ts';

/** An icon, with the paths of its files behind the organisation's address. */
export const iconSchema = z.object({
  media_type: z.string(),
  width: z.int(),
  height: z.int(),
  size_bytes: z.int(),
  sha256: z.string(),
  path: z.string(),
  png_path: z.string().nullable(),
});

/** The icon of a module by its files in force; null without one. */
export function formatIcon(rows: readonly IconRow[]): z.infer<typeof iconSchema> | null {
  const picture = rows.find(({ part }) => part === 'picture');
  if (!picture) return null;
  const { media_type, width, height, size_bytes, sha256 } = picture;
  const png = rows.find((row) => row.media_type === 'image/png');
  return {
    ...{ media_type, width, height, size_bytes, sha256 },
    ...{ path: iconPath(picture), png_path: png ? iconPath(png) : null },
  };
}
