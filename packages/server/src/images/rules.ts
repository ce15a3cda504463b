/** The rules that a picture may break. They are API: a refusal names its rule. */
import { Refusal } from '../errors.ts';

/** Why a picture was refused. */
export type ImageRule =
  | 'image-empty'
  | 'image-bytes'
  | 'image-type'
  | 'image-decode'
  | 'image-pixels'
  | 'image-frames'
  | 'image-dimensions'
  | 'image-payload'
  | 'image-time-limit'
  | 'svg-encoding'
  | 'svg-malformed'
  | 'svg-doctype'
  | 'svg-entity'
  | 'svg-instruction'
  | 'svg-namespace'
  | 'svg-script'
  | 'svg-style'
  | 'svg-foreign-object'
  | 'svg-animation'
  | 'svg-event'
  | 'svg-element'
  | 'svg-attribute'
  | 'svg-value'
  | 'svg-reference'
  | 'svg-size'
  | 'svg-limits';

const hints: Partial<Record<ImageRule, string>> = {
  'image-type': 'send a PNG, JPEG, WebP or GIF, or an SVG where the place takes one',
  'svg-style': 'save the drawing with presentation attributes (in svgo: inlineStyles and convertStyleToAttrs)',
  'svg-element': 'save the drawing as plain SVG, without what an editor adds',
  'svg-attribute': 'save the drawing as plain SVG, without what an editor adds',
  'svg-namespace': 'save the drawing as plain SVG, without what an editor adds',
};

/** Makes the refusal of a picture, `upload_refused`. What was found may stand in `message`: callers cut and escape it. */
export function createImageRefusal(rule: ImageRule, message: string, cause?: unknown): Refusal {
  const hint = hints[rule];
  return new Refusal('upload_refused', message, { rule, ...(hint ? { hint } : {}), ...(cause ? { cause } : {}) });
}
