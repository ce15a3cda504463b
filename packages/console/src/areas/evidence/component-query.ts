/** What is asked of components, as it stands in the address and as the API takes it. */

/** As many as are shown at once. */
const limit = 50;

/** The members that the address has. */
export function readComponentQuery({ name, version, licence, purl, after }: Readonly<Record<string, string>>) {
  return {
    limit,
    ...(name && { name }),
    ...(version && { component_version: version }),
    ...(licence && { licence }),
    ...(purl && { purl }),
    ...(after && { after }),
  };
}
