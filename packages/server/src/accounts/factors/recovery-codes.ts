/** Recovery codes: for those who lost what they prove themselves with. Ten at a time, shown once, each good once, kept as hashes. */
import { createHash, randomBytes } from 'node:crypto';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import type { Query } from '../../storage/database.ts';
import { queueAccountMail } from '../notices/queue.ts';
import { replaceRecoveryCodes, takeRecoveryCode } from './store.ts';
import { encodeBase32 } from './totp.ts';

const codeCount = 10;
/** 80 bits: nobody guesses one, nor finds one from its hash, however fast the hash. */
const codeBytes = 10;

/** A person whose codes these are, and who does it when. */
export interface CodeAct {
  readonly caller: Caller;
  readonly personId: string;
  readonly now: number;
}

/** Makes new codes in the place of all others of the person (`recovery_codes.made`). They are nowhere else. */
export async function makeRecoveryCodes(transaction: Query, { caller, personId, now }: CodeAct): Promise<string[]> {
  const codes = Array.from({ length: codeCount }, () => formatCode(encodeBase32(randomBytes(codeBytes)).toLowerCase()));
  await replaceRecoveryCodes(
    transaction,
    personId,
    codes.map((code) => ({
      person_id: personId,
      code_hash: hashCode(personId, code),
      created_at: now,
      used_at: null,
    })),
  );
  await recordAudit(transaction, now, {
    ...caller,
    action: 'recovery_codes.made',
    object: { kind: 'person', id: personId },
  });
  return codes;
}

/** Takes a code of the person, however it is written (`recovery_code.used`). Whether it was one that nobody had taken. */
export async function spendRecoveryCode(
  transaction: Query,
  code: string,
  { caller, personId, now }: CodeAct,
): Promise<boolean> {
  if (!(await takeRecoveryCode(transaction, { personId, codeHash: hashCode(personId, code), now }))) return false;
  await queueAccountMail(transaction, { personId, change: 'recovery_code.used', now });
  await recordAudit(transaction, now, {
    ...caller,
    action: 'recovery_code.used',
    object: { kind: 'person', id: personId },
  });
  return true;
}

function formatCode(text: string): string {
  return (text.match(/.{4}/g) ?? []).join('-');
}

/** Bound to the person, so that a row is worth nothing beside another. */
function hashCode(personId: string, code: string): string {
  const plain = code.toLowerCase().replaceAll(/[^a-z2-7]/g, '');
  return createHash('sha256').update(`signpost/recovery-code/${personId}/${plain}`).digest('hex');
}
