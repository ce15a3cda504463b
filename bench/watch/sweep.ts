/** A sweep over a registry: 2,000 images looked at, beside the same requests without a watch around them. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { startDockerRegistry } from '../../packages/server/test/watch/readers/oci/docker-registry.ts';
import { putImage } from '../../packages/server/test/watch/readers/oci/images.ts';
import { lookAt } from '../../packages/server/test/watch/readers/oci/scene.ts';

const images = 2000;
const atOnce = 8;

/** Requests a second: the reader's, and those of a bare client for the same manifests on connections of their own. */
export async function measureSweep(): Promise<{
  readonly ours: number;
  readonly bare: number;
  readonly requests: number;
}> {
  const registry = await startDockerRegistry();
  try {
    const tags = Array.from({ length: images }, (_, at) => `1.0.${at}`);
    // One after the other: the registry does not take the same bytes twice at once.
    for (const tag of tags) await putImage(registry.open('org/app'), tag);
    const auth = registry.auths[registry.host]?.auth ?? '';
    const [user = '', password = ''] = Buffer.from(auth, 'base64').toString().split(':');
    const counter = { requests: 0 };
    const { see } = lookAt(registry.host, {
      findCredential: async () => ({ kind: 'password', user, password }),
      asked: () => {
        counter.requests += 1;
      },
    });
    const ours = await time(() => inParallel(tags, see));
    const bareMs = await time(() =>
      inParallel(
        Array.from({ length: counter.requests }, (_, at) => tags[at % images] ?? ''),
        (tag) => get(`http://${registry.host}/v2/org/app/manifests/${tag}`, `Basic ${auth}`),
      ),
    );
    const { requests } = counter;
    return { requests, ours: (requests * 1000) / ours, bare: (requests * 1000) / bareMs };
  } finally {
    await registry.stop();
  }
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  const run = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, run));
}

async function get(url: string, authorization: string): Promise<void> {
  const sent = request(url, { agent: new Agent(), headers: { authorization, connection: 'close' } });
  sent.end();
  const [response] = await once(sent, 'response');
  await buffer(response);
}
