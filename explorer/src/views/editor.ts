/** The image that the net reads: painted, covered, changed by sliders, or replaced by a photograph. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isPhotograph } from "../model/channels";
import type { Edits, Place } from "../state/edits";
import { meanColor, sourceOf } from "../state/edits";
import { photographOf } from "../state/photograph";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { Camera } from "./camera";
import { imagePixels } from "./colors";
import { html } from "./html";

type Tool = "cover" | "draw" | "erase";

const DRAWABLE = 64; // pixels: larger images are not drawn by hand

export function Editor({ store }: { store: Store }) {
  if (!store.isPicture) {
    return html`
      <section class="editor" aria-labelledby="editor">
        <h2 id="editor">${text.change}</h2>
        <p class="note">${text.onlyPictures}</p>
      </section>`;
  }
  return html`<${PictureEditor} store=${store} />`;
}

function PictureEditor({ store }: { store: Store }) {
  const [h, w, c] = store.shape;
  const tools: Tool[] = c === 1 && Math.max(h, w) <= DRAWABLE ? ["draw", "erase", "cover"] : ["cover"];
  const tool = useSignal<Tool>(tools[0]);
  const radius = useSignal(Math.max(1, Math.round(Math.max(h, w) / 20)));
  const message = useSignal("");
  const takesPhotographs = isPhotograph(store.document.input, store.shape);

  const open = async (file: Blob | null | undefined) => {
    if (!file) return;
    const values = await photographOf(file, store.shape, store.document.input);
    message.value = values ? "" : text.notAnImage;
    if (values) store.showImage(values);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    void open(event.dataTransfer?.files[0]);
  };
  useEffect(() => {
    if (!takesPhotographs) return undefined;
    const onPaste = (event: ClipboardEvent) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
      if (file) event.preventDefault();
      void open(file);
    };
    document.addEventListener("paste", onPaste);
    return () => document.removeEventListener("paste", onPaste);
  }, []);

  const target = takesPhotographs ? { onDragOver: (event: Event) => event.preventDefault(), onDrop } : {};
  return html`
    <section class="editor" aria-labelledby="editor" ...${target}>
      <h2 id="editor">${text.change}</h2>
      <p class="note">${text.changeHint}</p>
      <${Easel} store=${store} tool=${tool.value} radius=${radius.value} />
      ${tools.length > 1 && html`
        <fieldset class="choice">
          <legend>${text.tool}</legend>
          ${tools.map((name) => html`
            <label key=${name}>
              <input type="radio" name="tool" checked=${tool.value === name} onChange=${() => (tool.value = name)} />
              ${text[name]}
            </label>`)}
        </fieldset>`}
      <div class="sliders">
        <label>
          <span>${text.brushSize}</span>
          <input type="range" min="1" max=${Math.max(2, Math.round(Math.max(h, w) / 4))} value=${radius.value}
            onInput=${(event: Event) => (radius.value = numberOf(event))} />
        </label>
        <${Slider} store=${store} name="brightness" min=${-1} max=${1} step=${0.05} />
        <${Slider} store=${store} name="right" min=${-Math.ceil(w / 2)} max=${Math.ceil(w / 2)} step=${1} />
        <${Slider} store=${store} name="down" min=${-Math.ceil(h / 2)} max=${Math.ceil(h / 2)} step=${1} />
        <${Slider} store=${store} name="rotation" min=${-180} max=${180} step=${5} />
      </div>
      <div class="buttons">
        <button type="button" onClick=${() => store.reset()}>${text.reset}</button>
        ${tools.length > 1 && html`
          <button type="button" onClick=${() => store.clear(store.range[0])}>${text.clear}</button>`}
        ${takesPhotographs && html`
          <${Camera} store=${store} say=${(reason: string) => (message.value = reason)} />
          <label class="file">
            ${text.openPhoto}
            <input type="file" accept="image/*" onChange=${(event: Event) => void open((event.target as HTMLInputElement).files?.[0])} />
          </label>
          <span class="note">${text.dropHint}</span>`}
      </div>
      <p class="note" role="status">${message.value}</p>
    </section>`;
}

function numberOf(event: Event): number {
  return Number((event.target as HTMLInputElement).value);
}

function Slider({ store, name, min, max, step }: { store: Store; name: keyof Edits; min: number; max: number; step: number }) {
  const value = store.edits.value[name];
  const onInput = (event: Event) => (store.edits.value = { ...store.edits.value, [name]: numberOf(event) });
  return html`
    <label>
      <span>${text[name]} <output>${value}</output></span>
      <input type="range" min=${min} max=${max} step=${step} value=${value} onInput=${onInput} />
    </label>`;
}

/** The canvas to paint on. Strokes lie on the image, under the changes of the sliders. */
function Easel({ store, tool, radius }: { store: Store; tool: Tool; radius: number }) {
  const [h, w, c] = store.shape;
  const ref = useRef<HTMLCanvasElement>(null);
  const cursor = useSignal<Place | null>(null);
  const last = useRef<Place | null>(null); // where the stroke was, while a button is pressed
  const values = store.values.value;

  useEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    context.putImageData(imagePixels(values, store.look), 0, 0);
    if (cursor.value) {
      context.strokeStyle = "#e6007e";
      context.lineWidth = Math.max(w, h) / 100;
      context.beginPath();
      context.arc(cursor.value.column + 0.5, cursor.value.row + 0.5, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }, [values, cursor.value, radius]);

  /** Paint a line from the last place of the stroke, or a point. Places are those of the image that is shown. */
  const use = (at: Place, from: Place | null) => {
    const [low, high] = store.range;
    const color = tool === "cover" ? meanColor(store.base.value, c) : new Float32Array(c).fill(tool === "draw" ? high : low);
    const inImage = (place: Place) => sourceOf(place, store.shape, store.edits.value);
    store.paint({ from: inImage(from ?? at), to: inImage(at), radius: radius - 0.5, color });
  };
  const pointed = (event: PointerEvent) => {
    const easel = event.currentTarget as HTMLElement;
    const box = easel.getBoundingClientRect();
    const row = ((event.clientY - box.top) / box.height) * h - 0.5;
    const column = ((event.clientX - box.left) / box.width) * w - 0.5;
    const at = { row, column };
    cursor.value = at;
    if (!(event.buttons & 1)) last.current = null;
    else if (event.type === "pointerdown") {
      easel.setPointerCapture(event.pointerId); // a stroke may leave the image and come back
      use(at, null);
      last.current = at;
    } else if (last.current) {
      use(at, last.current);
      last.current = at;
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = cursor.value ?? { row: Math.floor(h / 2), column: Math.floor(w / 2) };
    const step: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.key in step) {
      const [down, right] = step[event.key];
      const row = Math.min(Math.max(Math.round(at.row) + down, 0), h - 1);
      const column = Math.min(Math.max(Math.round(at.column) + right, 0), w - 1);
      cursor.value = { row, column };
    } else if (event.key === " ") {
      cursor.value = at;
      use(at, null);
    } else return;
    event.preventDefault();
  };
  return html`
    <div
      class="easel"
      style=${{ maxWidth: `${Math.min(16, (24 * w) / h)}rem` }}
      role="application"
      tabindex="0"
      aria-label=${text.canvas(text[tool])}
      onPointerDown=${pointed}
      onPointerMove=${pointed}
      onPointerLeave=${() => (cursor.value = null)}
      onKeyDown=${onKeyDown}
    >
      <canvas ref=${ref} class="pixels" width=${w} height=${h} aria-hidden="true"></canvas>
    </div>`;
}
