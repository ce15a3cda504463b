/** Opens the outer bus that the settings name. */
import { readFile } from 'node:fs/promises';
import type { Config } from '../../config.ts';
import type { Database } from '../database.ts';
import type { OuterBus } from './outer-bus.ts';
import { createPostgresBus } from './postgres.ts';

/** The bus for other processes; undefined when there is none. Connects to nothing yet. Throws when the credentials cannot be read. */
export async function openOuterBus({ bus }: Pick<Config, 'bus'>, database: Database): Promise<OuterBus | undefined> {
  switch (bus.kind) {
    case 'memory':
      return undefined;
    case 'postgres':
      return createPostgresBus(database);
    case 'nats': {
      const credentials = bus.credentialsFile === undefined ? undefined : await readFile(bus.credentialsFile, 'utf8');
      // Its client is loaded where it is wanted.
      const { createNatsBus } = await import('./nats.ts');
      return createNatsBus({ servers: bus.servers, credentials });
    }
  }
}
