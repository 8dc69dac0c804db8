/** Where the coefficients of a block stand, by their order in the file: T.81, figure A.6. */
const ZIGZAG = Uint8Array.of(
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
  58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
);

/** Read a block of a sequential JPEG: T.81, F.2.2. */
function readSequential(reader, component, block, at) {
  component.previous += reader.signed(reader.symbol(component.dc));
  block[at] = component.previous;
  for (let k = 1; k < 64; k += 1) {
    const symbol = reader.symbol(component.ac);
    const size = symbol & 15;
    const zeros = symbol >> 4;
    if (size === 0 && zeros < 15) return;
    k += zeros;
    if (size > 0 && k < 64) block[at + ZIGZAG[k]] = reader.signed(size);
  }
}

/** Read a block's share of a progressive scan: T.81, G.1. `scan` keeps the run of empty blocks. */
function readProgressive(reader, component, block, at, scan) {
  if (scan.first === 0) {
    readProgressiveDc(reader, component, block, at, scan);
  } else if (scan.high === 0) {
    readProgressiveAc(reader, component, block, at, scan);
  } else {
    refineAc(reader, component, block, at, scan);
  }
}

function readProgressiveDc(reader, component, block, at, scan) {
  if (scan.high > 0) {
    block[at] |= reader.bit() << scan.low;
    return;
  }
  component.previous += reader.signed(reader.symbol(component.dc));
  block[at] = component.previous << scan.low;
}

function readProgressiveAc(reader, component, block, at, scan) {
  if (scan.empty > 0) {
    scan.empty -= 1;
    return;
  }
  for (let k = scan.first; k <= scan.last; k += 1) {
    const symbol = reader.symbol(component.ac);
    const size = symbol & 15;
    const zeros = symbol >> 4;
    if (size === 0 && zeros < 15) {
      scan.empty = (1 << zeros) - 1 + reader.bits(zeros);
      return;
    }
    k += zeros;
    if (size > 0 && k < 64) block[at + ZIGZAG[k]] = reader.signed(size) << scan.low;
  }
}

/** One more bit of each coefficient that is known, and the first of new ones: T.81, G.1.2.3. */
function refineAc(reader, component, block, at, scan) {
  const bit = 1 << scan.low;
  let k = scan.first;
  for (; scan.empty === 0 && k <= scan.last; k += 1) {
    const symbol = reader.symbol(component.ac);
    const zeros = symbol >> 4;
    let value = 0;
    if ((symbol & 15) !== 0) {
      value = reader.bit() ? bit : -bit;
    } else if (zeros < 15) {
      scan.empty = (1 << zeros) + reader.bits(zeros);
      break;
    }
    k = refineKnown(reader, block, at, k, scan.last, bit, zeros);
    if (value !== 0 && k < 64) block[at + ZIGZAG[k]] = value;
  }
  if (scan.empty > 0) {
    refineKnown(reader, block, at, k, scan.last, bit, 64);
    scan.empty -= 1;
  }
}

/** Refine what is not zero, past so many zeros; the place of the zero after them. */
function refineKnown(reader, block, at, start, last, bit, zeros) {
  let left = zeros;
  let k = start;
  for (; k <= last; k += 1) {
    const place = at + ZIGZAG[k];
    if (block[place] === 0) {
      if (left === 0) return k;
      left -= 1;
    } else if (reader.bit() && (block[place] & bit) === 0) {
      block[place] += block[place] > 0 ? bit : -bit;
    }
  }
  return k;
}
