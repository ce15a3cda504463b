/** The commands of collections, modules and catalogues, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { authorAdd, authorGive, authorKey, authorList, authorRevokeKey } from './author.ts';
import { catalogueCheck, catalogueShow } from './catalogue.ts';
import { collectionChange, collectionCreate, collectionDelete, collectionList, collectionShow } from './collection.ts';
import { moduleIconRemove, moduleIconSet, moduleIconShow } from './icon.ts';
import { moduleChange, moduleCreate, moduleDelete, moduleList, moduleShow } from './module.ts';
import { moduleApprove, moduleRefuse, moduleSubmission, moduleSubmissions, moduleWithdraw } from './submission.ts';
import { moduleSubmit } from './submit.ts';

export const commands: readonly CommandSpec[] = [
  collectionCreate,
  collectionList,
  collectionShow,
  collectionChange,
  collectionDelete,
  moduleCreate,
  moduleList,
  moduleShow,
  moduleChange,
  moduleDelete,
  moduleIconSet,
  moduleIconShow,
  moduleIconRemove,
  moduleSubmit,
  moduleSubmissions,
  moduleSubmission,
  moduleApprove,
  moduleRefuse,
  moduleWithdraw,
  authorAdd,
  authorList,
  authorKey,
  authorRevokeKey,
  authorGive,
  catalogueShow,
  catalogueCheck,
];
