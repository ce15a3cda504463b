/** HTTP of backups and restores: of the whole server, so in the default organisation only. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { confirmPerson, type StepUpParts } from '../accounts/step-up.ts';
import type { Caller } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { type AppEnv, callerOf } from '../http/context.ts';
import { openBody } from '../http/file-body.ts';
import { hasProof, proofExpected, proofShape, readProof } from '../http/proof-schema.ts';
import { readRawBody } from '../http/raw-body.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../http/router.ts';
import type { Swap } from '../storage/swap/staged.ts';
import { assertSealed, chooseLock } from './custody.ts';
import type { RestoreDesk, RestoreStatus } from './desk.ts';
import { findBackup, listBackups, type StoredBackup } from './folder.ts';
import { type BackupDependencies, requestBackup } from './job.ts';
import { type BackupStanding, judgeBackups } from './standing.ts';
import { backupFolder } from './trial.ts';
import { recordVerification } from './verification.ts';
import { parseOpener } from './words.ts';

/** What the routes of backups need. */
export type BackupRouteDependencies = BackupDependencies &
  StepUpParts & { readonly restoreDesk: RestoreDesk; readonly swap: Swap };

const secretSchema = z.string().min(1).max(4096);
/** Whoever has the file may guess as fast as they can; scrypt makes it dear, not impossible. */
const passphraseSchema = z.string().min(12).max(4096);
const nameSchema = z.object({ name: z.string().max(64) });
const tags = ['backups'];

const backupSchema = z
  .object({ name: z.string(), size_bytes: z.int(), stored_at: timeSchema, encrypted: z.boolean() })
  .openapi('Backup');

const standingSchema = z
  .object({
    state: z.enum(['good', 'late', 'failed', 'none']),
    made_at: timeSchema.nullable(),
    fresh: z.boolean(),
    failed_at: timeSchema.nullable(),
    rule: z.string().nullable(),
  })
  .openapi('BackupStanding');

const statusSchema = z
  .object({
    state: z.enum(['idle', 'validating', 'swapping', 'restored', 'refused']),
    progress: z.object({ stage: z.string(), done: z.int(), total: z.int() }).nullable(),
    made_at: timeSchema.nullable(),
    rule: z.string().nullable(),
    message: z.string().nullable(),
  })
  .openapi('RestoreStatus');

const archiveAnswer = { description: 'The archive.', content: { 'application/octet-stream': { schema: z.any() } } };

const listRoute = createRoute({
  method: 'get',
  path: '/api/backups',
  tags,
  summary: 'The backups that the server keeps, whether it makes one every night, and how it stands with them',
  description:
    '`standing` goes by what was made, whether it is still here or not: the newest is `fresh` for 36 hours where one is made every night, for 31 days otherwise, and then `late`; `failed` means that nothing was made since an attempt failed, by the rule beside it.',
  responses: {
    200: jsonAnswer(
      'The backups, the newest first.',
      z.object({
        backups: z.array(backupSchema),
        schedule: z.object({ nightly: z.boolean(), recipients: z.array(z.string()), keep_days: z.int() }),
        standing: standingSchema,
      }),
    ),
  },
});

const createBackupRoute = createRoute({
  method: 'post',
  path: '/api/backups',
  tags,
  summary: 'Make a backup of the whole server',
  description:
    'Encrypted to the recipients of the settings, unless `recipients`, `passphrase` or `plain` says otherwise: those are for an admin in person, who proves again who they are. A passphrase is forgotten before this answers.',
  request: {
    body: jsonBody(
      z.strictObject({
        recipients: z.array(z.string().max(100)).min(1).max(16).optional(),
        passphrase: passphraseSchema.optional(),
        plain: z.literal(true).optional(),
        ...proofShape,
      }),
    ),
  },
  responses: { 202: jsonAnswer('The job that makes it.', z.object({ job: z.string() })) },
});

const verifiedRoute = createRoute({
  method: 'post',
  path: '/api/backups/verified',
  tags,
  summary: 'Tell that a backup of this server was found good, by `signpost backup verify` or `drill`',
  description: 'The server cannot open what is encrypted to others. `signpost_backup_verified_age_seconds` goes by it.',
  request: {
    body: jsonBody(
      z.strictObject({
        sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected SHA-256 in hex'),
        drilled: z.boolean().default(false),
      }),
    ),
  },
  responses: { 200: jsonAnswer('Which one it is.', z.object({ name: z.string(), made_at: timeSchema })) },
});

const downloadRoute = createRoute({
  method: 'get',
  path: '/api/backups/{name}',
  tags,
  summary: 'Download a backup that only secret keys open',
  request: { params: nameSchema },
  responses: { 200: archiveAnswer },
});

const downloadInPersonRoute = createRoute({
  method: 'post',
  path: '/api/backups/{name}/download',
  tags,
  summary: 'Download any backup, after proving again who one is',
  request: { params: nameSchema, body: jsonBody(z.strictObject(proofShape).refine(hasProof, proofExpected)) },
  responses: { 200: archiveAnswer },
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/api/backups/{name}',
  tags,
  summary: 'Remove a backup from the server',
  request: { params: nameSchema },
  responses: { 204: { description: 'It is gone.' } },
});

const receiveRoute = createRoute({
  method: 'put',
  path: '/api/restore',
  tags,
  summary: 'Send a backup that shall be restored',
  description: 'The body is the file. Nothing is restored yet; a second one replaces the first.',
  responses: { 200: jsonAnswer('What has come.', z.object({ size_bytes: z.int() })) },
});

