/** Where Debian's Chromium is. */
import { existsSync } from 'node:fs';

/** The program. */
export const browserPath = '/usr/bin/chromium';

/** Why the browser cannot be asked, or `false`. Under CI=true that is no excuse. */
export function findMissingBrowser(): string | false {
  if (existsSync(browserPath)) return false;
  if (process.env.CI === 'true') throw new Error(`expected ${browserPath} under CI=true`);
  return `${browserPath} is not installed`;
}
