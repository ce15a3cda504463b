/** The commands of `wordpress`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import {
  wordpressAssetsAdd,
  wordpressAssetsCancel,
  wordpressAssetsConfirm,
  wordpressAssetsDiff,
  wordpressAssetsList,
  wordpressAssetsPublish,
  wordpressAssetsRemove,
} from './assets.ts';
import { wordpressCredentialsClear, wordpressCredentialsSet, wordpressCredentialsShow } from './credentials.ts';
import { wordpressCancel, wordpressConfirm, wordpressDeploy, wordpressStatus } from './deploy.ts';
import {
  wordpressPreflightCancel,
  wordpressPreflightRun,
  wordpressPreflightSettings,
  wordpressPreflightShow,
} from './preflight.ts';
import { wordpressShow } from './show.ts';

export const commands: readonly CommandSpec[] = [
  wordpressShow,
  wordpressCredentialsSet,
  wordpressCredentialsShow,
  wordpressCredentialsClear,
  wordpressPreflightRun,
  wordpressPreflightShow,
  wordpressPreflightCancel,
  wordpressPreflightSettings,
  wordpressDeploy,
  wordpressConfirm,
  wordpressStatus,
  wordpressCancel,
  wordpressAssetsAdd,
  wordpressAssetsRemove,
  wordpressAssetsList,
  wordpressAssetsPublish,
  wordpressAssetsDiff,
  wordpressAssetsConfirm,
  wordpressAssetsCancel,
];
