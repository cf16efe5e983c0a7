/** The state of the page in the fragment of its address, so that a link shows the same view. */

import type { Edits } from "./edits";
import type { Cell, Order } from "./mistakes";
import { OPACITY } from "./overlay";

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
  step: number; // of the tour, from 1; 0: closed
  overlay: string; // name of a method; "" is none
  target: number | null; // class that is explained; null: the prediction
  opacity: number;
}

const NUMBERS = ["image", "channel", "row", "column", "epoch", "brightness", "right", "down", "rotation", "step"] as const;

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
  const overlay = found.get("o");
  if (overlay !== null) view.overlay = overlay;
  for (const [key, name] of [["class", "target"], ["opacity", "opacity"]] as const) {
    const value = Number(found.get(key) || NaN);
    if (Number.isFinite(value)) view[name] = value;
  }
  if (found.has("scale")) view.ownScale = found.get("scale") === "own";
  if (found.get("order") === "worst") view.order = "worst";
  const [label, predicted] = [found.get("label"), found.get("predicted")];
  if (label !== null && predicted !== null) view.cell = { label, predicted };
  return view;
}

/** Return the fragment of a view and of what else is selected. Numbers that are 0 are left out, but not both of a pixel. */
export function writeFragment(view: View, others: Record<string, string> = {}): string {
  const found = new URLSearchParams({ layer: view.layer });
  const isSorted = view.order !== "given" || view.cell !== null; // the first image need not be number 0
  for (const name of NUMBERS)
    if (view[name] !== 0 || (name === "image" && isSorted)) found.set(name, String(view[name]));
  if (view.row === 0 && view.column === 0) found.set("row", "0"); // without any, the pixel in the middle is selected
  if (view.ownScale) found.set("scale", "own");
  if (view.order !== "given") found.set("order", view.order);
  if (view.cell) {
    found.set("label", view.cell.label);
    found.set("predicted", view.cell.predicted);
  }
  if (view.overlay) {
    found.set("o", view.overlay);
    if (view.target !== null) found.set("class", String(view.target));
    if (view.opacity !== OPACITY) found.set("opacity", String(view.opacity));
  }
  for (const [name, value] of Object.entries(others)) found.set(name, value);
  return `#${found}`;
}
