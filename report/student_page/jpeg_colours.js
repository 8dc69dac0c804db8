/**
 * From the planes of a JPEG's components to pixels, as libjpeg does it: "fancy" upsampling (jdsample.c),
 * YCbCr to RGB in 16 bits after the point (jdcolor.c).
 */

/** A component's samples at the picture's size, Uint8Array (height, width). */
function upsampled(component, frame, side) {
  const { plane, stride } = component;
  const { width, height } = frame.scaled;
  const across = (frame.mostAcross * side) / (component.across * component.side);
  const down = (frame.mostDown * side) / (component.down * component.side);
  const isFancy = side > 1;
  const isWide = component.width > 2;
  const full = new Uint8Array(width * height);
  const row = new Int32Array(Math.max(width, 2 * component.stride));
  for (let y = 0; y < height; y += 1) {
    const own = Math.floor(y / down);
    if (across === 2 && down === 2 && isFancy && isWide) {
      widenSquare(component, neighbours(component, y), row);
    } else if (across === 2 && down === 1 && isFancy && isWide) {
      widenLine(component, own, row);
    } else if (across === 1 && down === 2 && isFancy) {
      const [near, far, bias] = neighbours(component, y);
      for (let x = 0; x < width; x += 1) row[x] = (plane[near + x] * 3 + plane[far + x] + bias) >> 2;
    } else {
      for (let x = 0; x < width; x += 1) row[x] = plane[own * stride + Math.floor(x / across)];
    }
    for (let x = 0; x < width; x += 1) full[y * width + x] = row[x];
  }
  return full;
}

/** Of a row of the picture: where the nearer row of a component half as high begins, the other, a bias. */
function neighbours(component, y) {
  const near = y >> 1;
  const far = Math.min(Math.max(y % 2 === 0 ? near - 1 : near + 1, 0), component.height - 1);
  return [near * component.stride, far * component.stride, y % 2 === 0 ? 1 : 2];
}

/** Twice as wide: three quarters of the nearer sample, one of the other. */
function widenLine({ plane, stride, width }, own, row) {
  const start = own * stride;
  row[0] = plane[start];
  for (let x = 0; x < width; x += 1) {
    const three = plane[start + x] * 3;
    if (x > 0) row[2 * x] = (three + plane[start + x - 1] + 1) >> 2;
    if (x < width - 1) row[2 * x + 1] = (three + plane[start + x + 1] + 2) >> 2;
  }
  row[2 * width - 1] = plane[start + width - 1];
}

/** Twice as wide and high. */
function widenSquare({ plane, width }, [near, far], row) {
  const sum = (x) => plane[near + x] * 3 + plane[far + x];
  row[0] = (sum(0) * 4 + 8) >> 4;
  for (let x = 0; x < width; x += 1) {
    if (x > 0) row[2 * x] = (sum(x) * 3 + sum(x - 1) + 8) >> 4;
    if (x < width - 1) row[2 * x + 1] = (sum(x) * 3 + sum(x + 1) + 7) >> 4;
  }
  row[2 * width - 1] = (sum(width - 1) * 4 + 7) >> 4;
}

const fixed = (number) => Math.floor(number * 65536 + 0.5);
const HALF = 1 << 15;

/** Write RGB, (pixels, 3), from luminance and chroma. */
function writeRgb(planes, rgb) {
  const [luminance, blue, red] = planes;
  for (let index = 0; index < luminance.length; index += 1) {
    const y = luminance[index];
    const cb = blue[index] - 128;
    const cr = red[index] - 128;
    rgb[3 * index] = clamped(y + ((fixed(1.402) * cr + HALF) >> 16));
    rgb[3 * index + 1] = clamped(y + ((-fixed(0.34414) * cb - fixed(0.71414) * cr + HALF) >> 16));
    rgb[3 * index + 2] = clamped(y + ((fixed(1.772) * cb + HALF) >> 16));
  }
}

/** RGB, (pixels, 3), of a JPEG's planes at the picture's size.
 * @param {string} space grey, rgb, ycc, cmyk or ycck.
 */
function rgbOf(planes, space) {
  const rgb = new Uint8Array(planes[0].length * 3);
  if (space === "ycc" || space === "ycck") {
    writeRgb(planes, rgb);
  } else {
    for (let index = 0; index < rgb.length; index += 1) {
      rgb[index] = planes[space === "grey" ? 0 : index % 3][Math.floor(index / 3)];
    }
  }
  if (space === "cmyk" || space === "ycck") print(rgb, planes[3], space === "ycck");
  return rgb;
}

/** CMYK, kept inverted as Adobe does, becomes RGB in place, by Pillow's rule (Convert.c). */
function print(inks, black, complemented) {
  for (let index = 0; index < inks.length; index += 1) {
    const ink = complemented ? inks[index] : 255 - inks[index];
    const light = black[Math.floor(index / 3)];
    const product = ink * light + 128;
    inks[index] = clamped(light - (((product >> 8) + product) >> 8));
  }
}
