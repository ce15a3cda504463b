/** How the files of icons are called: by what is in them, so that an address never leads to another picture. */
import type { ModuleIconTable } from '../../storage/tables/modules.ts';

const endings: Readonly<Record<ModuleIconTable['media_type'], string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/svg+xml': 'svg',
};

/** The form of a file's name; whatever has another one is looked up nowhere. */
export const iconFilePattern: RegExp = /^[0-9a-f]{64}\.(?:png|jpg|webp|svg)$/;

interface IconFile {
  readonly sha256: string;
  readonly media_type: ModuleIconTable['media_type'];
}

/** The name of a file. */
export function nameIconFile({ sha256, media_type }: IconFile): string {
  return `${sha256}.${endings[media_type]}`;
}

/** Where a file is served, below the organisation's address. */
export function iconPath(file: IconFile): string {
  return `/api/icons/${nameIconFile(file)}`;
}

/** The file that everybody can show: that of the picture, or of a drawing its PNG. */
export function chooseShownFile<Row extends { readonly part: ModuleIconTable['part'] }>(
  files: readonly Row[],
): Row | undefined {
  return files.find(({ part }) => part === 'rendition') ?? files.find(({ part }) => part === 'picture');
}
