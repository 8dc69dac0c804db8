/** The student: an ONNX file and onnxruntime-web, both inside this page. */

const ABOUT = JSON.parse(document.getElementById("about").textContent);

/** The bytes of a compressed file that stands in the page. */
function embedded(id) {
  const text = document.getElementById(id).textContent;
  return unpacked([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], "gzip");
}

/** What pieces of a compressed file hold. */
async function unpacked(pieces, format) {
  const stream = new Blob(pieces).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A session of onnxruntime on one thread: more of them need a server that says so. */
async function openStudent() {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  ort.env.wasm.wasmBinary = (await embedded("runtime")).buffer;
  ort.env.logLevel = "error";
  return ort.InferenceSession.create(await embedded("model"), { executionProviders: ["wasm"] });
}

/** What the student says of a picture file.
 * @returns {Promise<{probabilities, maps, shown, notes}>} maps: a tensor (1, C, H, W), or undefined.
 */
async function ask(session, bytes) {
  const side = ABOUT.size_px;
  const picture = await decodePicture(bytes, 2 * side);
  const pixels = resized(picture, side, side).rgb;
  const said = await session.run({ [ABOUT.input.name]: new ort.Tensor("uint8", pixels, [1, side, side, 3]) });
  const shown = asShown(await decodePicture(bytes, ABOUT.shown_px));
  return { probabilities: said.probabilities.data, maps: said.class_maps, shown, notes: picture.notes };
}

/** The picture as people see it: in its own aspect, not larger than the page shows it. */
function asShown(picture) {
  const scale = Math.min(ABOUT.shown_px / Math.max(picture.width, picture.height), 1);
  if (scale === 1) return picture;
  const side = (length) => Math.max(Math.round(length * scale), 1);
  return resized(picture, side(picture.width), side(picture.height));
}

/** RGBA of a picture, half of it a class's map in colours, if a class is given. */
function overlaid({ width, height, rgb }, maps, ofClass) {
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  const heat = ofClass === null ? null : heatOf(maps, ofClass, width, height);
  for (let at = 0; at < width * height; at += 1) {
    const level = heat && Math.min(Math.trunc(heat[at] * 256), 255);
    for (let channel = 0; channel < 3; channel += 1) {
      const own = rgb[3 * at + channel];
      const { levels, opacity } = ABOUT.colours;
      pixels[4 * at + channel] = heat ? (1 - opacity) * own + opacity * levels[level][channel] : own;
    }
  }
  return new ImageData(pixels, width, height);
}

/** A class's map over a picture of this size, in [0, 1]. */
function heatOf({ data, dims }, ofClass, width, height) {
  const [, , rows, columns] = dims;
  const start = ofClass * rows * columns;
  return stretched(data.subarray(start, start + rows * columns), columns, rows, width, height);
}
