/**
 * PNG files as convnet writes them: 8 bits, not interlaced, rows filtered with none, sub or up. A canvas would multiply
 * colors by alpha and might convert them, so values are read here.
 */

const CHANNELS: Record<number, number> = { 0: 1, 4: 2, 2: 3, 6: 4 }; // by color type

/** Return the values of an image: height × width × channels. */
export async function decodePng(file: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let width = 0;
  let height = 0;
  let channels = 0;
  let data = new Uint8Array(0);
  for (let at = 8; at < file.length; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...file.subarray(at + 4, at + 8));
    if (kind === "IHDR") {
      width = view.getUint32(at + 8);
      height = view.getUint32(at + 12);
      channels = CHANNELS[file[at + 17]];
    } else if (kind === "IDAT") {
      data = file.subarray(at + 8, at + 8 + length);
    }
    at += 12 + length;
  }
  return unfilter(await inflate(data), height, width * channels, channels);
}

async function inflate(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function unfilter(lines: Uint8Array, height: number, row: number, channels: number): Uint8Array {
  const values = new Uint8Array(height * row);
  for (let y = 0; y < height; y++) {
    const filter = lines[y * (row + 1)];
    for (let x = 0; x < row; x++) {
      const at = y * row + x;
      let before = 0;
      if (filter === 1 && x >= channels) before = values[at - channels];
      if (filter === 2 && y > 0) before = values[at - row];
      values[at] = lines[y * (row + 1) + 1 + x] + before; // modulo 256
    }
  }
  return values;
}
