/** From a PNG's bytes to samples. */

// Channels by colour type.
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
// Adam7: first column and row of each pass, and how far apart its columns and rows are.
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** Uint8Array (height, width, channels): 8 bits, or the upper 8 of 16; fewer bits as they are. */
function samplesOf(header, data) {
  const channels = CHANNELS[header.type];
  const samples = new Uint8Array(header.width * header.height * channels);
  let at = 0;
  for (const [left, top, across, down] of header.interlaced ? PASSES : [[0, 0, 1, 1]]) {
    const width = Math.ceil((header.width - left) / across);
    const height = Math.ceil((header.height - top) / down);
    if (width < 1 || height < 1) continue;
    const stride = Math.ceil((width * channels * header.depth) / 8);
    const rows = unfiltered(data, at, stride, height, Math.max((channels * header.depth) >> 3, 1));
    at += (stride + 1) * height;
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width * channels; x += 1) {
        const column = left + Math.floor(x / channels) * across;
        const place = ((top + y * down) * header.width + column) * channels + (x % channels);
        samples[place] = sampleAt(rows, y * stride, x, header.depth);
      }
    }
  }
  return samples;
}

function sampleAt(rows, start, index, depth) {
  if (depth >= 8) return rows[start + (index * depth) / 8];
  const bit = index * depth;
  return (rows[start + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** Rows without their filters: PNG specification, section 9.
 * @param {number} step bytes to the left neighbour.
 */
function unfiltered(data, at, stride, height, step) {
  if (at + (stride + 1) * height > data.length) throw new BadPicture("the file is truncated");
  const rows = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) {
    const from = at + y * (stride + 1);
    const filter = data[from];
    if (filter > 4) throw new BadPicture("the PNG's data are damaged");
    for (let x = 0; x < stride; x += 1) {
      const place = y * stride + x;
      const left = x >= step ? rows[place - step] : 0;
      const above = y > 0 ? rows[place - stride] : 0;
      const corner = x >= step && y > 0 ? rows[place - stride - step] : 0;
      rows[place] =
        data[from + 1 + x] + [0, left, above, (left + above) >> 1, nearest(left, above, corner)][filter];
    }
  }
  return rows;
}

/** Paeth's predictor. */
function nearest(left, above, corner) {
  const estimate = left + above - corner;
  const [a, b, c] = [left, above, corner].map((value) => Math.abs(estimate - value));
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}
