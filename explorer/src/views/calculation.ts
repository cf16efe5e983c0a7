/** The calculation of one value, as text and tables. */

import { FORMULAS } from "../engine/activation";
import type { ConvolutionStep, DenseStep, LrnStep, NormalizationStep, PoolingStep, ResizeStep, SoftmaxStep, Step, Window } from "../engine/step";
import type { Operation } from "../model/document";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { cssColor, scaleOf } from "./colors";
import { html, number } from "./html";

const MOST_CELLS = 200; // of a window that is shown as numbers
const TERMS = 10; // products of a dense unit, and channels of a convolution

type Line = [string, number];

export function Calculation({ store, op, step, last }: { store: Store; op: Operation; step: Step; last: boolean }) {
  switch (step.kind) {
    case "convolution": return html`<${Convolution} store=${store} step=${step} last=${last} />`;
    case "dense": return html`<${Dense} store=${store} op=${op} step=${step} last=${last} />`;
    case "pooling": return pooling(step);
    case "resize": return resizing(step);
    case "normalization": return lines(normalization(step));
    case "softmax": return softmax(step);
    case "lrn": return lines(lrn(step));
    case "affine": {
      const { by } = step;
      return "std" in by
        ? lines([[text.inputValue, step.input], [text.minusMean, by.mean], [text.byStd, by.std], [text.output, step.value]])
        : lines([[text.inputValue, step.input], [text.timesScale, by.scale], [text.plusOffset, by.offset], [text.output, step.value]]);
    }
    case "activation": {
      const formula = step.slope === null ? FORMULAS[step.activation] : text.prelu(number(step.slope));
      return lines([["z", step.input], [`${step.activation}(z) = ${formula}`, step.value]]);
    }
    case "merge": {
      if (step.merge === "concat") return lines([[text.oneBranch, step.value]]);
      const [a, b] = step.inputs;
      const [first, second] = [op.src, op.other ?? op.src].map((buffer) => text.source(store.engine.graph.sourceName(buffer)));
      const scale: Line[] = step.scale === 1 ? [] : [[text.timesScale, step.scale]];
      return lines([[first, a], [`${text.signs[step.merge]}${second}`, b], ...scale, [text.output, step.value]]);
    }
    case "identity": return html`<p>${text.reasons[step.reason]}</p>${lines([[text.output, step.value]])}`;
  }
}

