/** What is typed to try the alarm: nothing of it is the server's doing, so that it finds what an attacker would. */
import { quoteWord } from '@signpost/protocol/bytes/shell-word';

/** Where the command serves a repository itself, as the settings must list it. */
export const ownRepository = 'http://127.0.0.1:5089';

/** The command; without a `repository` it serves one, which only a server on the same machine reads. */
export function writeSelftest(repository: string, server: string): string {
  const registry =
    repository === '' ? '' : ` --registry ${quoteWord(repository)} --registry-config ~/.docker/config.json`;
  return `signpost watch selftest${registry} --server ${quoteWord(server)}`;
}
