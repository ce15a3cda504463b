/** The commands of `webhook`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { webhookDeliveries, webhookReplay, webhookTest } from './delivery.ts';
import {
  webhookChange,
  webhookCreate,
  webhookDisable,
  webhookEnable,
  webhookList,
  webhookRemove,
  webhookRotate,
  webhookShow,
} from './webhook.ts';

export const commands: readonly CommandSpec[] = [
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
];
