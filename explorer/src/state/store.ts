/** The state of the page: what is selected, the image that the net reads, and what it computes. */

import type { Signal } from "@preact/signals";
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { Buffers } from "../engine/engine";
import { Engine } from "../engine/engine";
import type { Explanation, Question } from "../engine/explain";
import type { Pass } from "../engine/runner";
import { Runner } from "../engine/runner";
import { floatsOf } from "../model/bytes";
import type { Layer, Lesson, PageDocument, Shape } from "../model/document";
import { hasAlpha, strongestFirst } from "../model/channels";
import { weightsOf } from "../model/epochs";
import { finalValues, scaled, valuesOf } from "../model/samples";
import type { Edits } from "./edits";
import { NO_EDITS, brightened, isEdited, moved } from "./edits";
import type { Cell, Order } from "./mistakes";
import { arranged, confusionOf, isIn } from "./mistakes";
import type { Stroke } from "./painting";
import { painted } from "./painting";
import { readFragment, writeFragment } from "./fragment";
import type { Lab } from "./lab";
import { labNet, readLab, readNumbers, writeLab, writeNumbers } from "./lab";
import type { Shown } from "./overlay";
import { OPACITY, OverlayState } from "./overlay";

/** The name of the last column, which is not a layer. */
export const PREDICTION = "";

export interface Check {
  images: number;
  difference: number;
}

export class Store {
  readonly lesson: Lesson | null;
  readonly shape: Shape; // of the input, as a map
  /** How the input is drawn: see `Look` in views/colors.ts. */
  readonly look: { shape: Shape; range: [number, number]; alpha: boolean };
  readonly outputLayer: Layer;
  readonly overlay: OverlayState;

  readonly image = signal(0); // -1: an image that is not among the samples
  readonly base = signal<Float32Array>(new Float32Array(0)); // in the units of X, before strokes and edits
  readonly strokes = signal<Stroke[]>([]);
  readonly isLive = signal(false); // the camera is on
  readonly isPlaying = signal(false); // the slider of the epochs moves
  readonly order = signal<Order>("given");
  readonly cell = signal<Cell | null>(null);
  readonly epoch = signal(0); // 0: the net; else the weights of document.epochs, from 1
  readonly failure = signal(""); // why the last image could not be computed
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
  readonly step = signal(0); // of the tour, from 1; 0: closed
  readonly lab = signal<Lab | null>(null); // null: the page has no lab

  private readonly moved = computed(() => moved(this.base.value, this.shape, this.edits.value));
  readonly values = computed(() => {
    const image = painted(this.moved.value, this.shape, this.edits.value, this.strokes.value);
    const colors = this.shape[2] - (this.look.alpha ? 1 : 0);
    return brightened(image, this.shape, this.edits.value.brightness, this.range, colors);
  });
  /** The numbers of the images in the strip. */
  readonly arranged = computed(() => arranged(this.document.samples, this.order.value, this.cell.value));
  readonly confusion: ReturnType<typeof confusionOf>;
  readonly outputs = computed(() => this.engine.values(this.buffers.value, this.engine.net.output));
  readonly probabilities = computed(() => {
    const outputs = this.outputs.value;
    return outputs && finalValues(outputs, this.document.final);
  });

  private readonly given = signal(0); // the sample that was selected last
  private readonly shown = computed<Shown>(() => ({
    sample: this.given.value,
    changed: this.base.value !== this.samples[this.given.value] || this.isEdited,
    epoch: this.epoch.value,
  }));
  private selectsStrongest = location.hash.length <= 1; // once the maps are known
  private pending: { input: Float32Array; version: number; question: Question | null } | null = null;
  private running = false;
  private drained = Promise.resolve();
  private chosen: { image: number; values: Float32Array }; // what Reset shows
  private readonly shownEngine: Signal<Engine>;

  private constructor(
    readonly document: PageDocument,
    readonly samples: Float32Array[],
    readonly range: [number, number],
    private readonly engineOf: (version: number) => Engine,
    private readonly runner: Runner,
  ) {
    this.shownEngine = signal(engineOf(0));
    this.lesson = document.lesson ?? null;
    this.shape = this.engine.graph.shape(document.net.input);
    this.look = { shape: this.shape, range, alpha: hasAlpha(document.input, this.shape) };
    this.outputLayer = document.net.layers[document.net.layers.length - 1];
    this.confusion = confusionOf(document.samples, document.final.classes);
    this.layer.value = this.firstLayer();
    this.base.value = samples[0];
    this.chosen = { image: 0, values: samples[0] };
    this.overlay = new OverlayState(document, this.shape, this.shown);
    this.readAddress();
    effect(() => {
      if (this.image.value >= 0) this.given.value = this.image.value;
    });
    addEventListener("hashchange", () => this.readAddress());
    effect(() => {
      const input = scaled(this.values.value, document.input);
      if (this.lab.value) this.runLab(input, this.lab.value);
      else this.request(input, this.epoch.value, this.overlay.question.value);
    });
    effect(() => this.writeAddress());
  }

