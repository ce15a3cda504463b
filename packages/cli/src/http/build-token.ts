/** The token that the platform of a build gives to it (OIDC), and the API key that a server gives for it. */
import type { Invocation } from '../command.ts';
import { Failure } from '../terminal/failure.ts';
import { asObject, textOf } from './answer.ts';
import { Client, readBounded } from './client.ts';
import { connectForLogin } from './connect.ts';
import { headersOf } from './credentials.ts';

const maxAnswerBytes = 64 * 1024;

/**
 * A client with a key for `project`, given for the token of this build. The token is asked for this server alone, by the address that the
 * command was given: no server chooses for whom it is. Throws Failure outside of a build, and when the server refuses.
 */
export async function connectAsBuild(invocation: Invocation, project: string): Promise<Client> {
  const anonymous = await connectForLogin(invocation);
  const audience = invocation.options.text('audience') ?? anonymous.base.replace(/\/o\/[^/]+$/, '');
  const token = await fetchBuildToken(invocation, audience);
  const granted = await anonymous.request('POST', '/api/oidc/exchange', { body: { token, project } });
  const credential = headersOf({ apiKey: textOf(granted, 'key') });
  return new Client({ base: anonymous.base, credential, fetch: invocation.fetch });
}

/** GitHub is asked over HTTP; GitLab has put the token into a variable that its configuration names. */
async function fetchBuildToken({ environment, fetch }: Invocation, audience: string): Promise<string> {
  const {
    ACTIONS_ID_TOKEN_REQUEST_URL: address,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
    SIGNPOST_ID_TOKEN: given,
  } = environment.variables;
  if (given) return given;
  if (!address || !bearer) throw refuseWithoutToken();
  const url = new URL(address);
  url.searchParams.set('audience', audience);
  const response = await fetch(url, { redirect: 'error', headers: { Authorization: `Bearer ${bearer}` } }).catch(
    (cause: unknown) => {
      throw new Failure('unavailable', `${url.host} cannot be reached for a token`, { cause });
    },
  );
  if (!response.ok) throw new Failure('refused', `expected a token from ${url.host}, got status ${response.status}`);
  return textOf(asObject(JSON.parse(new TextDecoder().decode(await readBounded(response, maxAnswerBytes)))), 'value');
}

function refuseWithoutToken(): Failure {
  return new Failure('refused', 'this is no build that its platform gives a token', {
    hint: 'GitHub: permissions: id-token: write; GitLab: id_tokens: SIGNPOST_ID_TOKEN: aud: the server (docs/trusted-publishing.md)',
    code: 'no-build-token',
  });
}
