/** `signpost watch selftest`: whether the alarm comes when somebody strips or replaces a signature. */
import type { CommandSpec, Invocation } from '../../command.ts';
import { readRegistryCredentials } from '../../evidence/registry-config.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { openLocalRegistry } from '../../selftest/local-registry.ts';
import { openRegistryRepository } from '../../selftest/registry-repository.ts';
import type { ScratchRepository } from '../../selftest/scratch-repository.ts';
import { runSelftest, type SelftestStep } from '../../selftest/selftest.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';

/** `signpost watch selftest`. */
export const watchSelftest: CommandSpec = {
  words: 'watch selftest',
  summary: 'Sign, strip and sign again by a stranger in a scratch repository, and see whether the alarm comes',
  details: [
    'The server must be able to read the repository. Without --registry this command serves one itself, on the machine of the server, which must list its address: SIGNPOST_WATCH_HOSTS=http://127.0.0.1:5089. With it, images are pushed there: the repository is for this alone, and must not be watched.',
    'While it runs, a log that was made for it is a trusted root of the organisation (watch-selftest): its key is in the memory of this command alone, and it counts for an hour at most. Source, findings and trusted root are gone afterwards, or dismissed. It needs the rights of an admin. Ends with 1 when a step fails.',
  ],
  options: [
    {
      flags: '--registry <repository>',
      text: 'push there: host[:port]/repository, with http:// before it for a registry without TLS',
    },
    {
      flags: '--registry-config <file>',
      text: 'name and password for it, from a file of `docker login` or `podman login`',
    },
    {
      flags: '--listen <address>',
      text: 'where this command serves the repository itself',
      fallback: '127.0.0.1:5089',
    },
  ],
  examples: [
    'signpost watch selftest',
    'signpost watch selftest --registry registry.corp:5000/signpost/selftest --registry-config ~/.docker/config.json --json',
  ],
  run: test,
};

async function test(invocation: Invocation): Promise<Answer> {
  const { output, now } = invocation;
  const client = await connectAuthenticated(invocation);
  const repository = await openRepository(invocation);
  try {
    const steps = await runSelftest({ client, repository, now, told: (step) => output.say(describe(step)) });
    const failed = steps.filter(({ ok }) => !ok);
    const document = {
      ok: failed.length === 0,
      repository: repository.name,
      steps: steps.map((step) => ({ ...step })),
    };
    if (failed.length === 0) return { document, lines: ['The alarm comes.'] };
    return { document, lines: [`${failed.length} of ${steps.length} steps failed.`], reason: 'refused' };
  } finally {
    await repository.close();
  }
}

function describe({ step, ok, detail }: SelftestStep): string {
  return `${ok ? 'ok  ' : 'FAIL'}  ${step}: ${detail}`;
}

async function openRepository({ options, fetch }: Invocation): Promise<ScratchRepository> {
  const text = options.text('registry');
  if (text === undefined) return openLocalRegistry(options.requiredText('listen'));
  const [, scheme, host = '', repository = ''] =
    /^(http:\/\/|https:\/\/)?([a-z0-9.:[\]-]+)\/([a-z0-9._/-]+)$/.exec(text) ?? [];
  if (repository === '') {
    throw new Failure('usage', 'expected --registry to be a repository without tag', {
      hint: 'such as registry.corp:5000/signpost/selftest',
    });
  }
  const isLocal = /^(?:localhost|127\.[\d.]+|\[::1\])(?::|$)/.test(host);
  const origin = `${scheme ?? (isLocal ? 'http://' : 'https://')}${host}`;
  const config = options.text('registry-config');
  const place = { kind: 'oci', origin, repository } as const;
  const credentials =
    config === undefined ? undefined : await readRegistryCredentials(config, { ...place, reference: 'latest' });
  return openRegistryRepository({ ...place, host, credentials, fetch });
}