  static async create(document: PageDocument): Promise<Store> {
    const engines = new Map([[0, new Engine(document.net, floatsOf(document.weights))]]);
    const engineOf = (version: number) => {
      const engine = engines.get(version) ?? new Engine(document.net, weightsOf(document.epochs, version - 1, document.net));
      engines.set(version, engine);
      return engine;
    };
    const runner = await Runner.create(engineOf);
    const samples = await Promise.all(document.samples.map((sample) => valuesOf(sample, document.input)));
    return new Store(document, samples, rangeOf(document, samples), engineOf, runner);
  }

  /** The engine that computed what is shown: the net, after an epoch, or that of the lab. */
  get engine(): Engine {
    return this.shownEngine.value;
  }

  /** Whether the input is a picture: a map with more than one row. */
  get isPicture(): boolean {
    return this.document.input.shape.length === 3;
  }

  /** Whether the input is a signal: rows of values, one after the other. */
  get isSignal(): boolean {
    return this.document.input.shape.length === 2;
  }

  /** Whether what is shown changes by itself, so that screen readers should not read it out. */
  get isMoving(): boolean {
    return this.isLive.value || this.isPlaying.value;
  }

  /** Whether strokes or sliders change the image. */
  get isEdited(): boolean {
    return this.strokes.value.length > 0 || isEdited(this.edits.value);
  }

  /** Whether mistakes can be sorted. */
  get hasLoss(): boolean {
    return this.document.samples.some(({ loss }) => loss !== null);
  }

  get inWorker(): boolean {
    return this.runner.inWorker;
  }

  /** Show one of the samples, unchanged. */
  showSample(index: number): void {
    batch(() => {
      this.chosen = { image: index, values: this.samples[index] };
      this.reset();
    });
  }

  /** Show another image, in the units of X, with the changes of the sliders. */
  showImage(values: Float32Array): void {
    batch(() => {
      this.isLive.value = false;
      this.strokes.value = [];
      this.showFrame(values);
    });
  }

  /** Show a picture of the camera. Strokes stay. */
  showFrame(values: Float32Array): void {
    batch(() => {
      this.chosen = { image: -1, values };
      this.image.value = -1;
      this.base.value = values;
    });
  }

  /** Show the image that was chosen last, unchanged. */
  reset(): void {
    batch(() => {
      this.isLive.value = false;
      this.image.value = this.chosen.image;
      this.base.value = this.chosen.values;
      this.strokes.value = [];
      this.edits.value = NO_EDITS;
    });
  }

  /** Show an image of one value, to draw on. `reset` shows the image before it. */
  clear(value: number): void {
    batch(() => {
      this.isLive.value = false;
      this.image.value = -1;
      this.base.value = new Float32Array(this.base.value.length).fill(value);
      this.strokes.value = [];
    });
  }

  paint(stroke: Stroke): void {
    this.strokes.value = [...this.strokes.value, stroke];
  }

  /** Choose the images of the strip, and show the first of them. */
  arrange(order: Order, cell: Cell | null): void {
    batch(() => {
      this.order.value = order;
      this.cell.value = cell;
      this.showSample(this.arranged.value[0]);
    });
  }

  /** Show a step of the tour with its view, or close the tour: 0. A step that names no channel shows the strongest one. */
  goTo(step: number): void {
    const found = this.lesson?.steps[step - 1];
    batch(() => {
      if (found) this.readView(found.show);
      this.step.value = found ? step : 0;
    });
    this.selectsStrongest = false;
    if (found && readFragment(found.show).channel === undefined) this.selectStrongestSoon();
  }

  /** Change the net of the lab. */
  setLab(change: Partial<Lab>): void {
    if (this.lab.value) this.lab.value = { ...this.lab.value, ...change };
  }

  /** Return the kernel that the lab begins with. */
  get labKernel(): number[] {
    return this.engineOf(0).parameter(0);
  }

