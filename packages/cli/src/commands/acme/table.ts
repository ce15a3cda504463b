/** The commands of `acme`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { acmeAccountList, acmeAccountRevoke, acmeOrderList } from './account.ts';
import { acmeDirectoryChange, acmeDirectoryCreate, acmeDirectoryList, acmeDirectoryShow } from './directory.ts';
import { acmeEabCreate, acmeEabList, acmeEabRevoke } from './eab.ts';

export const commands: readonly CommandSpec[] = [
  acmeDirectoryCreate,
  acmeDirectoryList,
  acmeDirectoryShow,
  acmeDirectoryChange,
  acmeEabCreate,
  acmeEabList,
  acmeEabRevoke,
  acmeAccountList,
  acmeAccountRevoke,
  acmeOrderList,
];
