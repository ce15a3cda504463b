/** The commands of `release`, `ci`, `approve`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { approve } from './approve.ts';
import { ciUpload } from './ci-upload.ts';
import { releaseImportSignature } from './import-signature.ts';
import { releasePropose } from './propose.ts';
import {
  releaseActivate,
  releaseDelete,
  releaseList,
  releaseRestore,
  releaseShow,
  releaseWithdraw,
} from './release.ts';
import { releaseSign } from './sign.ts';
import { releaseUpload } from './upload.ts';

export const commands: readonly CommandSpec[] = [
  releaseUpload,
  ciUpload,
  releaseList,
  releaseShow,
  releaseActivate,
  releaseWithdraw,
  releaseDelete,
  releaseRestore,
  approve,
  releasePropose,
  releaseSign,
  releaseImportSignature,
];
