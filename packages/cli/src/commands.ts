/** All commands, in the order of the reference. */
import type { CommandSpec } from './command.ts';
import { keyNewMaintainer } from './commands/key/new-maintainer.ts';
import { rootCombine, rootImport } from './commands/root/exchange.ts';
import { rootInit } from './commands/root/init.ts';
import { rootAddKey, rootRevokeKey, rootSetProject } from './commands/root/keys.ts';
import { rootAddRoot, rootRemoveRoot, rootRotate, rootSetThreshold } from './commands/root/roots.ts';
import { rootShow } from './commands/root/show.ts';
import { rootSign } from './commands/root/sign.ts';
import { rootTest } from './commands/root/test.ts';

/** The table that program, reference and completions are made from. */
export const commands: readonly CommandSpec[] = [
  rootInit,
  rootShow,
  rootAddKey,
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
  keyNewMaintainer,
];