const restoreRoute = createRoute({
  method: 'post',
  path: '/api/restore',
  tags,
  summary: 'Restore the whole server from the backup that was sent, or from one that it keeps',
  description:
    'Answers when the restored state does. Everything is proved first; what is refused changes nothing, and a state that does not answer gives way to the old one. All sessions end.',
  request: {
    body: jsonBody(
      z
        .strictObject({
          ...proofShape,
          backup: z.string().max(64).optional(),
          passphrase: secretSchema.optional(),
          identity: secretSchema.optional(),
          other_vault: z.boolean().default(false),
        })
        .refine(hasProof, proofExpected),
    ),
  },
  responses: {
    200: jsonAnswer('What was restored.', z.object({ made_at: timeSchema, migrations: z.array(z.string()) })),
  },
});

const statusRoute = createRoute({
  method: 'get',
  path: '/api/restore',
  tags,
  summary: 'How far a restore is, or how the last one ended',
  responses: { 200: jsonAnswer('The state.', statusSchema) },
});

/** The routes of backups and restores. */
export function backupRoutes(dependencies: BackupRouteDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addBackupRoutes(router, dependencies);
  addRestoreRoutes(router, dependencies);
  return router;
}

function addBackupRoutes(router: OpenAPIHono<AppEnv>, dependencies: BackupRouteDependencies): void {
  const { config } = dependencies;
  const dir = backupFolder(config);
  router.openapi(listRoute, async (c) => {
    const backups = (await listBackups(dir)).map(({ name, sizeBytes, storedAt, encrypted }) => ({
      ...{ name, size_bytes: sizeBytes, stored_at: formatTime(storedAt), encrypted },
    }));
    const recipients = [...config.backupRecipients];
    const schedule = { nightly: recipients.length > 0, recipients, keep_days: config.backupKeepDays };
    return c.json({ backups, schedule, standing: formatStanding(await judgeBackups(dependencies)) }, 200);
  });
  router.openapi(createBackupRoute, async (c) => {
    const caller = callerOf(c.var);
    const lock = await chooseLock(dependencies, caller, c.req.valid('json'));
    return c.json({ job: await requestBackup(dependencies, caller, lock) }, 202);
  });
  router.openapi(verifiedRoute, async (c) => {
    const { name, madeAt } = await recordVerification(dependencies, callerOf(c.var), c.req.valid('json'));
    return c.json({ name, made_at: formatTime(madeAt) }, 200);
  });
  router.openapi(downloadRoute, async (c) => {
    const backup = await findBackup(dir, c.req.valid('param').name);
    await assertSealed(backup.path);
    return sendBackup(c, dependencies, backup);
  });
  router.openapi(downloadInPersonRoute, async (c) => {
    const backup = await findBackup(dir, c.req.valid('param').name);
    await confirmPerson(dependencies, callerOf(c.var), readProof(c.req.valid('json')));
    return sendBackup(c, dependencies, backup);
  });
  router.openapi(removeRoute, async (c) => {
    const backup = await findBackup(dir, c.req.valid('param').name);
    await record(dependencies, callerOf(c.var), { action: 'backup.removed', name: backup.name });
    await rm(backup.path, { force: true });
    return c.body(null, 204);
  });
}

async function sendBackup(
  c: Context<AppEnv>,
  dependencies: BackupRouteDependencies,
  { name, path, sizeBytes }: StoredBackup,
) {
  await record(dependencies, callerOf(c.var), { action: 'backup.downloaded', name });
  c.header('Content-Type', 'application/octet-stream');
  c.header('Content-Length', String(sizeBytes));
  c.header('Content-Disposition', `attachment; filename="${name}"`);
  c.header('Cache-Control', 'no-store');
  return c.body(
    openBody(c, () => createReadStream(path)),
    200,
  );
}

function addRestoreRoutes(router: OpenAPIHono<AppEnv>, dependencies: BackupRouteDependencies): void {
  const { config, restoreDesk } = dependencies;
  router.openapi(receiveRoute, async (c) =>
    c.json({ size_bytes: await restoreDesk.receive(config, readRawBody(c)) }, 200),
  );
  router.openapi(restoreRoute, async (c) => {
    const { backup, passphrase, identity, other_vault, ...proof } = c.req.valid('json');
    const caller = callerOf(c.var);
    // A session that somebody left open, or a stolen cookie, must not be enough to replace everything.
    await confirmPerson(dependencies, caller, readProof(proof));
    const { manifest, migrations } = await restoreDesk.restore(dependencies, {
      ...caller,
      backup,
      opener: parseOpener({ passphrase, identity }),
      otherVault: other_vault,
    });
    return c.json({ made_at: manifest.made_at, migrations: [...migrations] }, 200);
  });
  router.openapi(statusRoute, (c) => c.json(describeStatus(restoreDesk.status), 200));
}

async function record(
  { database, now }: BackupRouteDependencies,
  caller: Caller,
  { action, name }: { action: 'backup.downloaded' | 'backup.removed'; name: string },
): Promise<void> {
  await database.transaction((transaction) =>
    recordAudit(transaction, now(), { ...caller, action, object: { kind: 'backup', id: name } }),
  );
}

function formatStanding({ state, madeAt, isFresh, failed }: BackupStanding): z.infer<typeof standingSchema> {
  return {
    state,
    made_at: madeAt === undefined ? null : formatTime(madeAt),
    fresh: isFresh,
    failed_at: failed ? formatTime(failed.at) : null,
    rule: failed?.rule ?? null,
  };
}

function describeStatus(status: RestoreStatus): z.infer<typeof statusSchema> {
  const progress = status.state === 'validating' ? (status.progress ?? null) : null;
  return {
    state: status.state,
    progress,
    made_at: status.state === 'restored' ? status.madeAt : null,
    rule: status.state === 'refused' ? (status.rule ?? null) : null,
    message: status.state === 'refused' ? status.message : null,
  };
}
