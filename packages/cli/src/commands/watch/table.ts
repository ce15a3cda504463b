/** The commands of `watch`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { watchAnnouncements, watchVouches, watchWithdraw } from './announcement.ts';
import { watchClusterAdd, watchClusterList, watchClusterRemove, watchClusterShow } from './cluster.ts';
import { watchExport } from './export.ts';
import { watchAccept, watchAcknowledge, watchDismiss, watchFinding, watchFindings, watchReject } from './finding.ts';
import { watchCheck, watchPolicySet, watchPolicyShow, watchPropose } from './gate.ts';
import { watchImport } from './import.ts';
import { watchKeyAdd, watchKeyList, watchKeyRemove } from './key.ts';
import { watchNotifyAdd, watchNotifyConfirm, watchNotifyList, watchNotifyRemove, watchNotifyTest } from './notify.ts';
import { watchObserve } from './observe.ts';
import { watchSelftest } from './selftest.ts';
import { watchCases, watchDeclare, watchMirror, watchRetire, watchRevoke } from './signers.ts';
import { watchAdd, watchAnnounce, watchHistory, watchList, watchRemove, watchShow } from './source.ts';
import { watchVouch } from './vouch.ts';

export const commands: readonly CommandSpec[] = [
  watchAdd,
  watchList,
  watchShow,
  watchHistory,
  watchAnnounce,
  watchAnnouncements,
  watchWithdraw,
  watchRemove,
  watchDeclare,
  watchRetire,
  watchRevoke,
  watchKeyAdd,
  watchKeyList,
  watchKeyRemove,
  watchVouch,
  watchVouches,
  watchMirror,
  watchCases,
  watchClusterAdd,
  watchClusterList,
  watchClusterShow,
  watchClusterRemove,
  watchObserve,
  watchCheck,
  watchPolicyShow,
  watchPolicySet,
  watchPropose,
  watchExport,
  watchImport,
  watchSelftest,
  watchFindings,
  watchFinding,
  watchAcknowledge,
  watchAccept,
  watchReject,
  watchDismiss,
  watchNotifyAdd,
  watchNotifyConfirm,
  watchNotifyList,
  watchNotifyRemove,
  watchNotifyTest,
];
