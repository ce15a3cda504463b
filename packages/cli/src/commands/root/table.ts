/** The commands of `root`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { rootCombine, rootImport } from './exchange.ts';
import { rootInit } from './init.ts';
import { rootAddKey, rootAddPushKey, rootRevokeKey, rootSetProject } from './keys.ts';
import { rootRemoveLog, rootSetLog } from './log.ts';
import { rootAddRoot, rootRemoveRoot, rootRotate, rootSetThreshold } from './roots.ts';
import { rootShow } from './show.ts';
import { rootSign } from './sign.ts';
import { rootTest } from './test.ts';

export const commands: readonly CommandSpec[] = [
  rootInit,
  rootShow,
  rootAddKey,
  rootAddPushKey,
  rootRevokeKey,
  rootSetLog,
  rootRemoveLog,
  rootSetProject,
  rootAddRoot,
  rootRemoveRoot,
  rootSetThreshold,
  rootRotate,
  rootSign,
  rootImport,
  rootCombine,
  rootTest,
];
