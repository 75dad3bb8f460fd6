// The path of a line that falls by `slope` decibels for each octave, in an SVG of 100 by 40.
export const line = (slope) => `M0 5 L100 ${5 - 5 * slope}`;
