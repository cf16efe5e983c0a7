/** The document: what convnet/inspection/explorer writes into the page. */

export type Shape = [number, number, number]; // height, width, channels
export type Pair = [number, number]; // vertical, horizontal
export type Pads = [Pair, Pair]; // (top, bottom), (left, right)

/** An operation over numbered buffers; each kind has fields of its own besides. */
export interface Operation {
  op: string;
  layer: string;
  src: number;
  dst: number;
  other: number | null;
  parameters: Record<string, number>;
}

export interface Layer {
  name: string;
  type: string;
  spec: string;
  shape: number[];
  buffer: number;
  n_parameters: number;
  merge: string | null;
  branches: { label: string; layers: Layer[] }[];
  layers: Layer[];
}

export interface Net {
  input: number;
  output: number;
  buffers: { shape: Shape; alias: number | null }[];
  operations: Operation[];
  parameters: { name: string; shape: number[]; offset: number | null }[];
  layers: Layer[];
  n_parameters: number;
}

export interface Sample {
  name: string;
  prediction: string;
  label: string | null;
  correct: boolean | null;
  loss: number | null; // of a regressor the distance from the label; of several labels how many are wrong
  outputs: number[];
  values: number[];
  data: string;
  explanation: { target: number; maps: Partial<Record<Method, { largest: number; data: string }>> };
}

export const METHODS = ["gradcam", "saliency", "integrated_gradients", "occlusion"] as const;
export type Method = (typeof METHODS)[number];

/** What holds for the explanations of all images; `reason` says why a method has no maps. */
export interface Explanations {
  layer: string | null; // whose maps Grad-CAM reads
  methods: Record<Method, { signed: boolean; reason: string | null; note: string | null }>;
}

export interface InputForm {
  shape: number[];
  dtype: string;
  scale: number;
  largest: number;
  encoding: "png" | "float32";
  fit: "crop" | "pad" | "stretch" | null; // of the photographs that the net was trained on; null if it was not
}

export interface Final {
  function: "softmax" | "sigmoid" | "multilabel" | "identity";
  classes: string[];
  mean: number[] | null;
  scale: number[] | null;
}

export type Panel = "images" | "mistakes" | "explanation" | "lab" | "training" | "net" | "detail" | "editor" | "costs";

/** A step of a tour: what to read, the fragment of the view that it shows, and the panel to look at. */
export interface TourStep {
  title: string;
  text: string;
  show: string;
  look: Panel;
}

/** A lesson: a tour of the page, and the panels that the page has. `kernels` are those to choose from in the lab. */
export interface Lesson {
  summary: string;
  panels: Panel[];
  steps: TourStep[];
  kernels: { name: string; values: number[] }[];
}

/** Weights after some epochs of the training, each in the order of those of the net. */
export interface Epochs {
  names: string[];
  encoding: "float32" | "int16";
  weights: string[];
}

export interface PageDocument {
  format: number;
  version: string;
  title: string;
  estimator: string;
  net: Net;
  final: Final;
  input: InputForm;
  explanations: Explanations;
  samples: Sample[];
  left_out: { images: number; parameters: string[]; epochs: string[] };
  epochs: Epochs;
  weights: string;
  lesson?: Lesson;
}

export const FORMAT = 1;

/** Return the document of a text; throw an Error if it is of another format. */
export function parseDocument(text: string): PageDocument {
  const found = JSON.parse(text) as PageDocument;
  if (found.format !== FORMAT) throw new Error(`format ${found.format} of the document; expected ${FORMAT}`);
  return found;
}
