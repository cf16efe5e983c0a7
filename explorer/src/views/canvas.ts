/** Canvases that show the pixels of maps. */

import { useEffect, useRef } from "preact/hooks";
import { html } from "./html";

/** Draws pixels once the canvas is near the visible part of the page. `draw` must change when the pixels do. */
export function Pixels({ width, height, draw, className = "" }: {
  width: number;
  height: number;
  draw: () => ImageData;
  className?: string;
}) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      canvas.getContext("2d")?.putImageData(draw(), 0, 0);
    }, { rootMargin: "200px" });
    observer.observe(canvas);
    return () => observer.disconnect();
  }, [draw]);
  return html`<canvas ref=${ref} class=${`pixels ${className}`} width=${width} height=${height} aria-hidden="true"></canvas>`;
}
