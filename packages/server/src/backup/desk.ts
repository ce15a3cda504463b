/** Restores of a running server: one at a time, told step by step, and the outcome is remembered. */
import { createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Actor } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import type { Config } from '../config.ts';
import { Refusal } from '../errors.ts';
import type { Database } from '../storage/database.ts';
import type { Opener } from './age/encryption.ts';
import { findBackup } from './folder.ts';
import { type PreparedRestore, prepareRestore, type RestoreParts, restoreFolder } from './restore.ts';
import { backupFolder } from './trial.ts';
import type { UnpackProgress } from './unpack.ts';

/** How the restore under way is, or how the last one ended. */
export type RestoreStatus =
  | { readonly state: 'idle' }
  | { readonly state: 'validating'; readonly progress: UnpackProgress | undefined }
  | { readonly state: 'swapping' }
  | { readonly state: 'restored'; readonly madeAt: string }
  | { readonly state: 'refused'; readonly rule: string | undefined; readonly message: string };

/** What the running server lends to a restore. */
export interface RunningParts extends Omit<RestoreParts, 'config' | 'current'> {
  readonly config: Config;
  readonly database: Database;
}

/** What shall be restored: the file that was received, or a backup of the server's folder. */
export interface RunningRequest {
  readonly backup: string | undefined;
  readonly opener: Opener | undefined;
  readonly otherVault: boolean;
  readonly actor: Actor;
  readonly organisationId: string;
}

const bytesPerMib = 1024 * 1024;

/** Outlives what it replaces: it belongs to the process, not to the application. */
export class RestoreDesk {
  readonly #replace: (prepared: PreparedRestore) => Promise<void>;
  #status: RestoreStatus = { state: 'idle' };
  #busy = false;

  /** `replace` closes what is in force, places the restored state and opens it, or brings the old one back and throws. */
  constructor(replace: (prepared: PreparedRestore) => Promise<void>) {
    this.#replace = replace;
  }

  get status(): RestoreStatus {
    return this.#status;
  }

  /** Keeps a backup to be restored, instead of the one before. Throws `too_large`, or `conflict` while one is used. */
  async receive(config: Config, body: AsyncIterable<Uint8Array>): Promise<number> {
    return this.#alone(async () => {
      const path = incomingFile(config);
      await mkdir(restoreFolder(config.dataDir), { recursive: true, mode: 0o700 });
      await rm(path, { force: true });
      const limit = config.restoreMaxMb * bytesPerMib;
      try {
        await pipeline(bounded(body, limit), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      return (await stat(path)).size;
    });
  }

  /**
   * Proves the backup and takes it into force. Throws `upload_refused`, `conflict` or `unavailable` with nothing changed,
   * and `unavailable`, rule `restore-rolled-back`, when the restored state did not answer.
   */
  async restore(parts: RunningParts, request: RunningRequest): Promise<PreparedRestore> {
    return this.#alone(async () => {
      this.#status = { state: 'validating', progress: undefined };
      try {
        const prepared = await this.#prepare(parts, request);
        this.#status = { state: 'swapping' };
        await this.#replace(prepared);
        await rm(incomingFile(parts.config), { force: true });
        this.#status = { state: 'restored', madeAt: prepared.manifest.made_at };
        return prepared;
      } catch (error) {
        const refusal = error instanceof Refusal ? error : undefined;
        this.#status = {
          state: 'refused',
          rule: refusal?.rule,
          message: refusal?.message ?? 'the server failed; its log tells more',
        };
        throw error;
      }
    });
  }

  async #prepare(parts: RunningParts, request: RunningRequest): Promise<PreparedRestore> {
    const path = await locate(parts.config, request.backup);
    await record(parts, request, { action: 'restore.begun', detail: {} });
    const report = (progress: UnpackProgress) => {
      this.#status = { state: 'validating', progress };
    };
    try {
      return await prepareRestore({ ...parts, current: parts.database }, { ...request, path, report });
    } catch (error) {
      const rule = error instanceof Refusal ? (error.rule ?? error.code) : 'internal';
      await record(parts, request, { action: 'restore.refused', detail: { rule } });
      throw error;
    }
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy) {
      throw new Refusal('conflict', 'a restore is under way', { rule: 'restore-busy', hint: 'wait for its end' });
    }
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }
}

/** Records what becomes of a restore in the chain that is in force. */
async function record(
  { database, now }: Pick<RunningParts, 'database' | 'now'>,
  { actor, organisationId, backup }: RunningRequest,
  { action, detail }: { action: 'restore.begun' | 'restore.refused'; detail: Record<string, string> },
): Promise<void> {
  await database.transaction((transaction) =>
    recordAudit(transaction, now(), {
      ...{ organisationId, actor, action, object: { kind: 'backup', id: backup ?? 'received' } },
      outcome: action === 'restore.refused' ? 'refused' : 'success',
      detail,
    }),
  );
}

async function locate(config: Config, backup: string | undefined): Promise<string> {
  if (backup !== undefined) return (await findBackup(backupFolder(config), backup)).path;
  const path = incomingFile(config);
  if (
    await stat(path).then(
      () => true,
      () => false,
    )
  )
    return path;
  throw new Refusal('conflict', 'expected a backup to be sent first, got none', {
    rule: 'restore-nothing-received',
    hint: 'PUT /api/restore sends one; or name a backup of the server',
  });
}

function incomingFile({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(restoreFolder(dataDir), 'incoming');
}

async function* bounded(body: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) {
      throw new Refusal('too_large', `expected a backup of at most ${limit} bytes`, {
        rule: 'size-limit',
        hint: 'raise SIGNPOST_RESTORE_MAX_MB, or restore on the server machine: signpost restore --data',
      });
    }
    yield chunk;
  }
}
