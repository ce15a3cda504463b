/** The tools of the pre-flight, and what a project makes of what they say. */
import type { Config } from '../../config.ts';
import type { PhpVersion } from '../../config-values.ts';

/** In the order in which they run. */
export const toolNames = ['security', 'php', 'standard', 'plugin_check'] as const;
/** One of them; the names are API. */
export type ToolName = (typeof toolNames)[number];

/** `off`: not run. `soft`: what is found must be acknowledged before a deploy. `hard`: it keeps the plugin from being deployed. */
export const gates = ['off', 'soft', 'hard'] as const;
/** One of them. */
export type Gate = (typeof gates)[number];

/** What a project asks for, defaults filled in. */
export interface PreflightSettings {
  readonly phpVersion: PhpVersion;
  readonly gates: Readonly<Record<ToolName, Gate>>;
}

/** What the operator has set up. */
export type PreflightConfig = Pick<Config, 'phpcs' | 'phpcsStandard' | 'phpTarget' | 'wpCli' | 'wordpressPath'>;

/** Whether the tool can be run on this server at all, as far as its settings say. */
export function isSetUp({ phpcsStandard, wordpressPath }: PreflightConfig, tool: ToolName): boolean {
  if (tool === 'standard') return phpcsStandard !== undefined;
  return tool !== 'plugin_check' || wordpressPath !== undefined;
}

/** The gate of a project that says nothing: what every server has is hard; what an operator has set up is soft, and off where it is not. */
export function defaultGate(config: PreflightConfig, tool: ToolName): Gate {
  if (tool === 'security' || tool === 'php') return 'hard';
  return isSetUp(config, tool) ? 'soft' : 'off';
}
