/** Texts of settings, parsed one by one. */
import { isIP } from 'node:net';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { parseMailAddress } from './mail/address.ts';

/** Returns the value, or throws an error whose message completes "expected". */
export type Parse<T> = (text: string) => T;

/** What a setting should have been. */
export class Expectation extends Error {}

/** The versions of PHP that can parse plugins, as packages of WordPress Playground give them. */
export const phpVersions = ['5.2', '7.4', '8.0', '8.1', '8.2', '8.3', '8.4', '8.5'] as const;

/** One of them. */
export type PhpVersion = (typeof phpVersions)[number];

/** Any text. */
export function parseText(text: string): string {
  return text;
}

/** A URL of PostgreSQL that holds no password. */
export function parseDatabaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) throw new Expectation('a postgres:// URL');
  if (url.password !== '' || url.searchParams.has('password'))
    throw new Expectation('a URL without password (PGPASSFILE names a file that holds it)');
  return text;
}

/** What carries events to other processes. */
export function parseBus(text: string) {
  if (text === 'memory' || text === 'postgres') return { kind: text } as const;
  const servers = splitList(text);
  if (servers.every(isNatsServer)) return { kind: 'nats', servers } as const;
  throw new Expectation('memory, postgres, or nats:// or tls:// addresses without credentials, separated by commas');
}

function isNatsServer(entry: string): boolean {
  const url = URL.parse(entry);
  if (url === null || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') return false;
  return url.username === '' && url.password === '' && ['', '/'].includes(url.pathname) && url.search === '';
}

/** A server that takes mail. `none`: without TLS, on this machine. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly user: string | undefined;
}

/** A server of mail; without a port 465 (TLS from the first byte) or 587 (STARTTLS, which a server on this machine need not know). */
export function parseSmtpUrl(text: string): SmtpServer {
  const url = URL.parse(text);
  const isSmtp = url !== null && ['smtp:', 'smtps:'].includes(url.protocol) && url.hostname !== '';
  if (!isSmtp || url.password !== '' || !['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '')
    throw new Expectation('smtps://host:465 or smtp://host:587, with a user perhaps (user@) and no password');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isLocal = host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
  const user = url.username === '' ? undefined : readUser(url.username);
  if (url.protocol === 'smtps:') return { host, port: Number(url.port || 465), security: 'tls', user };
  return { host, port: Number(url.port || 587), security: isLocal ? 'none' : 'starttls', user };
}

function readUser(text: string): string {
  // Bytes, of which those that are no ASCII are refused.
  const user = text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, byte: string) =>
    String.fromCharCode(Number.parseInt(byte, 16)),
  );
  if (!/^[\x21-\x7e]{1,254}$/.test(user)) throw new Expectation('a user in ASCII without spaces');
  return user;
}

/** Who sends mail. */
export function parseSender(text: string): string {
  const address = parseMailAddress(text);
  if (address === undefined) throw new Expectation('an address such as signpost@example.org, without a name');
  return address;
}

/** Where a socket listens. */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) throw new Expectation('host:port, such as 127.0.0.1:8787 or [::1]:8787');
  return { host, port };
}

/** An address of HTTP, without a slash at its end. */
export function parseBaseUrl(text: string): string {
  const url = URL.parse(text);
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (!isPlain || url.search !== '' || url.hash !== '')
    throw new Expectation('an http:// or https:// URL without query');
  return text.replace(/\/+$/, '');
}

/** Addresses and CIDR ranges. */
export function parseRanges(text: string): string[] {
  const entries = splitList(text);
  if (!entries.every(isRange)) throw new Expectation('addresses or CIDR ranges, separated by commas');
  return entries;
}

/** A host that may be at an address that is not public. */
export interface WatchHost {
  /** `host`, `host:port`. */
  readonly host: string;
  /** It speaks HTTP without TLS. */
  readonly isPlain: boolean;
}

/** Hosts that are not public. */
export function parseWatchHosts(text: string): WatchHost[] {
  return splitList(text).map((entry) => {
    const isPlain = entry.startsWith('http://');
    const url = URL.parse(isPlain ? entry : `https://${entry}`);
    const isHost = url !== null && url.host !== '' && url.href === `${url.protocol}//${url.host}/`;
    if (!isHost) throw new Expectation('hosts with their ports, such as registry.corp:5000, separated by commas');
    return { host: url.host, isPlain };
  });
}

/** Hosts of Subversion repositories with their ports, as the beginnings of URLs: `https://` unless another scheme is written. */
export function parseRepositoryHosts(text: string): string[] {
  return splitList(text).map((entry) => {
    const url = URL.parse(/^(?:http|svn):\/\//.test(entry) ? entry : `https://${entry}`);
    const origin = url && `${url.protocol}//${url.host}`;
    if (url === null || url.host === '' || ![origin, `${origin}/`].includes(url.href)) {
      throw new Expectation('hosts, such as plugins.svn.wordpress.org or svn://svn.corp:3690, separated by commas');
    }
    return `${origin}`;
  });
}

/** Addresses of DNS servers, perhaps with ports. */
export function parseServers(text: string): string[] {
  const servers = splitList(text);
  if (!servers.every(isServerAddress)) {
    throw new Expectation('addresses, with a port perhaps, such as 10.0.0.53 or [fd00::53]:5353, separated by commas');
  }
  return servers;
}

function isServerAddress(entry: string): boolean {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(entry);
  if (match === null) return isIP(entry) !== 0;
  const port = Number(match[3]);
  return isIP(match[1] ?? match[2] ?? '') !== 0 && port >= 1 && port <= 65_535;
}

function isRange(entry: string): boolean {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry);
  const family = isIP(match?.[1] ?? '');
  return family !== 0 && Number(match?.[2] ?? 0) <= (family === 4 ? 32 : 128);
}

/** Paths of files or folders. */
export function parsePaths(text: string): string[] {
  const paths = splitList(text);
  if (paths.includes('')) throw new Expectation('paths, separated by commas');
  return paths;
}

/** Public keys of age. Their checksums are for whoever encrypts to them, before the server answers. */
export function parseRecipients(text: string): string[] {
  const recipients = splitList(text);
  if (!recipients.every((entry) => /^age1[02-9ac-hj-np-z]{58}$/.test(entry))) {
    throw new Expectation('public keys of age (age1…), separated by commas');
  }
  return recipients;
}

/** Root keys in base64. */
export function parseRoots(text: string): string[] {
  const roots = splitList(text);
  if (!roots.every(isRootKey)) throw new Expectation('raw Ed25519 keys of 32 bytes in base64, separated by commas');
  return roots;
}

function isRootKey(text: string): boolean {
  try {
    return parseBase64(text).length === 32;
  } catch {
    return false;
  }
}

function splitList(text: string): string[] {
  return text.split(',').map((entry) => entry.trim());
}

/** One of `choices`. */
export function choose<const Choice extends string>(...choices: readonly Choice[]): Parse<Choice> {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) throw new Expectation(`one of ${choices.join(', ')}`);
    return choice;
  };
}

/** An integer within bounds. */
export function between(min: number, max: number): Parse<number> {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new Expectation(`an integer from ${min} to ${max}`);
    return value;
  };
}