  /** Wait until the image that is shown has been computed and explained. */
  settled(): Promise<void> {
    return this.drained;
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

  /** Compute an image that is not shown, with the weights of a version. */
  async outputsOf(values: Float32Array, version = 0): Promise<Float32Array | undefined> {
    const { buffers } = await this.runner.compute(scaled(values, this.document.input), version);
    return this.engineOf(version).values(buffers, this.document.net.output);
  }

  /** Explain an image that is not shown, with the weights of a version. */
  async explanationOf(
    values: Float32Array,
    method: Question["method"],
    target: number | null,
    version = 0,
  ): Promise<Explanation | undefined> {
    const { final, input, explanations } = this.document;
    const question = { method, target, layer: explanations.layer, final, scale: input.scale, flat: input.shape.length === 1 };
    return (await this.runner.compute(scaled(values, input), version, question)).explanation;
  }

  /** Compare the outputs for all samples with those that were recorded. */
  async checkSamples(): Promise<void> {
    let difference = 0;
    for (const [i, sample] of this.document.samples.entries()) {
      const outputs = await this.outputsOf(this.samples[i]).catch((error) => this.fail(error));
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

  /** Read the address. An empty address begins the tour, and one that names nothing but a step begins it there. */
  private readAddress(): void {
    const view = readFragment(location.hash);
    const step = within(view.step ?? 0, (this.lesson?.steps.length ?? 0) + 1);
    const first = location.hash.length > 1 ? step : 1;
    if (this.lesson?.steps.length && first >= 1 && Object.keys(view).every((name) => name === "step")) {
      this.goTo(first);
      return;
    }
    batch(() => {
      this.readView(location.hash);
      this.step.value = step;
    });
  }

  private readView(fragment: string): void {
    const view = readFragment(fragment);
    const others = new URLSearchParams(fragment.replace(/^#/, ""));
    const layer = view.layer;
    this.order.value = this.hasLoss ? (view.order ?? "given") : "given";
    const { cell } = view;
    this.cell.value = cell && this.confusion && this.document.samples.some((sample) => isIn(sample, cell)) ? cell : null;
    this.epoch.value = within(view.epoch ?? 0, this.document.epochs.names.length + 1);
    this.showSample(view.image === undefined ? this.arranged.value[0] : within(view.image, this.samples.length));
    const { brightness, right, down, rotation } = { ...NO_EDITS, ...view };
    this.edits.value = { brightness, right, down, rotation };
    if (this.lesson?.panels.includes("lab")) this.readLabView(others);
    if (layer !== undefined && (layer === PREDICTION || this.engine.graph.layers.has(layer))) this.layer.value = layer;
    this.channel.value = view.channel ?? 0;
    const isNamed = view.row !== undefined || view.column !== undefined;
    this.row.value = view.row ?? (isNamed ? 0 : this.middle(0));
    this.column.value = view.column ?? (isNamed ? 0 : this.middle(1));
    this.ownScale.value = view.ownScale ?? false;
    this.overlay.choose(view.overlay, view.target ?? null, view.opacity ?? OPACITY);
    this.clamp();
  }

  /** Read the lab of a fragment and its image, if that was changed by hand. */
  private readLabView(fragment: URLSearchParams): void {
    const lab = readLab(fragment, this.labKernel);
    const pixels = readNumbers(fragment.get("pixels"), this.samples[0].length);
    if (pixels) this.showImage(Float32Array.from(pixels));
    this.lab.value = lab;
    this.runLab(scaled(this.base.value, this.document.input), lab);
  }

  /** Compute the net of the lab, which is so small that the page itself computes it. */
  private runLab(input: Float32Array, lab: Lab): void {
    const engine = new Engine(labNet(this.document.net, lab), Float32Array.from(lab.kernel));
    const buffers = engine.run(input);
    untracked(() =>
      batch(() => {
        this.shownEngine.value = engine;
        this.buffers.value = buffers;
        if (!engine.graph.layers.has(this.layer.value)) this.layer.value = engine.net.layers[0].name;
        this.clamp();
      }),
    );
  }

  private middle(axis: 0 | 1): number {
    const layer = this.selectedLayer();
    return layer ? Math.floor(this.engine.graph.shape(layer.buffer)[axis] / 2) : 0;
  }

  private writeAddress(): void {
    const fragment = writeFragment({
      image: Math.max(0, this.image.value >= 0 ? this.image.value : this.chosen.image),
      epoch: this.epoch.value,
      order: this.order.value,
      cell: this.cell.value,
      layer: this.layer.value,
      channel: this.channel.value,
      row: this.row.value,
      column: this.column.value,
      ownScale: this.ownScale.value,
      step: this.step.value,
      overlay: this.overlay.method.value ?? "",
      target: this.overlay.target.value,
      opacity: this.overlay.opacity.value,
      ...this.edits.value,
    }, this.lab.value ? this.writeLabView(this.lab.value) : {});
    try {
      history.replaceState(null, "", fragment);
    } catch {
      // A page inside another one may have no address of its own.
    }
  }

  private writeLabView(lab: Lab): Record<string, string> {
    const found = writeLab(lab, this.labKernel);
    if (this.image.value < 0) found.pixels = writeNumbers(this.base.value);
    return found;
  }

  /** Select the largest value of the strongest channel, once the image is computed. */
  private selectStrongestSoon(): void {
    this.selectsStrongest = this.running || this.buffers.value.size === 0;
    if (!this.selectsStrongest) this.selectStrongest();
  }

  /** Compute an image; of those that arrive meanwhile, only the last one. */
  private request(input: Float32Array, version: number, question: Question | null): void {
    this.pending = { input, version, question };
    if (!this.running) this.drained = this.drain();
  }

  private fail(error: unknown): undefined {
    this.failure.value = error instanceof Error ? error.message : String(error);
  }

  private async drain(): Promise<void> {
    this.running = true;
    while (this.pending) {
      const { input, version, question } = this.pending;
      this.pending = null;
      const pass: Pass | undefined = await this.runner.compute(input, version, question).catch((error) => this.fail(error));
      if (!pass) continue;
      batch(() => {
        this.failure.value = "";
        this.shownEngine.value = this.engineOf(version);
        this.buffers.value = pass.buffers;
        this.milliseconds.value = pass.milliseconds;
        this.overlay.explained.value = pass.explanation ?? null;
        if (this.selectsStrongest && !this.pending) {
          this.selectsStrongest = false;
          this.selectStrongest();
        }
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
