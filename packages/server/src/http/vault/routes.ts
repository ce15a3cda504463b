/** HTTP of the vault: its state, opening, closing, starting over. It stands on the ground floor, below the planes. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { afterCommit } from '../../storage/database/transactions.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Vault } from '../../vault/vault.ts';
import { type AppEnv, callerOf } from '../context.ts';
import { hasProof, type Proof, passwordSchema, proofExpected, proofShape, readProof } from '../proof-schema.ts';
import { createRouter, jsonAnswer, jsonBody } from '../router.ts';
import { textSchema } from '../text-schema.ts';

/** What the routes of the vault need. */
export interface VaultRouteDependencies {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => number;
  /** Names what is sealed under the vault and cannot be made anew by the server itself, such as signing keys. */
  readonly listSealed: () => Promise<readonly string[]>;
  /** The admin whose address and proof these are. Throws `forbidden`, and records it. */
  readonly confirmAdmin: (organisationId: string, proof: Proof & { readonly email: string }) => Promise<Caller>;
  /** Ends every session and removes every authenticator app, in the transaction of a reset: their secrets go with the vault. */
  readonly endSessions: (transaction: Query, now: number) => Promise<void>;
}

const stateSchema = z.object({ state: z.enum(['absent', 'locked', 'unlocked']) }).openapi('VaultState');

const stateRoute = createRoute({
  method: 'get',
  path: '/api/vault',
  tags: ['vault'],
  summary: 'Whether the vault is open',
  responses: { 200: jsonAnswer('Its state.', stateSchema) },
});

const unlockRoute = createRoute({
  method: 'post',
  path: '/api/vault/unlock',
  tags: ['vault'],
  summary: 'Open the vault',
  request: { body: jsonBody(z.strictObject({ password: passwordSchema })) },
  responses: { 200: jsonAnswer('Its state.', stateSchema) },
});

const lockRoute = createRoute({
  method: 'post',
  path: '/api/vault/lock',
  tags: ['vault'],
  summary: 'Close the vault: nothing is signed and no session holds until it is open again',
  responses: { 200: jsonAnswer('Its state.', stateSchema) },
});

const resetRoute = createRoute({
  method: 'post',
  path: '/api/vault/reset',
  tags: ['vault'],
  summary: 'Start over under a new password; everything sealed is lost',
  description:
    'For an admin in person, who says so by address and password: while the vault is locked, no session holds. An API key is not enough. Whoever has a second factor gives it: while the vault is locked, a recovery code, or a passkey for a challenge of `POST /api/session/passkey/options`.',
  request: {
    body: jsonBody(
      z
        .strictObject({
          email: textSchema(254).min(1),
          ...proofShape,
          new_master_password: passwordSchema,
          confirm: z.literal('reset'),
        })
        .refine(hasProof, proofExpected),
    ),
  },
  responses: {
    200: jsonAnswer(
      'What was lost and must be entered or made again.',
      z.object({ must_be_reentered: z.array(z.string()) }),
    ),
  },
});

const changePasswordRoute = createRoute({
  method: 'post',
  path: '/api/vault/change-password',
  tags: ['vault'],
  summary: 'Change the master password; nothing sealed is lost, and the vault stays open or closed as it is',
  request: { body: jsonBody(z.strictObject({ current: passwordSchema, new: passwordSchema })) },
  responses: { 200: jsonAnswer('Its state.', stateSchema) },
});

/** The routes of the vault. */
export function vaultRoutes(dependencies: VaultRouteDependencies): OpenAPIHono<AppEnv> {
  const { vault } = dependencies;
  const router = createRouter();
  router.openapi(stateRoute, (c) => c.json({ state: vault.state }, 200));
  router.openapi(unlockRoute, async (c) => {
    await unlock(dependencies, callerOf(c.var), c.req.valid('json').password);
    return c.json({ state: vault.state }, 200);
  });
  router.openapi(lockRoute, async (c) => {
    await lock(dependencies, callerOf(c.var));
    return c.json({ state: vault.state }, 200);
  });
  router.openapi(resetRoute, async (c) => {
    const { email, new_master_password: next, ...proof } = c.req.valid('json');
    const caller = await dependencies.confirmAdmin(c.get('organisation').id, { email, ...readProof(proof) });
    const lost = await reset(dependencies, caller, next);
    return c.json({ must_be_reentered: [...lost] }, 200);
  });
  router.openapi(changePasswordRoute, async (c) => {
    const { current, new: next } = c.req.valid('json');
    await changePassword(dependencies, callerOf(c.var), { current, next });
    return c.json({ state: vault.state }, 200);
  });
  return router;
}

async function unlock(
  { database, vault, now }: VaultRouteDependencies,
  caller: Caller,
  password: string,
): Promise<void> {
  await recordWrongPassword({ database, now }, vaultEntry(caller, 'vault.unlock_refused'), () =>
    vault.unlock(password),
  );
  try {
    await database.transaction(async (transaction) => {
      const at = now();
      await recordUnlocked(transaction, at);
      await recordAudit(transaction, at, vaultEntry(caller, 'vault.unlocked'));
    });
  } catch (error) {
    // What is not in the audit log did not happen.
    vault.lock();
    throw error;
  }
}

/** Tells whoever waits for the vault. */
async function recordUnlocked(transaction: Query, at: number): Promise<void> {
  const event = { id: createId(at), organisationId: null, topic: 'vault.unlocked', payload: {}, at };
  await recordEvent(transaction, event);
}

/** Runs `attempt`; a wrong password is audited as `entry`, in a transaction of its own, and thrown on. */
async function recordWrongPassword(
  { database, now }: Pick<VaultRouteDependencies, 'database' | 'now'>,
  entry: Parameters<typeof recordAudit>[2],
  attempt: () => Promise<void>,
): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'unauthenticated') throw error;
    await database.transaction((transaction) => recordAudit(transaction, now(), { ...entry, outcome: 'refused' }));
    throw error;
  }
}

async function changePassword(
  { database, vault, now }: VaultRouteDependencies,
  caller: Caller,
  passwords: { current: string; next: string },
): Promise<void> {
  const entry = vaultEntry(caller, 'vault.password_changed');
  await recordWrongPassword({ database, now }, entry, async () => {
    const change = await vault.preparePassword(passwords);
    await database.transaction(async (transaction) => {
      await vault.changePassword(transaction, change);
      await recordAudit(transaction, now(), entry);
    });
  });
}

async function lock({ database, vault, now }: VaultRouteDependencies, caller: Caller): Promise<void> {
  await database.transaction(async (transaction) => {
    afterCommit(transaction, () => vault.lock());
    await recordAudit(transaction, now(), vaultEntry(caller, 'vault.locked'));
  });
}

async function reset(
  { database, vault, now, listSealed, endSessions }: VaultRouteDependencies,
  caller: Caller,
  password: string,
): Promise<readonly string[]> {
  const lost = await listSealed();
  await database.transaction(async (transaction) => {
    await vault.reset(transaction, password);
    await endSessions(transaction, now());
    // Open from here on, under another key: what waits for that goes on, and the log whose key is lost ends.
    await recordUnlocked(transaction, now());
    await recordAudit(transaction, now(), vaultEntry(caller, 'vault.reset'));
  });
  return lost;
}

function vaultEntry<Action extends `vault.${string}`>(caller: Caller, action: Action) {
  return { ...caller, action, object: { kind: 'vault', id: '1' } };
}
