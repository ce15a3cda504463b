/** Where the resources of a directory are (RFC 8555, section 7.1). */
import type { Config } from '../../config.ts';
import { Refusal } from '../../errors.ts';

/** The URLs of one directory. What a client signs names one of them exactly. */
export interface DirectoryUrls {
  /** Without a slash at its end. */
  readonly base: string;
  account(id: string): string;
  order(id: string): string;
  authorization(id: string): string;
  challenge(authorizationId: string, type: string): string;
  certificate(id: string): string;
}

/** How clients reach this server. Throws `unavailable` when nobody has said, and the port is not known either. */
export function publicBase({ baseUrl, listen }: Pick<Config, 'baseUrl' | 'listen'>): string {
  if (baseUrl !== undefined) return baseUrl;
  if (listen.port === 0) {
    throw new Refusal('unavailable', 'expected a base URL, got none', { hint: 'set SIGNPOST_BASE_URL' });
  }
  return `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`;
}

/** The URLs of the directory `name` of an organisation, whose prefix is empty or `/o/{org}`. */
export function createUrls({ base, prefix, name }: { base: string; prefix: string; name: string }): DirectoryUrls {
  const root = `${base}${prefix}/acme/${name}`;
  return {
    base: root,
    account: (id) => `${root}/account/${id}`,
    order: (id) => `${root}/order/${id}`,
    authorization: (id) => `${root}/authorization/${id}`,
    challenge: (authorizationId, type) => `${root}/challenge/${authorizationId}/${type}`,
    certificate: (id) => `${root}/certificate/${id}`,
  };
}
