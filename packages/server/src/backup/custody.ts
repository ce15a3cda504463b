/**
 * Who may have which backup. It holds the whole database, of every organisation: what the keys of the settings alone open may be
 * made and fetched by an API key or a session; everything else needs an admin in person, who types their password.
 */
import { open } from 'node:fs/promises';
import { confirmPerson, type StepUpParts, type StepUpProof } from '../accounts/step-up.ts';
import type { Caller } from '../audit/audit.ts';
import type { Config } from '../config.ts';
import { Refusal } from '../errors.ts';
import { hasProof, readProof } from '../http/proof-schema.ts';
import { isForRecipients, type Lock } from './age/encryption.ts';
import { type LockWords, parseLock } from './words.ts';

/** What somebody asks for: at most one kind of lock, none meaning the recipients of the settings. */
export interface LockWish extends LockWords, StepUpProof {
  readonly plain?: true | undefined;
}

const headerBytes = 64;

/**
 * What the backup shall be encrypted to. Throws `invalid` for more than one choice or a key that is none, `conflict` when the
 * settings name nobody and nothing is chosen, `forbidden` for a choice of one's own without the password of a person.
 */
export async function chooseLock(
  parts: StepUpParts & { readonly config: Pick<Config, 'backupRecipients'> },
  caller: Caller,
  wish: LockWish,
): Promise<Lock | undefined> {
  const { recipients = parts.config.backupRecipients, passphrase, plain } = wish;
  if ([wish.recipients, passphrase, plain].filter((choice) => choice !== undefined).length > 1) {
    throw new Refusal('invalid', 'expected at most one of recipients, passphrase and plain', { rule: 'schema' });
  }
  const isOfSettings = !plain && passphrase === undefined && isWithin(recipients, parts.config.backupRecipients);
  const lock = plain ? undefined : parseLock({ recipients, passphrase });
  if (isOfSettings) return lock ?? refuseNobody();
  await confirmChooser(parts, caller, readProof(wish));
  return lock;
}

/**
 * Throws `forbidden` for a backup that others than the holders of secret keys could read: those are handed to people only, who type
 * their password.
 */
export async function assertSealed(path: string): Promise<void> {
  if (isForRecipients(await readStart(path))) return;
  throw new Refusal(
    'forbidden',
    'expected a backup that only a secret key opens, got one that is plain or under a passphrase',
    {
      rule: 'backup-in-person',
      hint: 'an admin gets it with the own password: POST /api/backups/{name}/download',
    },
  );
}

/** Throws `forbidden` unless a person asks whose proof this is. */
async function confirmChooser(parts: StepUpParts, caller: Caller, proof: StepUpProof): Promise<void> {
  if (caller.actor.kind !== 'person' || !hasProof(proof)) {
    throw new Refusal(
      'forbidden',
      'expected an admin in person, with the own password, to choose who can open a backup',
      {
        rule: 'backup-in-person',
        hint: 'API keys make backups for the recipients of SIGNPOST_BACKUP_RECIPIENTS; people log in and type their password',
      },
    );
  }
  await confirmPerson(parts, caller, proof);
}

function refuseNobody(): never {
  throw new Refusal('conflict', 'expected somebody to encrypt the backup to, and the settings name nobody', {
    rule: 'backup-recipients',
    hint: 'set SIGNPOST_BACKUP_RECIPIENTS to the public key of signpost backup key',
  });
}

function isWithin(recipients: readonly string[], allowed: readonly string[]): boolean {
  return recipients.every((recipient) => allowed.includes(recipient));
}

async function readStart(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
