/** What a dropped file is, so that it goes where it belongs, and what the server says of it. */
import type { Answer, Client } from '../../api/client.ts';

/** What may be attached to a release. */
export const attachedKinds = ['bundle', 'sbom', 'vex'] as const;
/** One of them. */
export type AttachedKind = (typeof attachedKinds)[number];

/** A file that is to be attached, and to which file of the release. */
export interface Attachment {
  readonly slug: string;
  readonly version: string;
  /** The SHA-256 of a file of the release; undefined: the main one. */
  readonly artifact: string | undefined;
  readonly kind: AttachedKind;
  readonly file: File;
}

/** What the server has made of it. */
export type Attached =
  | {
      readonly kind: 'bundle';
      readonly verdict: Answer<'POST /api/projects/{slug}/releases/{version}/evidence'>['verdict'];
    }
  | { readonly kind: 'sbom'; readonly sbom: Answer<'PUT /api/projects/{slug}/releases/{version}/sbom'> }
  | { readonly kind: 'vex'; readonly vex: Answer<'PUT /api/projects/{slug}/releases/{version}/vex'> };

const headBytes = 65_536;

/** What a file seems to be by how it begins: an SBOM or a VEX says so, everything else is taken for a bundle. The server looks closer. */
export async function guessKind(file: Blob): Promise<AttachedKind> {
  const head = (await file.slice(0, headBytes).text()).trimStart();
  if (/"@context"\s*:\s*"https:\/\/openvex\.dev\//.test(head)) return 'vex';
  const isCycloneDx = /"bomFormat"\s*:/.test(head);
  // CycloneDX carries VEX as well: answers without components.
  if (isCycloneDx && /"vulnerabilities"\s*:/.test(head) && !/"components"\s*:/.test(head)) return 'vex';
  if (isCycloneDx || head.startsWith('<') || /"(?:spdxVersion|SPDXID)"\s*:|spdx\.org\/rdf\/3/.test(head)) return 'sbom';
  return 'bundle';
}

/** Attaches it. Throws `Problem` for what the server refuses. */
export async function attach(api: Pick<Client, 'change'>, attachment: Attachment): Promise<Attached> {
  const { slug, version, artifact, kind, file } = attachment;
  const path = { slug, version };
  const about = artifact === undefined ? {} : { artifact };
  // Without the type that a browser guesses: the server tells by the content.
  const body = file.slice();
  if (kind === 'sbom') {
    const sbom = await api.change('PUT /api/projects/{slug}/releases/{version}/sbom', { path, query: about, body });
    return { kind, sbom };
  }
  if (kind === 'vex') {
    return { kind, vex: await api.change('PUT /api/projects/{slug}/releases/{version}/vex', { path, body }) };
  }
  const query = { ...about, name: nameOf(file) };
  const { verdict } = await api.change('POST /api/projects/{slug}/releases/{version}/evidence', { path, query, body });
  return { kind, verdict };
}

/** A name as the server takes it. */
function nameOf({ name }: File): string {
  return name.replaceAll(/[^\w.@+ -]/g, '_').slice(0, 128);
}
