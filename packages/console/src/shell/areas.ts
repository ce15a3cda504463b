/** All areas, in the order of the navigation. */
import type { Area } from '../app/area.ts';
import { accounts } from '../areas/accounts/routes.ts';
import { certificates } from '../areas/certificates/routes.ts';
import { evidence } from '../areas/evidence/routes.ts';
import { modules } from '../areas/modules/routes.ts';
import { overview } from '../areas/overview/routes.ts';
import { push } from '../areas/push/routes.ts';
import { releases } from '../areas/releases/routes.ts';
import { setup } from '../areas/setup/routes.ts';
import { system } from '../areas/system/routes.ts';
import { trust } from '../areas/trust/routes.ts';
import { watch } from '../areas/watch/routes.ts';
import { wordpress } from '../areas/wordpress/routes.ts';

/** The areas. */
export const areas: readonly Area[] = [
  overview,
  setup,
  releases,
  modules,
  wordpress,
  evidence,
  trust,
  certificates,
  watch,
  push,
  accounts,
  system,
];
