/** What every route knows about the request it answers. */
import type { HttpBindings } from '@hono/node-server';
import type { Actor, Caller } from '../audit/audit.ts';
import { Refusal } from '../errors.ts';
import type { PendingUpgrade } from './upgrade.ts';

/** A role that a person holds in an organisation. */
export type Role = 'admin' | 'manager' | 'viewer';

/** What an API key may be allowed to do; `key:<verb>` in the role table. */
export type Verb = 'read' | 'upload' | 'activate' | 'manage' | 'admin' | 'metrics' | 'submit';

/** The organisation that a request is about. */
export interface RequestOrganisation {
  readonly id: string;
  readonly slug: string;
}

/** Who asks. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'person'; readonly personId: string; readonly sessionId: string; readonly role: Role }
  | {
      readonly kind: 'api-key';
      readonly apiKeyId: string;
      readonly verbs: readonly Verb[];
      /** An `AccessScope`. */
      readonly scope: string;
    }
  | {
      readonly kind: 'client-certificate';
      readonly certificateId: string;
      /** The rule by which it counts; its verbs and scope are as those of a key. */
      readonly accessId: string;
      readonly verbs: readonly Verb[];
      readonly scope: string;
    };

/** Hono's environment for every route of the server. */
export interface AppEnv {
  Bindings: HttpBindings & {
    /** Of a handshake: the socket that a route may take over. */
    readonly upgrade?: PendingUpgrade;
  };
  Variables: {
    organisation: RequestOrganisation;
    principal: Principal;
    /** The client's address, after trusted proxies. Never stored. */
    address: string;
    /** Counts an attempt at a password, on routes at which only some requests bring one. Throws `rate_limited` when there were too many. */
    countAttempt: () => void;
  };
}

/** The principal as the audit log names it. */
function actorOf(principal: Principal): Actor {
  switch (principal.kind) {
    case 'anonymous':
      return { kind: 'anonymous', id: null, sessionId: null };
    case 'person':
      return { kind: 'person', id: principal.personId, sessionId: principal.sessionId };
    case 'api-key':
      return { kind: 'api-key', id: principal.apiKeyId, sessionId: null };
    case 'client-certificate':
      return { kind: 'client-certificate', id: principal.certificateId, sessionId: null };
  }
}

/** The caller of a request, as the planes want it. */
export function callerOf(variables: Pick<AppEnv['Variables'], 'organisation' | 'principal'>): Caller {
  return { organisationId: variables.organisation.id, actor: actorOf(variables.principal) };
}

/** The person who asks. Throws `forbidden` for anybody else; the role table keeps them away before. */
export function requirePerson({ principal }: Pick<AppEnv['Variables'], 'principal'>): Principal & { kind: 'person' } {
  if (principal.kind === 'person') return principal;
  throw new Refusal('forbidden', 'expected a session of a person', { rule: 'role' });
}

/** Whether somebody acts as an admin: a person of that role, or a key of that verb. */
export function mayAdminister(principal: Principal): boolean {
  if (principal.kind === 'person') return principal.role === 'admin';
  return principal.kind === 'api-key' && principal.verbs.includes('admin');
}
