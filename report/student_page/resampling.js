/**
 * Pillow's resampling, integer by integer (Reduce.c, Resample.c): boxes first where a picture is more than
 * twice as large as wanted, then a triangle as wide as the reduction. Pictures: {width, height, rgb}.
 */
const WEIGHT_BITS = 22;

/** Stretch a picture to a size, as `Image.resize(size, BILINEAR, reducing_gap=2.0)`. */
function resized(picture, width, height) {
  const across = Math.floor(picture.width / width / 2) || 1;
  const down = Math.floor(picture.height / height / 2) || 1;
  const small = reduced(picture, across, down);
  const columns = spans(small.width, Math.fround(picture.width / across), width);
  const rows = spans(small.height, Math.fround(picture.height / down), height);
  // Sums are rounded between the two passes, so that their order counts.
  const lost = small.height - height;
  if (lost > 0 && lost > 2 * (small.width - width)) return widened(heightened(small, rows), columns);
  return heightened(widened(small, columns), rows);
}

function widened(picture, columns) {
  const [width, height] = [columns.length, picture.height];
  const rgb = new Uint8Array(width * height * 3);
  columns.forEach(({ start, weights }, x) => {
    for (let y = 0; y < height; y += 1) {
      mix(picture.rgb, 3 * (y * picture.width + start), 3, weights, rgb, 3 * (y * width + x));
    }
  });
  return { width, height, rgb };
}

function heightened(picture, rows) {
  const [width, height] = [picture.width, rows.length];
  const rgb = new Uint8Array(width * height * 3);
  rows.forEach(({ start, weights }, y) => {
    for (let x = 0; x < width; x += 1) {
      mix(picture.rgb, 3 * (start * width + x), 3 * width, weights, rgb, 3 * (y * width + x));
    }
  });
  return { width, height, rgb };
}

/** Write a pixel: the sum of pixels, `step` apart, by their weights. */
function mix(from, at, step, weights, to, place) {
  for (let channel = 0; channel < 3; channel += 1) {
    let sum = 1 << (WEIGHT_BITS - 1);
    for (let index = 0; index < weights.length; index += 1)
      sum += from[at + index * step + channel] * weights[index];
    to[place + channel] = clamped(sum >> WEIGHT_BITS);
  }
}

/** For each place of a line of `wanted`, the first of `length` places that count, and their weights.
 * @param {number} extent of the line in these places, less than `length` where the last one is cut.
 */
function spans(length, extent, wanted) {
  return triangles(length, extent, wanted).map(({ start, weights }) => ({
    start,
    weights: Int32Array.from(weights, (weight) => Math.trunc(0.5 + weight * (1 << WEIGHT_BITS))),
  }));
}

/** As `spans`, with weights that add up to one. */
function triangles(length, extent, wanted) {
  const scale = extent / wanted;
  const support = Math.max(scale, 1);
  return Array.from({ length: wanted }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), length);
    const weights = Array.from({ length: end - start }, (__, offset) =>
      Math.max(1 - Math.abs((offset + start - centre + 0.5) * (1 / support)), 0),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

/** Means over boxes; those at the right and lower edge may be smaller. */
function reduced(picture, across, down) {
  if (across === 1 && down === 1) return picture;
  const width = Math.ceil(picture.width / across);
  const height = Math.ceil(picture.height / down);
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    const rows = Math.min(down, picture.height - y * down);
    for (let x = 0; x < width; x += 1) {
      const columns = Math.min(across, picture.width - x * across);
      const start = 3 * (y * down * picture.width + x * across);
      for (let channel = 0; channel < 3; channel += 1) {
        rgb[3 * (y * width + x) + channel] = meanOf(picture, start + channel, columns, rows);
      }
    }
  }
  return { width, height, rgb };
}

function meanOf({ width, rgb }, start, columns, rows) {
  const count = columns * rows;
  let sum = Math.floor(count / 2);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) sum += rgb[start + 3 * (row * width + column)];
  }
  return Math.floor((sum * Math.floor(2 ** 24 / count)) / 2 ** 24);
}

/** A map of numbers at another size, bilinear: Float32Array (height, width) from one of (rows, columns). */
function stretched(map, columns, rows, width, height) {
  const across = triangles(columns, columns, width);
  const down = triangles(rows, rows, height);
  const wide = Float32Array.from({ length: rows * width }, (_, place) => {
    const { start, weights } = across[place % width];
    const from = Math.floor(place / width) * columns + start;
    return weights.reduce((sum, weight, index) => sum + weight * map[from + index], 0);
  });
  return Float32Array.from({ length: height * width }, (_, place) => {
    const { start, weights } = down[Math.floor(place / width)];
    const from = start * width + (place % width);
    return weights.reduce((sum, weight, index) => sum + weight * wide[from + index * width], 0);
  });
}
