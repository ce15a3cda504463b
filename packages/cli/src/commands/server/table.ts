/** The commands of `init`, `serve`, `migrate`, `status`, `doctor`, `waiting`, `unlock`, `lock`, `vault`, `rescan`, `audit`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { auditExport, auditList, auditVerify } from './audit.ts';
import { rescan } from './rescan.ts';
import { init, migrate, serve } from './serve.ts';
import { doctor, status } from './status.ts';
import { lock, unlock, vaultChangePassword, vaultReset } from './vault.ts';
import { waiting } from './waiting.ts';

export const commands: readonly CommandSpec[] = [
  init,
  serve,
  migrate,
  status,
  doctor,
  waiting,
  unlock,
  lock,
  vaultChangePassword,
  vaultReset,
  rescan,
  auditVerify,
  auditList,
  auditExport,
];
