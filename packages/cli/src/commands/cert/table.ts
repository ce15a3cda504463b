/** The commands of `cert`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { certDownload, certKey, certP12 } from './files.ts';
import { certIssue, certRequest } from './issue.ts';
import { certList, certSearch, certShow } from './list.ts';
import {
  certPolicyAllow,
  certPolicyDeny,
  certPolicyRemove,
  certPolicyShow,
  certProfileAdd,
  certProfileList,
  certProfileRemove,
  certProfileShow,
} from './policy.ts';
import { certRenew } from './renew.ts';
import { certCheck, certHold, certRelease, certRevoke } from './revoke.ts';

export const commands: readonly CommandSpec[] = [
  certRequest,
  certIssue,
  certList,
  certSearch,
  certShow,
  certRenew,
  certRevoke,
  certHold,
  certRelease,
  certCheck,
  certPolicyShow,
  certPolicyAllow,
  certPolicyDeny,
  certPolicyRemove,
  certProfileList,
  certProfileShow,
  certProfileAdd,
  certProfileRemove,
  certDownload,
  certKey,
  certP12,
];
