/** Which images are shown, and in which order: the worst mistakes first, or those of one cell of the confusion table. */

import type { Sample } from "../model/document";

export type Order = "given" | "worst";

/** A cell of the confusion table: images with a label and a prediction. */
export interface Cell {
  label: string;
  predicted: string;
}

export interface Confusion {
  classes: string[];
  counts: number[][]; // by label and prediction
  left_out: number; // classes that have no row
}

const MOST_CLASSES = 12; // of the table

/** Return the numbers of the images to show. Images without a loss come last. */
export function arranged(samples: Sample[], order: Order, cell: Cell | null): number[] {
  const numbers = [...samples.keys()].filter((i) => !cell || isIn(samples[i], cell));
  const loss = (i: number) => samples[i].loss ?? -Infinity;
  return order === "worst" ? numbers.sort((a, b) => (loss(a) === loss(b) ? a - b : loss(b) - loss(a))) : numbers;
}

export function isIn(sample: Sample, cell: Cell): boolean {
  return sample.label === cell.label && sample.prediction === cell.predicted;
}

/**
 * Return how often each label is predicted as each class. Of too many classes, those with the most mistakes have rows and
 * columns. Null if fewer than two classes occur.
 */
export function confusionOf(samples: Sample[], classes: string[]): Confusion | null {
  const known = samples.filter(({ label, correct }) => label !== null && correct !== null);
  const occurring = new Set(known.flatMap(({ label, prediction }) => [label as string, prediction]));
  const all = [...classes.filter((name) => occurring.has(name)), ...[...occurring].filter((name) => !classes.includes(name))];
  if (all.length < 2) return null;
  const mistakes = (name: string) =>
    known.filter(({ label, prediction, correct }) => !correct && (label === name || prediction === name)).length;
  const chosen = new Set([...all].sort((a, b) => mistakes(b) - mistakes(a)).slice(0, MOST_CLASSES));
  const shown = all.filter((name) => chosen.has(name));
  const counts = shown.map((label) => shown.map((predicted) => known.filter((sample) => isIn(sample, { label, predicted })).length));
  return { classes: shown, counts, left_out: all.length - shown.length };
}
