/** All commands, in the order of the reference. */
import type { CommandSpec } from './command.ts';
import { accessCreate, accessList, accessRemove } from './commands/account/access.ts';
import { apiKeyCreate, apiKeyList, apiKeyRevoke } from './commands/account/api-key.ts';
import { login, logout } from './commands/account/login.ts';
import { userAdd, userDisable, userList, userPassword, userRole } from './commands/account/user.ts';
import { acmeAccountList, acmeAccountRevoke, acmeOrderList } from './commands/acme/account.ts';
import {
  acmeDirectoryChange,
  acmeDirectoryCreate,
  acmeDirectoryList,
  acmeDirectoryShow,
} from './commands/acme/directory.ts';
import { acmeEabCreate, acmeEabList, acmeEabRevoke } from './commands/acme/eab.ts';
import { backupCreate } from './commands/backup/create.ts';
import { backupKey, backupList } from './commands/backup/list.ts';
import { restore } from './commands/backup/restore.ts';
import { backupDrill, backupVerify } from './commands/backup/verify.ts';
import { caCreateIntermediate, caCreateRoot } from './commands/ca/create.ts';
import { caCrlImport, caCrlPublish, caCrlShow } from './commands/ca/crl.ts';
import { caRetire, caRevoke } from './commands/ca/end.ts';
import { caImport, caImportCertificate, caRequest } from './commands/ca/exchange.ts';
import { caCrossSign, caRekey, caRenew, caSuccessor } from './commands/ca/renew.ts';
import { caRootCrl, caRootInit, caRootShow, caRootSign } from './commands/ca/root.ts';
import { caList, caShow } from './commands/ca/show.ts';

import { certDownload, certKey, certP12 } from './commands/cert/files.ts';

import { certIssue, certRequest } from './commands/cert/issue.ts';
import { certList, certSearch, certShow } from './commands/cert/list.ts';
import {
  certPolicyAllow,
  certPolicyDeny,
  certPolicyRemove,
  certPolicyShow,
  certProfileAdd,
  certProfileList,
  certProfileRemove,
  certProfileShow,
} from './commands/cert/policy.ts';
import { certRenew } from './commands/cert/renew.ts';
import { certCheck, certHold, certRelease, certRevoke } from './commands/cert/revoke.ts';
import { check, download } from './commands/client/check.ts';
import { mirrorExport } from './commands/client/mirror.ts';
import {
  evidenceAttach,
  evidenceDownload,
  evidenceJudge,
  evidenceRemove,
  evidenceShow,
} from './commands/evidence/evidence.ts';
import { fetchCommand } from './commands/evidence/fetch.ts';
import { inspect } from './commands/evidence/inspect.ts';
import { overrideCreate, overrideList, overrideRemove } from './commands/evidence/override.ts';
import { policyHistory, policyRemove, policySet, policyShow } from './commands/evidence/policy.ts';
import { policyTest } from './commands/evidence/policy-test.ts';
import { sbomAttach, sbomDiff, sbomSearch, sbomShow } from './commands/evidence/sbom.ts';
import {
  trustRootAdd,
  trustRootList,
  trustRootRefresh,
  trustRootRemove,
  trustRootShow,
} from './commands/evidence/trust-root.ts';
import { verify } from './commands/evidence/verify.ts';
import {
  vulnerabilitiesAnswer,
  vulnerabilitiesImport,
  vulnerabilitiesList,
  vulnerabilitiesRemove,
  vulnerabilitiesShow,
} from './commands/evidence/vulnerabilities.ts';
import { createHelpCommands } from './commands/help.ts';
import { keyNewMaintainer } from './commands/key/new-maintainer.ts';
import { keyActivate, keyCreate, keyList, keyRetire, keyRevoke } from './commands/key/server-key.ts';
import {
  projectChange,
  projectCreate,
  projectDelete,
  projectList,
  projectRestore,
  projectShow,
} from './commands/project/project.ts';
import { publisherAdd, publisherList, publisherRemove } from './commands/publisher/publisher.ts';
import { pushIdentity } from './commands/push/identity.ts';
import { pushChannels, pushCreateChannel, pushPublish, pushRemoveChannel } from './commands/push/publish.ts';
import { tail } from './commands/push/tail.ts';
import { approve } from './commands/release/approve.ts';
import { ciUpload } from './commands/release/ci-upload.ts';
import {
  releaseActivate,
  releaseDelete,
  releaseList,
  releaseRestore,
  releaseShow,
  releaseWithdraw,
} from './commands/release/release.ts';
import { releaseUpload } from './commands/release/upload.ts';
import { rootCombine, rootImport } from './commands/root/exchange.ts';
import { rootInit } from './commands/root/init.ts';
import { rootAddKey, rootAddPushKey, rootRevokeKey, rootSetProject } from './commands/root/keys.ts';
import { rootAddRoot, rootRemoveRoot, rootRotate, rootSetThreshold } from './commands/root/roots.ts';
import { rootShow } from './commands/root/show.ts';
import { rootSign } from './commands/root/sign.ts';
import { rootTest } from './commands/root/test.ts';
import { auditExport, auditList, auditVerify } from './commands/server/audit.ts';
import { rescan } from './commands/server/rescan.ts';
import { init, migrate, serve } from './commands/server/serve.ts';
import { doctor, status } from './commands/server/status.ts';
import { lock, unlock, vaultChangePassword, vaultReset } from './commands/server/vault.ts';
import { timestamp } from './commands/timestamp/timestamp.ts';
import { tsaDisable, tsaEnable, tsaStatus } from './commands/timestamp/tsa.ts';
import { timestampVerify } from './commands/timestamp/verify.ts';
import { trustImport, trustPubkey, trustShow, trustVersions } from './commands/trust/trust.ts';
import { watchExport } from './commands/watch/export.ts';
import {
  watchAccept,
  watchAcknowledge,
  watchDismiss,
  watchFinding,
  watchFindings,
  watchReject,
} from './commands/watch/finding.ts';
import { watchCheck, watchPolicySet, watchPolicyShow, watchPropose } from './commands/watch/gate.ts';
import { watchImport } from './commands/watch/import.ts';
import { watchKeyAdd, watchKeyList, watchKeyRemove } from './commands/watch/key.ts';
import { watchObserve } from './commands/watch/observe.ts';
import { watchCases, watchDeclare, watchMirror, watchRetire, watchRevoke } from './commands/watch/signers.ts';
import { watchAdd, watchAnnounce, watchHistory, watchList, watchRemove, watchShow } from './commands/watch/source.ts';
import { webhookDeliveries, webhookReplay, webhookTest } from './commands/webhook/delivery.ts';
import {
  webhookChange,
  webhookCreate,
  webhookDisable,
  webhookEnable,
  webhookList,
  webhookRemove,
  webhookRotate,
  webhookShow,
} from './commands/webhook/webhook.ts';
import {
  wordpressCredentialsClear,
  wordpressCredentialsSet,
  wordpressCredentialsShow,
} from './commands/wordpress/credentials.ts';
import { wordpressCancel, wordpressConfirm, wordpressDeploy, wordpressStatus } from './commands/wordpress/deploy.ts';
import { wordpressShow } from './commands/wordpress/show.ts';
import { demo } from './demo/demo.ts';
import { version } from './version.ts';

