/** An organisation with a certificate authority, for tests of the pki plane: real database, vault, keys and certificates. */

import type { AuthorityParts } from '../../src/pki/authorities/authority.ts';
import { createIntermediate, type NewIntermediate } from '../../src/pki/authorities/create-intermediate.ts';
import { createRoot, type NewRoot } from '../../src/pki/authorities/create-root.ts';
import type { AuthorityRow } from '../../src/pki/authorities/store.ts';
import { WeakKeys } from '../../src/pki/profiles/weak-keys.ts';
import type { Database } from '../../src/storage/database.ts';
import { createScene, type Scene } from '../releases/scene.ts';
import { cheapCost } from '../vault/cheap-cost.ts';

export const rootPassphrase = 'five quite random words here';

/** The organisation, and how its authorities are made. */
export interface PkiScene extends Scene {
  readonly parts: AuthorityParts;
  createRoot(wish?: Partial<NewRoot>): Promise<AuthorityRow>;
  createIntermediate(wish?: Partial<NewIntermediate>): Promise<AuthorityRow>;
}

/** An empty organisation on an empty, migrated database; authorities are called `root` and `issuing` unless named. */
export async function createPkiScene(database: Database): Promise<PkiScene> {
  return pkiSceneOf(await createScene(database));
}

/** The same over an organisation that is there already. */
export function pkiSceneOf(scene: Scene): PkiScene {
  const { caller } = scene;
  const parts = {
    ...scene.dependencies,
    weakKeys: new WeakKeys(),
    pkiUrl: 'http://pki.example',
    passphraseCost: cheapCost,
  };
  const usual = { keyType: 'ecdsa-p256' } as const;
  return {
    ...scene,
    parts,
    createRoot: (wish = {}) => {
      const name = wish.name ?? 'root';
      const subject = { CN: `${name} CA`, O: 'Example' };
      return createRoot(parts, caller, { ...usual, name, subject, passphrase: rootPassphrase, ...wish });
    },
    createIntermediate: (wish = {}) => {
      const name = wish.name ?? 'issuing';
      const subject = { CN: `${name} CA`, O: 'Example' };
      const above = { parent: 'root', passphrase: rootPassphrase };
      return createIntermediate(parts, caller, { ...usual, name, subject, ...above, ...wish });
    },
  };
}
