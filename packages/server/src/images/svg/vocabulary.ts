/** What a drawing may be made of (SVG 1.1 and 2): shapes, text, gradients, clips, and copies of what stands in it. */

/** Elements, and the attributes that they take beside the general ones. */
export const elements: Readonly<Record<string, readonly string[]>> = {
  svg: ['viewBox', 'width', 'height', 'x', 'y', 'preserveAspectRatio'],
  g: [],
  defs: [],
  symbol: ['viewBox', 'preserveAspectRatio'],
  title: [],
  desc: [],
  path: ['d', 'pathLength'],
  rect: ['x', 'y', 'width', 'height', 'rx', 'ry'],
  circle: ['cx', 'cy', 'r'],
  ellipse: ['cx', 'cy', 'rx', 'ry'],
  line: ['x1', 'y1', 'x2', 'y2'],
  polyline: ['points'],
  polygon: ['points'],
  text: ['x', 'y', 'dx', 'dy', 'rotate', 'textLength', 'lengthAdjust'],
  tspan: ['x', 'y', 'dx', 'dy', 'rotate', 'textLength', 'lengthAdjust'],
  linearGradient: ['x1', 'y1', 'x2', 'y2', 'gradientUnits', 'gradientTransform', 'spreadMethod', 'href'],
  radialGradient: ['cx', 'cy', 'r', 'fx', 'fy', 'fr', 'gradientUnits', 'gradientTransform', 'spreadMethod', 'href'],
  stop: ['offset'],
  clipPath: ['clipPathUnits'],
  use: ['x', 'y', 'width', 'height', 'href'],
};

/** Attributes of every element; a `style` attribute may hold the presentation ones. */
export const generalAttributes: ReadonlySet<string> = new Set(['id', 'transform', 'role']);

/** Presentation attributes. */
export const presentation: ReadonlySet<string> = new Set([
  ...['clip-path', 'clip-rule', 'color', 'color-interpolation', 'display', 'dominant-baseline', 'fill'],
  ...['fill-opacity', 'fill-rule', 'font-family', 'font-size', 'font-stretch', 'font-style', 'font-variant'],
  ...['font-weight', 'letter-spacing', 'opacity', 'overflow', 'paint-order', 'shape-rendering', 'stop-color'],
  ...['stop-opacity', 'stroke', 'stroke-dasharray', 'stroke-dashoffset', 'stroke-linecap', 'stroke-linejoin'],
  ...['stroke-miterlimit', 'stroke-opacity', 'stroke-width', 'text-anchor', 'text-decoration', 'text-rendering'],
  ...['vector-effect', 'visibility', 'word-spacing', 'writing-mode'],
]);

/** Attributes that mean nothing without scripts and styles, and are left out. */
export const droppedAttributes =
  /^(?:version|baseProfile|class|data-[\w.-]+|aria-[a-z]+|focusable|tabindex|enable-background)$/;

/** Elements that are refused by a name of their own. */
export const forbidden: Readonly<Record<string, 'svg-script' | 'svg-style' | 'svg-foreign-object' | 'svg-animation'>> =
  {
    script: 'svg-script',
    handler: 'svg-script',
    listener: 'svg-script',
    style: 'svg-style',
    foreignObject: 'svg-foreign-object',
    iframe: 'svg-foreign-object',
    animate: 'svg-animation',
    animateMotion: 'svg-animation',
    animateTransform: 'svg-animation',
    animateColor: 'svg-animation',
    set: 'svg-animation',
  };
