/**
 * A database made beside the one in force, and taken into force by one atomic step: a rename on SQLite, a transaction on
 * PostgreSQL. What was in force before is kept until somebody confirms the new one, and comes back by one step as well.
 * Blobs need no step: they are named by their content, so more of them change nothing for whichever database.
 */
import type { DatabaseLocation } from '../database/open.ts';
import type { Database } from '../database.ts';

/** A database that nobody uses yet. */
export interface StagedDatabase {
  readonly database: Database;
  /** Closes it and takes it into force; the one before is kept. The caller holds the locks of folder and database. */
  place(): Promise<void>;
  /** Closes it and removes it. */
  discard(): Promise<void>;
}

/** Where swaps of a database are made: the database, and the folder `dir` on the same file system for what is kept. */
export interface SwapPlace {
  readonly location: DatabaseLocation;
  readonly dir: string;
}

/** How an engine does it. */
export interface Swap {
  stage(): Promise<StagedDatabase>;
  /**
   * Brings to an end what a crash cut off, and removes what was only staged. `trial`: a new database is in force that
   * nobody has confirmed. `settled`: the old one, or one that was confirmed.
   */
  recover(): Promise<'settled' | 'trial'>;
  /** Removes what was kept: the new database has proved itself. */
  confirm(): Promise<void>;
  /** Takes back into force what was kept, and removes the new one, which must be closed. */
  undo(): Promise<void>;
}
