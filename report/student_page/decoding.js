/** From a picture file to upright RGB, with the same rules and words as `skinkd.images`. */

/** A picture that cannot be used; the message says why. */
class BadPicture extends Error {}

const ORIENTATION = 0x0112;

/** Refuse what is too small to show anything or too large for memory. */
function checkSize(width, height) {
  const { smallest_side_px: smallest, most_pixels: most } = ABOUT.limits;
  if (width * height > most) throw new BadPicture(`more than ${Math.round(most / 1e6)} million pixels`);
  if (Math.min(width, height) < smallest) {
    throw new BadPicture(`${width} x ${height} px, a side under ${smallest} px`);
  }
}

/** Decode a whole picture file.
 * @param {number} leastPx a JPEG is decoded at the smallest fraction that has both sides at least so long.
 * @returns {Promise<{width, height, rgb, notes}>}
 */
async function decodePicture(bytes, leastPx) {
  if (bytes.length === 0) throw new BadPicture("empty file");
  const starts = (...values) => values.every((value, index) => bytes[index] === value);
  if (starts(0xff, 0xd8, 0xff)) return decodedJpeg(bytes, leastPx);
  if (starts(...SIGNATURE)) return decodedPng(bytes);
  if (starts(0x42, 0x4d) || (starts(0x52, 0x49, 0x46, 0x46) && bytes[8] === 0x57))
    return decodedByBrowser(bytes);
  throw new BadPicture("not a picture in JPEG, PNG, BMP or WebP");
}

function decodedJpeg(bytes, leastPx) {
  const picture = decodeJpeg(bytes, leastPx);
  const mode = { grey: "L", cmyk: "CMYK", ycck: "CMYK" }[picture.space];
  const notes = mode ? [`converted to RGB from mode ${mode}`] : [];
  if (picture.lacksEnd) notes.push(ABOUT.no_end);
  return upright(picture, notes);
}

async function decodedPng(bytes) {
  const picture = await decodePng(bytes);
  const { mode, isClear } = picture;
  if (isClear) return upright(picture, [`laid on white, from mode ${mode}`]);
  return upright(picture, mode === "RGB" ? [] : [`converted to RGB from mode ${mode}`]);
}

/** BMP and WebP, which browsers decode as Python does. */
async function decodedByBrowser(bytes) {
  const bitmap = await createImageBitmap(new Blob([bytes]), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
    imageOrientation: "none",
  }).catch(() => {
    throw new BadPicture("the file is truncated or damaged");
  });
  const { width, height } = bitmap;
  checkSize(width, height);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { colorSpace: "srgb", willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = Uint8Array.from(
    { length: width * height * 3 },
    (_, at) => data[4 * Math.floor(at / 3) + (at % 3)],
  );
  return upright({ width, height, rgb, metadata: riffMetadata(bytes) }, []);
}

/** EXIF and XMP of a WebP; nothing of a BMP. */
function riffMetadata(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const metadata = { exif: null, xmp: null };
  for (let at = 12; bytes[0] === 0x52 && at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    const type = String.fromCharCode(...bytes.subarray(at, at + 4));
    const content = bytes.subarray(at + 8, at + 8 + length);
    const isPrefixed = String.fromCharCode(...content.subarray(0, 6)) === "Exif\0\0";
    if (type === "EXIF") metadata.exif = content.subarray(isPrefixed ? 6 : 0);
    if (type === "XMP ") metadata.xmp = content;
    at += 8 + length + (length & 1);
  }
  return metadata;
}

/** The picture as its metadata say that it stands. */
function upright(picture, notes) {
  const orientation = orientationOf(picture.metadata);
  if (!(orientation >= 2 && orientation <= 8)) return { ...picture, notes };
  return { ...turned(picture, orientation), notes: ["turned upright by their EXIF orientation", ...notes] };
}

/** EXIF's orientation; XMP's where EXIF has none, as in Pillow. */
function orientationOf({ exif, xmp }) {
  const own = exif && exifOrientation(exif);
  if (own) return own;
  const found = xmp && new TextDecoder("latin1").decode(xmp).match(/tiff:Orientation(?:="|>)([0-9])/);
  return found ? Number(found[1]) : 1;
}

function exifOrientation(exif) {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  try {
    const isLittle = view.getUint16(0) === 0x4949;
    const start = view.getUint32(4, isLittle);
    for (let entry = 0; entry < view.getUint16(start, isLittle); entry += 1) {
      const at = start + 2 + 12 * entry;
      if (view.getUint16(at, isLittle) === ORIENTATION) return view.getUint16(at + 8, isLittle);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return null;
}

/** Where the pixel at (x, y) of the upright picture is in one of width w and height h, by orientation. */
const PLACES = {
  2: (x, y, w) => [w - 1 - x, y],
  3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
  4: (x, y, w, h) => [x, h - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, w, h) => [y, h - 1 - x],
  7: (x, y, w, h) => [w - 1 - y, h - 1 - x],
  8: (x, y, w) => [w - 1 - y, x],
};

function turned({ width: w, height: h, rgb: from }, orientation) {
  const [width, height] = orientation >= 5 ? [h, w] : [w, h];
  const rgb = new Uint8Array(from.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [column, row] = PLACES[orientation](x, y, w, h);
      const start = 3 * (row * w + column);
      rgb.set(from.subarray(start, start + 3), 3 * (y * width + x));
    }
  }
  return { width, height, rgb };
}
