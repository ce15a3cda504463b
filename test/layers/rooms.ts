/** The architecture as a table (docs/architecture.md): every source file stands in one room, and imports only point down. */

/** A part of the tree with its own order. */
export interface House {
  /** Path from the top folder, ending in `/`. */
  readonly root: string;
  /**
   * Bottom to top. A room is a folder (`bytes/`) or a file, which is then none of its folder's, and imports the rooms of the floors before its own; rooms
   * of one floor do not know each other. `undefined`: one room, the whole house.
   */
  readonly floors: readonly (readonly string[])[] | undefined;
  /** Workspace packages that may be imported by name, as far as their `exports` allow. */
  readonly packages: readonly string[];
  /** Other houses whose files may be reached by a relative path. */
  readonly reaches: readonly string[];
}

const protocol: House = {
  root: 'packages/protocol/src/',
  floors: [
    ['errors.ts'],
    ['bytes/'],
    ['asn1/', 'json/', 'versions/'],
    ['keys/'],
    ['dsse/', 'jose/', 'minisign/', 'openpgp/', 'ssh/', 'tlog/', 'x509/'],
    ['cms/', 'intoto/', 'sarif/', 'sbom/'],
    ['sigstore/', 'tuf/'],
    ['policy/'],
    ['updates/'],
    ['frames/'],
    ['client/'],
    ['fetching/'],
    ['main.ts'],
  ],
  packages: [],
  reaches: [],
};

/** The watch has an order of its own: from what there is, over what was seen and accepted of it, to who looks and who asks. */
const watchFloors: readonly (readonly string[])[] = [
  ['watch/parts.ts', 'watch/facts/'],
  ['watch/baseline/'],
  ['watch/drift/', 'watch/observations/'],
  ['watch/learning/'],
  ['watch/policies/'],
  ['watch/sources/'],
  ['watch/recording/teach.ts', 'watch/policies/proposal.ts'],
  ['watch/findings/'],
  ['watch/recording/', 'watch/observing/store.ts'],
  ['watch/announcements/', 'watch/decisions/', 'watch/formats/', 'watch/publisher-keys/'],
  ['watch/readers/reader.ts'],
  ['watch/readers/ask.ts', 'watch/readers/covered-hash.ts', 'watch/readers/kept-answers.ts', 'watch/readers/origin.ts'],
  ['watch/readers/facts/', 'watch/readers/send-question.ts'],
  ['watch/readers/feed/', 'watch/readers/git/', 'watch/readers/npm/', 'watch/readers/oci/', 'watch/readers/signpost/'],
  ['watch/readers/'],
  ['watch/observing/'],
  ['watch/cases/', 'watch/gates/', 'watch/inventory/', 'watch/patrol/', 'watch/vouching/'],
  ['watch/admission/', 'watch/clusters/'],
  ['watch/sources/routes.ts'],
  [
    ...[
      'watch/admission/routes.ts',
      'watch/announcements/routes.ts',
      'watch/cases/routes.ts',
      'watch/decisions/routes.ts',
      'watch/findings/routes.ts',
    ],
    ...['watch/gates/routes.ts', 'watch/inventory/routes.ts', 'watch/observing/routes.ts', 'watch/policies/routes.ts'],
    ...['watch/formats/routes.ts', 'watch/publisher-keys/routes.ts', 'watch/vouching/routes.ts'],
  ],
  ['watch/'],
];

const server: House = {
  root: 'packages/server/src/',
  floors: [
    ['mail/address.ts'],
    [
      'errors.ts',
      'config-values.ts',
      'json-text.ts',
      'node-program.ts',
      'packages-by-need.ts',
      'roles.json',
      'thread-environment.ts',
    ],
    ['config-reader.ts'],
    ['config.ts'],
    ['storage/'],
    ['images/', 'mail/'],
    ['vault/'],
    ['audit/'],
    ['http/'],
    ['accounts/'],
    ['trust/'],
    ['pki/profiles/'],
    ['pki/records/'],
    ['pki/authorities/'],
    ['pki/certificates/'],
    ['pki/revocation/'],
    ['pki/timestamps/'],
    ['pki/consistency/'],
    ['pki/acme/'],
    ['pki/access/'],
    ['evidence/'],
    ['releases/'],
    ['modules/'],
    ['wordpress/'],
    ...watchFloors,
    ['notifications/'],
    ['push/'],
    ['backup/'],
    ['overview/'],
    ['doctor/'],
    ['resources.ts'],
    ['jobs.ts', 'schedules.ts'],
    ['app.ts', 'planes.ts', 'setup.ts'],
    ['generation.ts'],
    ['reign.ts'],
    ['listeners.ts'],
    ['main.ts'],
  ],
  packages: ['@signpost/protocol'],
  reaches: [],
};

