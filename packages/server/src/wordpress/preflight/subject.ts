/** What a run of the pre-flight was about: the file, and each tool with its settings. A report is stale when they are others by now. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownStandard } from './phpcs/sniff.ts';
import { isSetUp, type PreflightConfig, type PreflightSettings, type ToolName, toolNames } from './tools.ts';

/** It is kept as JSON and never shown: paths of this machine stand in it. */
export interface Subject {
  readonly sha256: string;
  /** By tool; null for one that was not to be run. */
  readonly tools: Readonly<Record<ToolName, string | null>>;
}

/** What a subject is described from. */
export interface SubjectFacts {
  readonly sha256: string;
  readonly config: PreflightConfig;
  readonly settings: PreflightSettings;
  /** `digestRules()`. */
  readonly rules: string;
}

/** The SHA-256 over our own rules of security, in hex: with another version of them a plugin is to be judged again. */
export async function digestRules(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(ownStandard, { recursive: true })).sort()) {
    if (!/\.(?:php|xml)$/.test(name)) continue;
    hash.update(`${name}\n`).update(await readFile(join(ownStandard, name)));
  }
  return hash.digest('hex');
}

/** The subject of a run that would begin now. */
export function describeSubject({ sha256, config, settings, rules }: SubjectFacts): Subject {
  const words: Readonly<Record<ToolName, string>> = {
    security: `${config.phpcs} ${rules}`,
    php: settings.phpVersion,
    standard: `${config.phpcs} ${config.phpcsStandard}`,
    plugin_check: `${config.wpCli} ${config.wordpressPath}`,
  };
  const describe = (tool: ToolName) =>
    settings.gates[tool] === 'off' ? null : isSetUp(config, tool) ? words[tool] : '';
  const tools = Object.fromEntries(toolNames.map((tool) => [tool, describe(tool)])) as Record<ToolName, string | null>;
  return { sha256, tools };
}

/** What has changed since a run: `file`, or names of tools. A tool that is off by now is not missed. */
export function listChanges(before: Subject, now: Subject): readonly ('file' | ToolName)[] {
  const tools = toolNames.filter((tool) => now.tools[tool] !== null && now.tools[tool] !== before.tools[tool]);
  return before.sha256 === now.sha256 ? tools : ['file', ...tools];
}
