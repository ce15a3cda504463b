/** The commands of `project`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { projectChange, projectCreate, projectDelete, projectList, projectRestore, projectShow } from './project.ts';

export const commands: readonly CommandSpec[] = [
  projectCreate,
  projectList,
  projectShow,
  projectChange,
  projectDelete,
  projectRestore,
];
