/** One channel of a map, large, with some of its pixels outlined. */

import { useEffect, useRef } from "preact/hooks";
import type { Store } from "../state/store";
import { imagePixels, mapPixels, scaleOf } from "./colors";
import { Curve } from "./curve";
import { html } from "./html";

interface Props {
  store: Store;
  buffer: number;
  channel: number;
  marked: { rows: number[]; columns: number[] };
  label: string;
  /** Called with a row and a column if the map can be clicked and moved in by the arrow keys. */
  onMove?: (row: number, column: number) => void;
}

const SMALL = 8; // CSS pixels: where the pixels of a map are smaller, the window is outlined as a whole

/** Return the rectangles to outline: row, column, height, width. */
function outlines({ rows, columns }: Props["marked"], zoom: number): [number, number, number, number][] {
  if (!rows.length || !columns.length) return [];
  if (zoom >= SMALL) return rows.flatMap((row) => columns.map((column) => [row, column, 1, 1] as [number, number, number, number]));
  const [top, left] = [Math.min(...rows), Math.min(...columns)];
  return [[top, left, Math.max(...rows) - top + 1, Math.max(...columns) - left + 1]];
}

const KEYS: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const MOST = 320; // CSS pixels of the longer side

export function MapView({ store, buffer, channel, marked, label, onMove }: Props) {
  const [h, w, c] = store.engine.graph.shape(buffer);
  const values = store.engine.values(store.buffers.value, buffer);
  const own = store.ownScale.value;
  const ref = useRef<HTMLCanvasElement>(null);
  const zoom = Math.max(1, Math.min(32, Math.floor(MOST / Math.max(h, w))));

  useEffect(() => {
    const context = ref.current?.getContext("2d");
    if (!context || !values) return;
    const scale = own ? scaleOf(values, channel, c) : scaleOf(values);
    const picture = store.engine.graph.isInput(buffer) && h > 1 && (c === 1 || c === 3 || store.look.alpha);
    const pixels = picture
      ? imagePixels(store.values.value, store.look)
      : mapPixels(values, h, w, c, channel, scale);
    const small = new OffscreenCanvas(w, h);
    small.getContext("2d")?.putImageData(pixels, 0, 0);
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, w * zoom, h * zoom);
    context.drawImage(small, 0, 0, w * zoom, h * zoom);
    for (const [color, width] of [["#fff", 4], ["#e6007e", 2]] as const) {
      context.strokeStyle = color;
      context.lineWidth = width;
      for (const [row, column, height, width] of outlines(marked, zoom))
        context.strokeRect(column * zoom, row * zoom, width * zoom, height * zoom);
    }
  }, [values, channel, own, marked.rows.join(), marked.columns.join()]);

  const curve = store.isSignal && h === 1 && values && html`
    <${Curve} isInput=${store.engine.graph.isInput(buffer)} values=${values} w=${w} c=${c} channels=${[channel]} scale=${own ? scaleOf(values, channel, c) : scaleOf(values)} />`;
  const canvas = html`${curve}<canvas ref=${ref} class="pixels" width=${w * zoom} height=${h * zoom} aria-hidden="true"></canvas>`;
  if (!onMove) return html`<div class="map-view" role="img" aria-label=${label}>${canvas}</div>`;
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.key in KEYS)) return;
    const [down, right] = KEYS[event.key];
    onMove(marked.rows[0] + down, marked.columns[0] + right);
    event.preventDefault();
  };
  const onPointer = (event: PointerEvent) => {
    if (event.type === "pointermove" && !(event.buttons & 1)) return;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * h);
    const column = Math.floor(((event.clientX - box.left) / box.width) * w);
    onMove(row, column);
  };
  return html`
    <div class="map-view movable" role="application" tabindex="0" aria-label=${label}
      onKeyDown=${onKeyDown} onPointerDown=${onPointer} onPointerMove=${onPointer}>${canvas}</div>`;
}
