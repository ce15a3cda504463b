/** How pictures of a plugin's page are called at wordpress.org, and what each may be ("How Your Plugin Assets Work"). */
import { Refusal } from '../../errors.ts';
import { type ImageKind, imageMediaTypes } from '../../images/media-type.ts';
import type { PictureRules } from '../../images/picture.ts';

/** A name with what a picture of that name must be. */
export interface AssetName {
  readonly name: string;
  readonly mediaType: string;
  readonly rules: PictureRules;
}

const mebibyte = 1024 * 1024;
/** The largest of all, in bytes. */
export const maxAssetBytes: number = 10 * mebibyte;

/** What may follow: right-to-left, a language, or both. */
const variant = '(?:-rtl)?(?:-[a-z]{2,3}(?:_[A-Z]{2})?(?:_formal|_informal)?)?';
const bannerPattern = new RegExp(`^banner-(772x250|1544x500)${variant}\\.(png|jpg|gif)$`);
const iconPattern = /^icon-(128x128|256x256)(?:-rtl)?\.(png|jpg|gif)$/;
const screenshotPattern = new RegExp(`^screenshot-([1-9]\\d?)${variant}\\.(png|jpg|gif)$`);

const kinds: Readonly<Record<string, ImageKind>> = { png: 'png', jpg: 'jpeg', gif: 'gif' };
const animation = { maxPixels: 64_000_000, maxFrames: 200, rendition: 256 };

/** The name, if wordpress.org shows a picture of it. Throws `invalid`, rule `asset-name`. */
export function parseAssetName(name: string): AssetName {
  const [, banner, bannerEnd = ''] = bannerPattern.exec(name) ?? [];
  if (banner !== undefined) return describe(name, bannerEnd, { maxBytes: 4 * mebibyte, ...fit(banner) });
  const [, icon, iconEnd = ''] = iconPattern.exec(name) ?? [];
  if (icon !== undefined) return describe(name, iconEnd, { maxBytes: mebibyte, ...fit(icon) });
  const [, screenshot, screenshotEnd = ''] = screenshotPattern.exec(name) ?? [];
  if (screenshot !== undefined)
    return describe(name, screenshotEnd, { maxBytes: maxAssetBytes, minSide: 1, maxSide: 8192 });
  if (name === 'icon.svg') {
    const rules = { ...animation, kinds: ['svg'], maxBytes: mebibyte, minSide: 1, maxSide: 8192 } as const;
    return { name, mediaType: imageMediaTypes.svg, rules };
  }
  throw new Refusal('invalid', 'expected the name of a banner, an icon or a screenshot as wordpress.org shows them', {
    rule: 'asset-name',
    hint: 'banner-772x250.png, banner-1544x500.jpg, icon-128x128.png, icon-256x256.png, icon.svg, screenshot-1.png, banner-772x250-de_DE.png',
  });
}

function describe(
  name: string,
  ending: string,
  limits: Pick<PictureRules, 'maxBytes' | 'minSide' | 'maxSide' | 'sizes'>,
): AssetName {
  const kind = kinds[ending] ?? 'png';
  return { name, mediaType: imageMediaTypes[kind], rules: { ...animation, ...limits, kinds: [kind] } };
}

function fit(size: string): Pick<PictureRules, 'minSide' | 'maxSide' | 'sizes'> {
  const [width = 0, height = 0] = size.split('x').map(Number);
  return { minSide: 1, maxSide: 8192, sizes: [[width, height]] };
}