function lines(entries: Line[]) {
  return html`
    <dl class="lines">
      ${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${number(value)}</dd></div>`)}
    </dl>`;
}

function sumLines(step: ConvolutionStep | DenseStep, n: number, last: boolean) {
  const bias: Line[] = step.bias === null ? [] : [[text.bias, step.bias]];
  return lines([[text.sumOfProducts(n), step.sum], ...bias, [last ? text.output : text.preactivation, step.value]]);
}

/** Values of a window as a table of colored cells; `marked` is the index of the one that matters most. */
function grid(title: string, values: ArrayLike<number>, { columns, inside }: Pick<Window, "columns" | "inside">, marked = -1) {
  const scale = scaleOf(values);
  const width = columns.length;
  const rows = Array.from({ length: values.length / width }, (_, i) => i);
  return html`
    <table class="grid">
      <caption>${title}</caption>
      <tbody>
        ${rows.map((i) => html`
          <tr>
            ${columns.map((_, j) => {
              const at = i * width + j;
              if (!inside[at]) return html`<td class="padding">0</td>`;
              return html`<td class=${at === marked ? "marked" : ""} style=${cssColor(values[at], scale)}>${number(values[at])}</td>`;
            })}
          </tr>`)}
      </tbody>
    </table>`;
}

function Convolution({ store, step, last }: { store: Store; step: ConvolutionStep; last: boolean }) {
  const { channels, firstChannel, patch, kernel, inside } = step;
  const products = patch.map((value, i) => value * kernel[i]);
  const sums = new Float64Array(channels);
  products.forEach((value, i) => (sums[i % channels] += value));
  const asked = (store.inputChannel.value ?? step.source?.[2] ?? firstChannel) - firstChannel;
  const chosen = asked >= 0 && asked < channels ? asked : 0;
  const of = (values: Float64Array) => values.filter((_, i) => i % channels === chosen);
  const order = [...sums.keys()].sort((a, b) => Math.abs(sums[b]) - Math.abs(sums[a])).slice(0, TERMS);
  const everywhere = { columns: step.columns, inside: inside.map(() => true) };
  const scale = scaleOf(sums);
  return html`
    <div class="grids" tabindex="0" role="group" aria-label=${text.calculation}>
      ${grid(text.reads(text.patch, firstChannel + chosen), of(patch), step)}
      <span class="sign" aria-hidden="true">×</span>
      ${grid(text.kernel, of(kernel), everywhere)}
      <span class="sign" aria-hidden="true">=</span>
      ${grid(text.products, of(products), step)}
    </div>
    ${!inside.every(Boolean) && html`<p class="note">${text.padding}</p>`}
    ${channels > 1 && html`
      <fieldset class="channels">
        <legend>${text.byChannel}</legend>
        ${order.map((k) => html`
          <button type="button" key=${k} aria-pressed=${k === chosen} style=${cssColor(sums[k], scale)}
            onClick=${() => (store.inputChannel.value = firstChannel + k)}>${firstChannel + k}: ${number(sums[k])}</button>`)}
        ${order.length < channels && html`<span class="note">${text.otherChannels(channels - order.length)}: ${number(step.sum - order.reduce((sum, k) => sum + sums[k], 0))}</span>`}
      </fieldset>`}
    ${sumLines(step, products.length, last)}`;
}

function Dense({ store, op, step, last }: { store: Store; op: Operation; step: DenseStep; last: boolean }) {
  const products = step.inputs.map((x, i) => x * step.weights[i]);
  const order = [...products.keys()].sort((a, b) => Math.abs(products[b]) - Math.abs(products[a]));
  const shown = order.slice(0, TERMS);
  const rest = order.slice(TERMS).reduce((sum, i) => sum + products[i], 0);
  return html`
    <div class="scroller" tabindex="0" role="region" aria-label=${text.products}>
      <table class="numbers">
        <thead><tr><th scope="col">${text.inputValue}</th><th scope="col">${text.term}</th><th scope="col">${text.weight}</th><th scope="col">${text.product}</th></tr></thead>
        <tbody>
          ${shown.map((i) => html`
            <tr><th scope="row">${featureName(store, op.src, i)}</th><td>${number(step.inputs[i])}</td><td>${number(step.weights[i])}</td><td>${number(products[i])}</td></tr>`)}
          ${order.length > shown.length && html`
            <tr><th scope="row" colspan="3">${text.otherTerms(order.length - shown.length)}</th><td>${number(rest)}</td></tr>`}
        </tbody>
      </table>
    </div>
    ${sumLines(step, products.length, last)}`;
}

/** Return the index of a feature, and its place in the map that was flattened. */
export function featureName(store: Store, buffer: number, i: number): string {
  const [h, w, c] = store.engine.graph.shape(store.engine.graph.root(buffer));
  if (h === 1 && w === 1) return `[${i}]`; // flat from the start, perhaps in several branches
  return `[${i}] = ${text.index([Math.floor(i / (w * c)), Math.floor(i / c) % w, i % c])}`;
}

/** Whether a window has so many pixels that their numbers would not be read. */
function isWide(step: PoolingStep | ResizeStep): boolean {
  return step.window.length > MOST_CELLS;
}

function pooling(step: PoolingStep) {
  const n = step.inside.filter(Boolean).length;
  const result: Line[] = step.pooling === "max"
    ? [[text.largest, step.value]]
    : [[text.sumOfValues(n), step.value * step.count], [text.divided(step.count), step.value]];
  return html`
    ${isWide(step)
      ? html`<p class="note">${text.wideWindow(step.window.length)}</p>`
      : html`<div class="grids" tabindex="0" role="group" aria-label=${text.calculation}>${grid(text.window, step.window, step, step.winner)}</div>`}
    ${n < step.inside.length && html`<p class="note">${step.count > n && step.pooling === "avg" ? text.padding : text.paddingIgnored}</p>`}
    ${lines(result)}`;
}

function resizing(step: ResizeStep) {
  if (isWide(step)) {
    return html`<p class="note">${text.wideWindow(step.window.length)}</p>${lines([[text.sumOfProducts(step.window.length), step.value]])}`;
  }
  return html`
    <div class="grids" tabindex="0" role="group" aria-label=${text.calculation}>
      ${grid(text.window, step.window, step)}
      <span class="sign" aria-hidden="true">×</span>
      ${grid(text.weights, step.weights, step)}
    </div>
    ${lines([[text.sumOfProducts(step.window.length), step.value]])}`;
}

function normalization(step: NormalizationStep): Line[] {
  const deviation = Math.sqrt(step.variance + step.epsilon);
  const mean = step.group ? text.minusGroupMean(...step.group) : text.minusRunningMean;
  return [
    [text.inputValue, step.input],
    [mean, step.mean],
    [text.byDeviation, deviation],
    [text.normalized, (step.input - step.mean) / deviation],
    [text.timesGamma, step.gamma],
    [text.plusBeta, step.beta],
    [text.output, step.value],
  ];
}

function lrn(step: LrnStep): Line[] {
  const squares = step.neighbors.reduce((sum, value) => sum + value * value, 0);
  const base = step.k + (step.alpha / step.size) * squares;
  return [
    [text.inputValue, step.input],
    [text.squares(step.firstChannel, step.firstChannel + step.neighbors.length - 1), squares],
    [text.base(step.size), base],
    [text.byPower(number(step.beta)), base ** step.beta],
    [text.output, step.value],
  ];
}

function softmax(step: SoftmaxStep) {
  const largest = Math.max(...step.logits);
  const e = step.logits.map((z) => Math.exp(z - largest));
  const own = step.channel;
  return lines([
    [text.logit, step.logits[own]],
    [text.exponential, e[own]],
    [text.total, e.reduce((a, b) => a + b, 0)],
    [text.output, step.value],
  ]);
}
