/** The vertical axis of a chart of counts: from nothing to a round number above the largest one. */

/** A round number at or above `largest`: 1, 2, 4 or 6 times a power of ten, whose half is a whole number too; 1 for nothing. */
export function roundUp(largest: number): number {
  if (largest <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  const step = [1, 2, 4, 6, 10].find((factor) => factor * power >= largest) ?? 10;
  return step * power;
}

/** The whole numbers that are named beside the axis. */
export function chooseLevels(top: number): readonly number[] {
  return top % 2 === 0 ? [0, top / 2, top] : [0, top];
}

/** Which of `count` columns are named below the chart, so that `most` names fit: the first, and every so many after it. */
export function chooseTicks(count: number, most: number): readonly number[] {
  const every = Math.max(1, Math.ceil(count / most));
  return Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every);
}
