/** The commands of `login`, `logout`, `user`, `api-key`, `access`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { accessCreate, accessList, accessRemove } from './access.ts';
import { apiKeyCreate, apiKeyList, apiKeyRevoke } from './api-key.ts';
import { login, logout } from './login.ts';
import { userAdd, userDisable, userList, userPassword, userRole } from './user.ts';

export const commands: readonly CommandSpec[] = [
  login,
  logout,
  userAdd,
  userList,
  userRole,
  userDisable,
  userPassword,
  apiKeyCreate,
  apiKeyList,
  apiKeyRevoke,
  accessCreate,
  accessList,
  accessRemove,
];
