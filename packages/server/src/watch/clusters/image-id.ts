/** What a runtime says that it runs (Kubernetes, ContainerStatus `imageID`): spelled in many ways, and not always a digest that a registry has. */
import { parseImage } from '../sources/image.ts';

/** See the file. */
export type RunningImage =
  | {
      readonly kind: 'known';
      /** Hex SHA-256 of the manifest or index. */
      readonly digest: string;
      /** Where the runtime has it from, as keys name it. */
      readonly repository: string;
    }
  /** It has not started yet. */
  | { readonly kind: 'waiting' }
  /** The hash of the image's configuration, which no registry is asked by: it was loaded by hand, or the runtime forgot where from. */
  | { readonly kind: 'image-id' }
  /** Nothing that can be read. */
  | { readonly kind: 'untold' };

const maxLength = 2048;
const imageIdPattern = /^(?:sha256:)?[0-9a-f]{64}$/;

/** Reads `docker-pullable://repository@sha256:…`, `repository@sha256:…` and what else there is. What is malformed is `untold`. */
export function parseImageId(text: string): RunningImage {
  if (text === '') return { kind: 'waiting' };
  if (text.length > maxLength) return { kind: 'untold' };
  const bare = text.replace(/^[a-z][a-z-]{0,31}:\/\//, '');
  if (imageIdPattern.test(bare)) return { kind: 'image-id' };
  const image = parseImage(bare);
  if (image?.digest === undefined) return { kind: 'untold' };
  return { kind: 'known', digest: image.digest.slice('sha256:'.length), repository: image.name };
}
