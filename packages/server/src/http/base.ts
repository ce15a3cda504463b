/** Where clients find an organisation. */
import type { Context } from 'hono';
import type { AppEnv } from './context.ts';

/** The organisation's part of a path: empty for the default one. */
export function prefixOf(c: Context<AppEnv>): string {
  const { slug } = c.var.organisation;
  return slug === 'default' ? '' : `/o/${slug}`;
}

/** Scheme, host and prefix, without a slash at the end; as the request came unless the settings say how clients reach the server. */
export function baseOf({ baseUrl }: { readonly baseUrl: string | undefined }, c: Context<AppEnv>): string {
  return `${baseUrl ?? new URL(c.req.url).origin}${prefixOf(c)}`;
}

/** How long caches keep an answer that names its base: one made from the Host header of whoever asked is nobody else's. */
export function cacheControlOf({ baseUrl }: { readonly baseUrl: string | undefined }): string {
  return baseUrl === undefined ? 'private, no-store' : 'public, max-age=60';
}
