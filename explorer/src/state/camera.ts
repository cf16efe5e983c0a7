/** The camera: live pictures for the net, at most as many as it can compute. */

import type { Shape, InputForm } from "../model/document";
import { pictureValues } from "./photograph";

/** Why there are no pictures: the browser has no camera on this page, or an error of `getUserMedia` by its name. */
export class CameraError extends Error {}

/** Return the stream of a camera, the one at the back if there are two. Throws a `CameraError` with the reason's name. */
export async function openCamera(): Promise<MediaStream> {
  const devices = navigator.mediaDevices as MediaDevices | undefined; // only where the address is trusted
  if (!devices?.getUserMedia) throw new CameraError("NotSupportedError");
  try {
    return await devices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch (error) {
    throw new CameraError(error instanceof DOMException ? error.name : String(error));
  }
}

/**
 * Show pictures of a stream until `signal` aborts or the stream ends. The camera stops at once when `signal` aborts. `show`
 * gets the values in the units of X, and the next picture is taken when its promise is kept.
 */
export async function showStream(
  stream: MediaStream,
  shape: Shape,
  form: InputForm,
  show: (values: Float32Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  const stop = () => {
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) return;
    video.srcObject = stream;
    await video.play();
    while (!signal.aborted && stream.active) {
      const values = pictureValues(video, video.videoHeight, video.videoWidth, shape, form);
      if (values) await show(values);
      await nextFrame(signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error; // a video that loses its stream says so
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** Wait for the next frame or for `signal`: hidden pages have no frames. */
function nextFrame(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    signal.addEventListener("abort", () => done(), { once: true });
    requestAnimationFrame(() => done());
  });
}