/** The table that program, reference and completions are made from. */
export const commands: readonly CommandSpec[] = [
  demo,
  init,
  serve,
  migrate,
  login,
  logout,
  status,
  doctor,
  unlock,
  lock,
  vaultChangePassword,
  vaultReset,
  rootInit,
  rootShow,
  rootAddKey,
  rootAddPushKey,
  rootRevokeKey,
  rootSetProject,
  rootAddRoot,
  rootRemoveRoot,
  rootSetThreshold,
  rootRotate,
  rootSign,
  rootImport,
  rootCombine,
  rootTest,
  trustImport,
  trustShow,
  trustVersions,
  trustPubkey,
  keyCreate,
  keyList,
  keyActivate,
  keyRetire,
  keyRevoke,
  keyNewMaintainer,
  projectCreate,
  projectList,
  projectShow,
  projectChange,
  projectDelete,
  projectRestore,
  publisherAdd,
  publisherList,
  publisherRemove,
  releaseUpload,
  ciUpload,
  releaseList,
  releaseShow,
  releaseActivate,
  releaseWithdraw,
  releaseDelete,
  releaseRestore,
  wordpressShow,
  wordpressCredentialsSet,
  wordpressCredentialsShow,
  wordpressCredentialsClear,
  wordpressDeploy,
  wordpressConfirm,
  wordpressStatus,
  wordpressCancel,
  sbomAttach,
  sbomShow,
  sbomDiff,
  sbomSearch,
  vulnerabilitiesImport,
  vulnerabilitiesList,
  vulnerabilitiesRemove,
  vulnerabilitiesShow,
  vulnerabilitiesAnswer,
  approve,
  policyTest,
  policySet,
  policyShow,
  policyHistory,
  policyRemove,
  evidenceAttach,
  evidenceShow,
  evidenceJudge,
  evidenceDownload,
  evidenceRemove,
  overrideCreate,
  overrideList,
  overrideRemove,
  check,
  download,
  verify,
  inspect,
  fetchCommand,
  mirrorExport,
  backupCreate,
  backupList,
  backupVerify,
  backupDrill,
  backupKey,
  restore,
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
  rescan,
  caCreateRoot,
  caCreateIntermediate,
  caRequest,
  caImportCertificate,
  caImport,
  caList,
  caShow,
  caRenew,
  caCrossSign,
  caRekey,
  caSuccessor,
  caRetire,
  caRevoke,
  caCrlShow,
  caCrlPublish,
  caCrlImport,
  caRootInit,
  caRootSign,
  caRootCrl,
  caRootShow,
  tsaEnable,
  tsaStatus,
  tsaDisable,
  certDownload,
  certKey,
  certP12,
  timestamp,
  timestampVerify,
  trustRootList,
  trustRootAdd,
  trustRootShow,
  trustRootRefresh,
  trustRootRemove,
  tail,
  pushIdentity,
  pushChannels,
  pushCreateChannel,
  pushRemoveChannel,
  pushPublish,
  watchAdd,
  watchList,
  watchShow,
  watchHistory,
  watchAnnounce,
  watchRemove,
  watchDeclare,
  watchRetire,
  watchRevoke,
  watchKeyAdd,
  watchKeyList,
  watchKeyRemove,
  watchMirror,
  watchCases,
  watchObserve,
  watchCheck,
  watchPolicyShow,
  watchPolicySet,
  watchPropose,
  watchExport,
  watchImport,
  watchFindings,
  watchFinding,
  watchAcknowledge,
  watchAccept,
  watchReject,
  watchDismiss,
  webhookCreate,
  webhookList,
  webhookShow,
  webhookChange,
  webhookEnable,
  webhookDisable,
  webhookRemove,
  webhookRotate,
  webhookTest,
  webhookDeliveries,
  webhookReplay,
  auditVerify,
  auditList,
  auditExport,
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
  ...createHelpCommands(() => commands, version),
];
