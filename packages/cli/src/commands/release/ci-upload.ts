/** `signpost ci upload`: a build uploads what it made, by the token of its platform. */
import type { CommandSpec } from '../../command.ts';
import { connectAsBuild } from '../../http/build-token.ts';
import { releaseUpload, uploadRelease } from './upload.ts';

/** `signpost ci upload`. */
export const ciUpload: CommandSpec = {
  words: 'ci upload',
  arguments: '<file...>',
  summary: 'Upload files from a build on GitHub Actions or GitLab CI, without a stored key',
  details: [
    'The build proves who it is by a token of its platform, made for this server alone and taken once; an admin has named the workflow by `signpost publisher add`. The key that the server gives for it holds for fifteen minutes.',
    'GitHub Actions: the job needs `permissions: id-token: write`. GitLab CI: `id_tokens: { SIGNPOST_ID_TOKEN: { aud: SERVER } }`.',
  ],
  options: [
    ...(releaseUpload.options ?? []),
    {
      flags: '--audience <url>',
      text: "the server's SIGNPOST_BASE_URL, if it is not the address that it is reached at",
    },
  ],
  examples: [
    'signpost ci upload dist/app.zip --server https://updates.example.org --project my-app --release 1.2.0',
    'signpost ci upload dist/*.tar.gz --server https://updates.example.org --project my-app --release 1.2.0 --activate',
  ],
  run: (invocation) =>
    uploadRelease(invocation, () => connectAsBuild(invocation, invocation.options.requiredText('project'))),
};