/** An area of the console knows no other; all of them know the parts, and only the shell knows all of them. */
const consoleHouse: House = {
  root: 'packages/console/src/',
  floors: [
    ['svelte.d.ts', 'api/openapi.d.ts'],
    ['api/', 'language/'],
    ['app/'],
    ['parts/'],
    [
      ...[
        'areas/accounts/',
        'areas/certificates/',
        'areas/evidence/',
        'areas/modules/',
        'areas/overview/',
        'areas/push/',
      ],
      ...['areas/releases/', 'areas/setup/', 'areas/system/', 'areas/trust/', 'areas/watch/', 'areas/wordpress/'],
    ],
    // The script of a page of the server's: it knows the language and what reads files, and no part of the console's pages.
    ['shell/', 'verify/'],
    ['main.ts'],
  ],
  packages: ['@signpost/protocol'],
  reaches: [],
};

const allPackages = ['@signpost/protocol', '@signpost/server', '@signpost/cli'];

/** All houses. A file under none of them is in no room. */
export const houses: readonly House[] = [
  protocol,
  server,
  // Over HTTP only; `serve`, `init` and their like open the server package by its one entry.
  house('packages/cli/src/', { packages: ['@signpost/protocol', '@signpost/server'] }),
  consoleHouse,
  // Tables that programs hand to the functions that ask them.
  house('packages/protocol/data/'),
  // The generators of the test vectors make their documents as the tests do.
  house('packages/protocol/vectors/', {
    packages: ['@signpost/protocol'],
    reaches: [protocol.root, 'packages/protocol/test/'],
  }),
  house('packages/protocol/test/', {
    packages: ['@signpost/protocol'],
    reaches: [protocol.root, 'packages/protocol/vectors/'],
  }),
  // Registries of the tests hold bundles that are minted as in the tests of what verifies them.
  house('packages/server/test/', {
    packages: ['@signpost/protocol', '@signpost/server'],
    reaches: [server.root, 'packages/protocol/test/'],
  }),
  // Bundles are minted as in the tests of what verifies them.
  house('packages/cli/test/', { packages: allPackages, reaches: ['packages/cli/src/', 'packages/protocol/test/'] }),
  house('packages/console/test/', {
    packages: allPackages,
    reaches: ['packages/console/src/', 'packages/protocol/test/'],
  }),
  house('test/', { packages: allPackages, reaches: ['packages/'] }),
  house('bench/', { packages: allPackages, reaches: ['packages/', 'test/'] }),
  house('scripts/', { reaches: ['packages/cli/src/module-resolution.ts', 'packages/server/test/storage/'] }),
];

function house(
  root: string,
  { packages = [], reaches = [] }: Partial<Pick<House, 'packages' | 'reaches'>> = {},
): House {
  return { root, floors: undefined, packages, reaches };
}

/** The house that `path` stands in. */
export function findHouse(path: string): House | undefined {
  return houses.find(({ root }) => path.startsWith(root));
}

/** The floor that `path` stands on and its room there; `undefined`: in no room. */
export function findRoom(path: string): { readonly floor: number; readonly room: string } | undefined {
  const house = findHouse(path);
  if (!house) return undefined;
  if (!house.floors) return { floor: 0, room: house.root };
  const local = path.slice(house.root.length);
  return findOn(house.floors, (name) => name === local) ?? findOn(house.floors, isAbove(local));
}

const isAbove = (local: string) => (name: string) => name.endsWith('/') && local.startsWith(name);

function findOn(
  floors: NonNullable<House['floors']>,
  isRoom: (name: string) => boolean,
): { readonly floor: number; readonly room: string } | undefined {
  for (const [floor, rooms] of floors.entries()) {
    const room = rooms.find(isRoom);
    if (room) return { floor, room };
  }
  return undefined;
}
