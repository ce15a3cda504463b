/** The commands of collections, modules and catalogues, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { catalogueCheck, catalogueShow } from './catalogue.ts';
import { collectionChange, collectionCreate, collectionDelete, collectionList, collectionShow } from './collection.ts';
import { moduleChange, moduleCreate, moduleDelete, moduleList, moduleShow } from './module.ts';

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
  catalogueShow,
  catalogueCheck,
];
