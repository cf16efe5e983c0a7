/** The button of the camera. The camera stops when it is pressed again, when another image is chosen or when the page is hidden. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { CameraError, openCamera, showStream } from "../state/camera";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { html } from "./html";

export function Camera({ store, say }: { store: Store; say: (message: string) => void }) {
  const starting = useSignal(false);
  const running = useRef<AbortController | null>(null);
  const stop = () => running.current?.abort();
  useEffect(() => {
    const onVisibility = () => document.hidden && stop();
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      stop();
    };
  }, []);

  const start = async () => {
    const control = new AbortController();
    running.current = control;
    starting.value = true;
    say("");
    try {
      const stream = await openCamera();
      starting.value = false;
      store.strokes.value = [];
      store.isLive.value = true;
      const show = async (values: Float32Array) => {
        if (!store.isLive.value) control.abort(); // another image was chosen
        if (control.signal.aborted) return;
        store.showFrame(values);
        await store.settled();
      };
      await showStream(stream, store.shape, store.document.input, show, control.signal);
    } catch (error) {
      const reason = error instanceof CameraError ? error.message : "";
      say(text.cameraErrors[reason] ?? text.noCamera(reason || String(error)));
    } finally {
      if (running.current === control) {
        starting.value = store.isLive.value = false;
        running.current = null;
      }
    }
  };
  const live = store.isLive.value;
  return html`
    <button type="button" aria-pressed=${live} disabled=${starting.value} onClick=${live ? stop : () => void start()}>
      ${live ? text.stopCamera : text.useCamera}
    </button>`;
}
