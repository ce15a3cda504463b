/** One tool over an unpacked plugin. */
import { join } from 'node:path';
import { notRun, type ToolResult } from './findings.ts';
import { parsePhp } from './php/parse.ts';
import { type SniffedFile, sniffPlugin } from './phpcs/sniff.ts';
import { checkPlugin } from './plugin-check.ts';
import { linkPlainly, type PhpFiles } from './plugin-files.ts';
import { isSetUp, type PreflightConfig, type PreflightSettings, type ToolName } from './tools.ts';

/** A plugin on the disk. */
export interface UnpackedPlugin {
  /** Its files, as the archive has them. */
  readonly folder: string;
  /** Beside it, for what tools need. */
  readonly scratch: string;
  readonly php: PhpFiles;
}

/** What is run on what. */
export interface ToolRun {
  readonly plugin: UnpackedPlugin;
  readonly config: PreflightConfig;
  readonly settings: PreflightSettings;
  readonly signal: AbortSignal;
  /** Told how many files are done, of how many. */
  readonly report: (done: number, total: number) => Promise<void>;
}

/** Runs the tool, unless the project or the server does without it. Rejects only when the signal says so, and when this machine fails. */
export async function runTool(tool: ToolName, run: ToolRun): Promise<ToolResult> {
  if (run.settings.gates[tool] === 'off') return notRun('the project does without it');
  if (!isSetUp(run.config, tool)) return notRun(`${settingOf[tool]} is not set on this server`);
  return runners[tool](run);
}

const settingOf: Readonly<Record<ToolName, string>> = {
  security: 'SIGNPOST_PHPCS',
  php: 'SIGNPOST_PHP_TARGET',
  standard: 'SIGNPOST_PHPCS_STANDARD',
  plugin_check: 'SIGNPOST_WORDPRESS_PATH',
};

const runners: Readonly<Record<ToolName, (run: ToolRun) => Promise<ToolResult>>> = {
  security: async (run) => {
    const { folder, scratch, php } = run.plugin;
    const to = join(scratch, 'plain');
    return sniff(run, { folder: to, files: await linkPlainly(php.suspect, { folder, to }) });
  },
  php: async ({ plugin: { folder, php }, settings, signal, report }) => {
    const files = php.source;
    await report(0, files.length);
    const tell = (done: number) => report(done, files.length);
    return parsePhp({ version: settings.phpVersion, folder, files, signal, report: tell });
  },
  standard: async (run) => {
    // A standard judges names as well, and PHP_CodeSniffer looks at no hidden files.
    const files = run.plugin.php.source.filter(({ path }) => !/(?:^|\/)\.[^/]*$/.test(path));
    const own = files.map((file) => ({ ...file, location: file.path }));
    return sniff(run, { folder: run.plugin.folder, files: own, standard: run.config.phpcsStandard });
  },
  plugin_check: async ({ plugin: { folder }, config, signal, report }) => {
    await report(0, 1);
    return checkPlugin({ program: config.wpCli, wordpress: config.wordpressPath ?? '', folder, signal });
  },
};

async function sniff(
  { config, signal, report }: ToolRun,
  what: { readonly folder: string; readonly files: readonly SniffedFile[]; readonly standard?: string | undefined },
): Promise<ToolResult> {
  const total = what.files.length;
  await report(0, total);
  return sniffPlugin({ ...what, program: config.phpcs, signal, report: (done) => report(done, total) });
}
