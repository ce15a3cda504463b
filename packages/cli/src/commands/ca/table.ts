/** The commands of `ca`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { caCreateIntermediate, caCreateRoot } from './create.ts';
import { caCrlImport, caCrlPublish, caCrlShow } from './crl.ts';
import { caRetire, caRevoke } from './end.ts';
import { caImport, caImportCertificate, caRequest } from './exchange.ts';
import { caCrossSign, caRekey, caRenew, caSuccessor } from './renew.ts';
import { caRootCrl, caRootInit, caRootShow, caRootSign } from './root.ts';
import { caList, caShow } from './show.ts';

export const commands: readonly CommandSpec[] = [
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
];
