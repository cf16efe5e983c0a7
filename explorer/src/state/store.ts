/** The state of the page: what is selected, the image that the net reads, and what it computes. */

import { batch, computed, effect, signal } from "@preact/signals";
import type { Buffers } from "../engine/engine";
import { Engine } from "../engine/engine";
import type { Explanation, Question } from "../engine/explain";
import type { Pass } from "../engine/runner";
import { Runner } from "../engine/runner";
import { floatsOf } from "../model/bytes";
import type { Layer, PageDocument, Shape } from "../model/document";
import { strongestFirst } from "../model/channels";
import { finalValues, scaled, valuesOf } from "../model/samples";
import type { Edits } from "./edits";
import { NO_EDITS, edited, isEdited } from "./edits";
import { readFragment, writeFragment } from "./fragment";
import type { Shown } from "./overlay";
import { OPACITY, OverlayState } from "./overlay";

/** The name of the last column, which is not a layer. */
export const PREDICTION = "";

export interface Check {
  images: number;
  difference: number;
}

export class Store {
  readonly engine: Engine;
  readonly shape: Shape; // of the input, as a map
  readonly outputLayer: Layer;
  readonly overlay: OverlayState;

  readonly image = signal(0); // -1: an image that is not among the samples
  readonly base = signal<Float32Array>(new Float32Array(0)); // in the units of X, before edits
  readonly edits = signal<Edits>(NO_EDITS);
  readonly layer = signal(PREDICTION);
  readonly channel = signal(0);
  readonly row = signal(0);
  readonly column = signal(0);
  readonly inputChannel = signal<number | null>(null); // null: that of the strongest product
  readonly ownScale = signal(false);
  readonly buffers = signal<Buffers>(new Map());
  readonly milliseconds = signal(0);
  readonly check = signal<Check | null>(null);

  readonly values = computed(() => edited(this.base.value, this.shape, this.edits.value, this.range));
  readonly outputs = computed(() => this.engine.values(this.buffers.value, this.document.net.output));
  readonly probabilities = computed(() => {
    const outputs = this.outputs.value;
    return outputs && finalValues(outputs, this.document.final);
  });

  private readonly given = signal(0); // the sample that was selected last
  private readonly shown = computed<Shown>(() => {
    const sample = this.given.value;
    return { sample, changed: this.base.value !== this.samples[sample] || isEdited(this.edits.value) };
  });
  private readonly wasAddressed = location.hash.length > 1;
  private pending: { input: Float32Array; question: Question | null } | null = null;
  private running = false;

  private constructor(
    readonly document: PageDocument,
    readonly samples: Float32Array[],
    readonly range: [number, number],
    engine: Engine,
    private readonly runner: Runner,
  ) {
    this.engine = engine;
    this.shape = engine.graph.shape(document.net.input);
    this.outputLayer = document.net.layers[document.net.layers.length - 1];
    this.layer.value = this.firstLayer();
    this.base.value = samples[0];
    this.overlay = new OverlayState(document, this.shape, this.shown);
    this.readAddress();
    effect(() => {
      if (this.image.value >= 0) this.given.value = this.image.value;
    });
    addEventListener("hashchange", () => batch(() => this.readAddress()));
    effect(() => this.request(scaled(this.values.value, document.input), this.overlay.question.value));
    effect(() => this.writeAddress());
  }

  static async create(document: PageDocument): Promise<Store> {
    const weights = floatsOf(document.weights);
    const engine = new Engine(document.net, weights);
    const runner = await Runner.create(engine, weights);
    const samples = await Promise.all(document.samples.map((sample) => valuesOf(sample, document.input)));
    return new Store(document, samples, rangeOf(document, samples), engine, runner);
  }

  /** Whether the input is a picture: a map with more than one row. */
  get isPicture(): boolean {
    return this.document.input.shape.length === 3;
  }

  get inWorker(): boolean {
    return this.runner.inWorker;
  }

  /** Show one of the samples, unchanged. */
  showSample(index: number): void {
    batch(() => {
      this.image.value = index;
      this.base.value = this.samples[index];
      this.edits.value = NO_EDITS;
    });
  }

  /** Show another image, in the units of X. */
  showImage(values: Float32Array): void {
    batch(() => {
      this.image.value = -1;
      this.base.value = values;
    });
  }

  /** Select a layer and a channel of its output: the strongest one, if none is given. */
  select(layer: string, channel?: number): void {
    batch(() => {
      this.layer.value = layer;
      this.channel.value = channel ?? this.strongestChannel();
      this.inputChannel.value = null;
      this.clamp();
    });
  }

  /** Select a pixel. */
  move(row: number, column: number): void {
    batch(() => {
      this.row.value = row;
      this.column.value = column;
      this.clamp();
    });
  }

  /** Return the selected layer, or undefined for the prediction. */
  selectedLayer(): Layer | undefined {
    return this.engine.graph.layers.get(this.layer.value);
  }

  /** Compute an image that is not shown. */
  async outputsOf(values: Float32Array): Promise<Float32Array | undefined> {
    const { buffers } = await this.runner.compute(scaled(values, this.document.input));
    return this.engine.values(buffers, this.document.net.output);
  }

