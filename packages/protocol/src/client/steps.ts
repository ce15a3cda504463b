/** The steps that a client reports while it works, in the order of docs/protocol/client.md. */

export const stepNames = [
  'state_loaded',
  'trust_fetched',
  'roots_changed',
  'trust_signatures',
  'trust_version',
  'trust_expiry',
  'trust_stored',
  'manifest_fetched',
  'manifest_names',
  'manifest_key',
  'manifest_signatures',
  'manifest_freshness',
  'manifest_counter',
  'log_proof',
  'log_history',
  'counter_stored',
  'version_compared',
  'file_size',
  'file_digest',
  'file_committed',
] as const;

/** The steps of a catalogue, after those of trust, in the order of docs/protocol/catalogue.md. */
export const catalogueStepNames = [
  'catalogue_fetched',
  'catalogue_signature',
  'catalogue_freshness',
  'catalogue_version',
  'catalogue_entries',
  'catalogue_stored',
] as const;

/** A step, by a name that stays. It is reported when it has succeeded; a step that fails throws instead. */
export type StepName = (typeof stepNames)[number] | (typeof catalogueStepNames)[number];

/** One step done, and what was found, in words. */
export interface Step {
  readonly name: StepName;
  readonly detail: string;
}

/** Told of each step as it succeeds. */
export type StepListener = (step: Step) => void;
