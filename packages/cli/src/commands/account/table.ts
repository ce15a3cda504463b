/** The commands of `login`, `logout`, `user`, `factor`, `organisation`, `api-key`, `access`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { accessCreate, accessList, accessRemove } from './access.ts';
import { apiKeyCreate, apiKeyList, apiKeyRevoke } from './api-key.ts';
import { factorAddTotp, factorList, factorRecoveryCodes, factorRemove, organisationSecondFactor } from './factor.ts';
import { login, logout } from './login.ts';
import { userAdd, userDisable, userList, userPassword, userResetFactors, userRole } from './user.ts';

export const commands: readonly CommandSpec[] = [
  login,
  logout,
  userAdd,
  userList,
  userRole,
  userDisable,
  userPassword,
  userResetFactors,
  factorList,
  factorAddTotp,
  factorRemove,
  factorRecoveryCodes,
  organisationSecondFactor,
  apiKeyCreate,
  apiKeyList,
  apiKeyRevoke,
  accessCreate,
  accessList,
  accessRemove,
];
