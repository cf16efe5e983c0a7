/** The state of the page in the fragment of its address, so that a link shows the same view. */

import type { Edits } from "./edits";
import type { Cell, Order } from "./mistakes";

export interface View extends Edits {
  image: number;
  layer: string;
  channel: number;
  row: number;
  column: number;
  epoch: number;
  ownScale: boolean;
  order: Order;
  cell: Cell | null;
}

const NUMBERS = ["image", "channel", "row", "column", "epoch", "brightness", "right", "down", "rotation"] as const;

/** Return the parts of a view that a fragment names. Values that are not numbers are ignored. */
export function readFragment(fragment: string): Partial<View> {
  const found = new URLSearchParams(fragment.replace(/^#/, ""));
  const view: Partial<View> = {};
  for (const name of NUMBERS) {
    const value = Number(found.get(name) ?? NaN);
    if (Number.isFinite(value)) view[name] = value;
  }
  const layer = found.get("layer");
  if (layer !== null) view.layer = layer;
  if (found.has("scale")) view.ownScale = found.get("scale") === "own";
  if (found.get("order") === "worst") view.order = "worst";
  const [label, predicted] = [found.get("label"), found.get("predicted")];
  if (label !== null && predicted !== null) view.cell = { label, predicted };
  return view;
}

/** Return the fragment of a view. What is 0 is left out. */
export function writeFragment(view: View): string {
  const found = new URLSearchParams({ layer: view.layer });
  const isSorted = view.order !== "given" || view.cell !== null; // the first image need not be number 0
  for (const name of NUMBERS)
    if (view[name] !== 0 || (name === "image" && isSorted)) found.set(name, String(view[name]));
  if (view.ownScale) found.set("scale", "own");
  if (view.order !== "given") found.set("order", view.order);
  if (view.cell) {
    found.set("label", view.cell.label);
    found.set("predicted", view.cell.predicted);
  }
  return `#${found}`;
}