  /** Explain an image that is not shown. */
  async explanationOf(values: Float32Array, method: Question["method"], target: number | null): Promise<Explanation | undefined> {
    const { final, input, explanations } = this.document;
    const question = { method, target, layer: explanations.layer, final, scale: input.scale };
    return (await this.runner.compute(scaled(values, input), question)).explanation;
  }

  /** Compare the outputs for all samples with those that were recorded. */
  async checkSamples(): Promise<void> {
    let difference = 0;
    for (const [i, sample] of this.document.samples.entries()) {
      const outputs = await this.outputsOf(this.samples[i]);
      if (!outputs) return;
      const values = finalValues(outputs, this.document.final);
      sample.values.forEach((expected, k) => {
        const unit = this.document.final.function === "identity" ? Math.max(1, Math.abs(expected)) : 1;
        difference = Math.max(difference, Math.abs(values[k] - expected) / unit);
      });
    }
    this.check.value = { images: this.samples.length, difference };
  }

  /** Return the channel of the selected layer whose values are largest, or 0 before they are known. */
  private strongestChannel(): number {
    const layer = this.selectedLayer();
    const values = layer && this.engine.values(this.buffers.value, layer.buffer);
    return values ? strongestFirst(values, this.engine.graph.shape(layer.buffer)[2])[0] : 0;
  }

  /** Select the largest value of the strongest channel. */
  private selectStrongest(): void {
    const layer = this.selectedLayer();
    const values = layer && this.engine.values(this.buffers.value, layer.buffer);
    if (!values) return;
    this.select(layer.name);
    const [, w, c] = this.engine.graph.shape(layer.buffer);
    let best = this.channel.value;
    for (let i = best; i < values.length; i += c) if (Math.abs(values[i]) > Math.abs(values[best])) best = i;
    const pixel = Math.floor(best / c);
    this.move(Math.floor(pixel / w), pixel % w);
  }

  private firstLayer(): string {
    const layers = [...this.engine.graph.layers.values()];
    const first = layers.find((layer) => layer.type.startsWith("Conv")) ?? layers.find((layer) => layer.n_parameters > 0);
    return (first ?? layers[0]).name;
  }

  private clamp(): void {
    const layer = this.selectedLayer();
    const [h, w, c] = layer ? this.engine.graph.shape(layer.buffer) : [1, 1, this.document.final.classes.length];
    this.channel.value = within(this.channel.value, c);
    this.row.value = within(this.row.value, h);
    this.column.value = within(this.column.value, w);
  }

  private readAddress(): void {
    const view = readFragment(location.hash);
    const layer = view.layer;
    if (layer !== undefined && (layer === PREDICTION || this.engine.graph.layers.has(layer))) this.layer.value = layer;
    this.image.value = within(view.image ?? 0, this.samples.length);
    this.base.value = this.samples[this.image.value];
    this.channel.value = view.channel ?? 0;
    this.row.value = view.row ?? this.middle(0);
    this.column.value = view.column ?? this.middle(1);
    this.ownScale.value = view.ownScale ?? false;
    this.overlay.choose(view.overlay, view.target ?? null, view.opacity ?? OPACITY);
    const { brightness, right, down, rotation } = { ...NO_EDITS, ...view };
    this.edits.value = { brightness, right, down, rotation };
    this.clamp();
  }

  private middle(axis: 0 | 1): number {
    const layer = this.selectedLayer();
    return layer ? Math.floor(this.engine.graph.shape(layer.buffer)[axis] / 2) : 0;
  }

  private writeAddress(): void {
    const fragment = writeFragment({
      image: Math.max(0, this.image.value),
      layer: this.layer.value,
      channel: this.channel.value,
      row: this.row.value,
      column: this.column.value,
      ownScale: this.ownScale.value,
      overlay: this.overlay.method.value ?? "",
      target: this.overlay.target.value,
      opacity: this.overlay.opacity.value,
      ...this.edits.value,
    });
    try {
      history.replaceState(null, "", fragment);
    } catch {
      // A page inside another one may have no address of its own.
    }
  }

  /** Compute an image; of those that arrive meanwhile, only the last one. */
  private request(input: Float32Array, question: Question | null): void {
    this.pending = { input, question };
    if (!this.running) void this.drain();
  }

  private async drain(): Promise<void> {
    this.running = true;
    while (this.pending) {
      const isFirst = this.buffers.value.size === 0;
      const { input, question } = this.pending;
      this.pending = null;
      const pass: Pass = await this.runner.compute(input, question);
      batch(() => {
        this.buffers.value = pass.buffers;
        this.milliseconds.value = pass.milliseconds;
        this.overlay.explained.value = pass.explanation ?? null;
        if (isFirst && !this.wasAddressed) this.selectStrongest();
      });
    }
    this.running = false;
  }
}

function within(value: number, n: number): number {
  return Math.min(Math.max(Math.round(value), 0), n - 1);
}

/** Return the values that are shown as black and white: 0 and 255 for uint8, else the extremes, with 0 as black if it can be. */
function rangeOf({ input }: PageDocument, samples: Float32Array[]): [number, number] {
  if (input.dtype === "uint8") return [0, 255];
  let [low, high] = [Infinity, -Infinity];
  for (const values of samples)
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  low = Math.min(low, low >= 0 ? 0 : low);
  return high > low ? [low, high] : [low, low + 1];
}
