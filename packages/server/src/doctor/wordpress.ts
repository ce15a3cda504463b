/** The doctor on WordPress plugins: whether they can be deployed. */
import { listProjects } from '../releases/projects/store.ts';
import { readVaultRecord } from '../vault/store.ts';
import { listLockedCredentials } from '../wordpress/credentials/store.ts';
import { listUnfinished } from '../wordpress/deploy/store.ts';
import { probeSniffer } from '../wordpress/preflight/phpcs/sniff.ts';
import { probeSvn } from '../wordpress/svn/run.ts';
import type { Examination, Finding } from './finding.ts';

/** A deploy that has waited so long for its end waits for somebody. */
const lateMs = 3_600_000;

/** Programs that are not there, credentials that must be entered again, commits whose end nobody knows. Nothing where there are no plugins. */
export const examineWordpress: Examination = createWordpressExamination(probeSvn, probeSniffer);

/** The same by other looks for the programs. */
export function createWordpressExamination(
  probe: typeof probeSvn,
  findSniffer: typeof probeSniffer = probeSniffer,
): Examination {
  return async (dependencies, organisationId) => {
    const projects = await listProjects(dependencies.database.query, organisationId);
    if (!projects.some(({ kind, deleted_at }) => kind === 'wordpress_plugin' && deleted_at === null)) return [];
    return [
      ...((await probe()) === undefined ? [svnMissing] : []),
      ...((await findSniffer(dependencies.config.phpcs)) === undefined ? [snifferMissing] : []),
      ...(await examineCredentials(dependencies, organisationId)),
      ...(await examineDeploys(dependencies, organisationId)),
    ];
  };
}

const svnMissing: Finding = {
  level: 'error',
  code: 'svn-missing',
  message: 'the program svn is not there: no plugin can be deployed',
  hint: 'install Subversion 1.10 or newer on the server (Debian: apt-get install subversion)',
};

const snifferMissing: Finding = {
  level: 'warning',
  code: 'phpcs-missing',
  message:
    'PHP_CodeSniffer cannot be called: the rules of security do not run, and where they are a hard gate no plugin is deployed',
  hint: 'install it (Debian: apt-get install php-codesniffer), or name it by SIGNPOST_PHPCS',
};

const examineCredentials: Examination = async ({ database }, organisationId) => {
  const fingerprint = (await readVaultRecord(database.query))?.key_fingerprint ?? '';
  const slugs = await listLockedCredentials(database.query, { organisationId, fingerprint });
  return slugs.map((slug) => ({
    level: 'warning',
    code: 'wordpress-credentials-locked',
    message: `${slug}: the password of its repository was sealed before the master password was reset`,
    hint: `signpost wordpress credentials set ${slug}`,
  }));
};

const examineDeploys: Examination = async ({ database, now }, organisationId) => {
  const unknown = (await listUnfinished(database.query)).filter(
    (row) => row.organisation_id === organisationId && row.state === 'committing' && now() - row.updated_at > lateMs,
  );
  if (unknown.length === 0) return [];
  return [
    {
      level: 'warning',
      code: 'wordpress-deploy-unknown',
      message: `${unknown.length} deploys were sent, and their repositories have not said whether they arrived`,
      hint: 'see whether the repository answers and the vault is open: signpost wordpress status SLUG',
    },
  ];
};
