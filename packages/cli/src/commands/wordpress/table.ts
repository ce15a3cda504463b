/** The commands of `wordpress`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { wordpressCredentialsClear, wordpressCredentialsSet, wordpressCredentialsShow } from './credentials.ts';
import { wordpressCancel, wordpressConfirm, wordpressDeploy, wordpressStatus } from './deploy.ts';
import { wordpressShow } from './show.ts';

export const commands: readonly CommandSpec[] = [
  wordpressShow,
  wordpressCredentialsSet,
  wordpressCredentialsShow,
  wordpressCredentialsClear,
  wordpressDeploy,
  wordpressConfirm,
  wordpressStatus,
  wordpressCancel,
];
