/**
 * The inverse cosine transforms of libjpeg (jidctint.c, jidctred.c), integer by integer: from a block's 64
 * coefficients to 8, 4, 2 or 1 samples a side. Python's pictures come from them.
 */
const COEFFICIENTS = new Int32Array(64);
const HALFWAY = new Int32Array(64);
const SAMPLES = new Int32Array(64);

const clamped = (value) => (value < 0 ? 0 : value > 255 ? 255 : value);

/** Write a block's samples into a plane.
 * @param {Int16Array} block holds the coefficients, from `at`.
 * @param {Uint16Array} quantisers in the block's order.
 * @param {number} side of the block in samples: 8, 4, 2 or 1.
 */
function transform(block, at, quantisers, side, plane, start, stride) {
  if (side === 1) {
    plane[start] = clamped(((block[at] * quantisers[0] + 4) >> 3) + 128);
    return;
  }
  for (let index = 0; index < 64; index += 1) COEFFICIENTS[index] = block[at + index] * quantisers[index];
  const line = { 8: lineOf8, 4: lineOf4, 2: lineOf2 }[side];
  const shift = { 8: 11, 4: 12, 2: 13 }[side];
  for (let column = 0; column < 8; column += 1) line(COEFFICIENTS, HALFWAY, column, 8, shift);
  for (let row = 0; row < side; row += 1) line(HALFWAY, SAMPLES, 8 * row, 1, shift + 7);
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      plane[start + row * stride + column] = clamped(SAMPLES[8 * row + column] + 128);
    }
  }
}

/** Eight values from eight. They stand `step` apart, from `at`; results are rounded down by `shift` bits. */
function lineOf8(from, to, at, step, shift) {
  const [x0, x1, x2, x3, x4, x5, x6, x7] = valuesOf(from, at, step);
  const shared = (x2 + x6) * 4433;
  const low = shared - x6 * 15137;
  const high = shared + x2 * 6270;
  const sum = (x0 + x4) * 8192;
  const difference = (x0 - x4) * 8192;
  const z5 = (x7 + x3 + x5 + x1) * 9633;
  const z3 = (x7 + x3) * -16069 + z5;
  const z4 = (x5 + x1) * -3196 + z5;
  const outer = (x7 + x1) * -7373;
  const inner = (x5 + x3) * -20995;
  writePair(to, at, at + 7 * step, sum + high, x1 * 12299 + outer + z4, shift);
  writePair(to, at + step, at + 6 * step, difference + low, x3 * 25172 + inner + z3, shift);
  writePair(to, at + 2 * step, at + 5 * step, difference - low, x5 * 16819 + inner + z4, shift);
  writePair(to, at + 3 * step, at + 4 * step, sum - high, x7 * 2446 + outer + z3, shift);
}

/** Four values from eight, of which the fifth does not count. */
function lineOf4(from, to, at, step, shift) {
  const [x0, x1, x2, x3, , x5, x6, x7] = valuesOf(from, at, step);
  const rest = x2 * 15137 - x6 * 6270;
  const outer = x7 * -4176 - x5 * 4926 + x3 * 7373 + x1 * 20995;
  const inner = x7 * -1730 + x5 * 11893 - x3 * 17799 + x1 * 8697;
  writePair(to, at, at + 3 * step, x0 * 16384 + rest, outer, shift);
  writePair(to, at + step, at + 2 * step, x0 * 16384 - rest, inner, shift);
}

/** Two values from the first and the odd ones of eight. */
function lineOf2(from, to, at, step, shift) {
  const [x0, x1, , x3, , x5, , x7] = valuesOf(from, at, step);
  writePair(to, at, at + step, x0 * 32768, x7 * -5906 + x5 * 6967 - x3 * 10426 + x1 * 29692, shift);
}

const LINE = new Int32Array(8);

function valuesOf(from, at, step) {
  for (let index = 0; index < 8; index += 1) LINE[index] = from[at + index * step];
  return LINE;
}

/** The sum at one place, the difference at the other. */
function writePair(to, first, last, even, odd, shift) {
  const half = 1 << (shift - 1);
  to[first] = (even + odd + half) >> shift;
  to[last] = (even - odd + half) >> shift;
}
