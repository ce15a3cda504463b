/** Headers that every answer carries. */
import type { Context } from 'hono';
import type { AppEnv } from './context.ts';

/** The content security policy unless a page widens it: nothing may load, frame, or be submitted anywhere. */
export const strictContentPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': strictContentPolicy,
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** What else an answer depends on. */
export interface HeaderChoice {
  /** The client came over HTTPS, so it may be told to insist on it. */
  readonly secure: boolean;
  /** Nothing in the answer depends on who asks, so that any web page may read it. */
  readonly readableByAll: boolean;
}

/** The headers by name, for answers that are written to the socket without passing through Hono. */
export function headersFor(choice: HeaderChoice): Readonly<Record<string, string>> {
  return {
    ...securityHeaders,
    ...(choice.secure ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
    ...(choice.readableByAll
      ? { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' }
      : {}),
  };
}

/**
 * Sets the headers on what goes to the socket, before the route runs; a route overrides one by `c.header`. Without a socket
 * they are set on `c`, which takes twice as long, and an answer made by `new Response` loses them.
 */
export function setHeaders(c: Context<AppEnv>, choice: HeaderChoice): void {
  const outgoing = c.env?.outgoing;
  for (const [name, value] of listHeaders(choice)) {
    if (outgoing) outgoing.setHeader(name, value);
    else c.header(name, value);
  }
}

type HeaderList = readonly (readonly [name: string, value: string])[];

/** By choice, since there are four: every answer asks for one of them. */
const lists = new Map<string, HeaderList>();

function listHeaders(choice: HeaderChoice): HeaderList {
  const key = `${choice.secure} ${choice.readableByAll}`;
  const list = lists.get(key) ?? Object.entries(headersFor(choice));
  lists.set(key, list);
  return list;
}

/** A content security policy for a page without script whose only style has this `sha256-...` hash. */
export function pageContentPolicy(styleHash: string): string {
  return `${strictContentPolicy}; style-src '${styleHash}'; img-src 'self'`;
}

/** The same for a page with scripts of this server that ask nobody else and turn no text into markup or script. */
export function scriptContentPolicy(styleHash: string): string {
  const scripts = "script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'";
  return `${pageContentPolicy(styleHash)}; ${scripts}`;
}
