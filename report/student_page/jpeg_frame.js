/** What a JPEG says before its data: tables, sizes, components, metadata. */

const HUFFMAN_FRAMES = [0xc0, 0xc1, 0xc2];
const OTHER_FRAMES = [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];

function readSegment(state, marker, segment) {
  const text = (length) => String.fromCharCode(...segment.subarray(0, length));
  if (marker === 0xdb) readQuantisers(state, segment);
  else if (marker === 0xc4) readHuffman(state, segment);
  else if (marker === 0xdd) state.restart = (segment[0] << 8) | segment[1];
  else if (HUFFMAN_FRAMES.includes(marker)) readFrame(state, segment, marker === 0xc2);
  else if (OTHER_FRAMES.includes(marker))
    throw new BadPicture("a rare kind of JPEG that this page does not decode");
  else if (marker === 0xe0 && text(4) === "JFIF") state.jfif = true;
  else if (marker === 0xee && text(5) === "Adobe") state.adobe = segment[11];
  else if (marker === 0xe1 && text(6) === "Exif\0\0") state.metadata.exif ??= segment.slice(6);
  else if (marker === 0xe1 && text(29) === "http://ns.adobe.com/xap/1.0/\0")
    state.metadata.xmp = segment.slice(29);
}

function readQuantisers(state, segment) {
  for (let at = 0; at < segment.length;) {
    const isWide = segment[at] >> 4 > 0;
    const table = new Uint16Array(64);
    for (let k = 0; k < 64; k += 1) {
      const place = at + 1 + (isWide ? 2 * k : k);
      table[ZIGZAG[k]] = isWide ? (segment[place] << 8) | segment[place + 1] : segment[place];
    }
    state.quantisers[segment[at] & 15] = table;
    at += isWide ? 129 : 65;
  }
}

function readHuffman(state, segment) {
  for (let at = 0; at < segment.length;) {
    const counts = segment.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    state.tables[segment[at]] = huffmanTable(counts, segment.subarray(at + 17, at + 17 + total));
    at += 17 + total;
  }
}

/** What the frame says: sizes, and each component with a place for its samples or its coefficients. */
function readFrame(state, segment, isProgressive) {
  const height = (segment[1] << 8) | segment[2];
  const width = (segment[3] << 8) | segment[4];
  if (segment[0] !== 8) throw new BadPicture("more than 8 bits; convert it to 8 bits per channel");
  if (![1, 3, 4].includes(segment[5])) throw new BadPicture(`a JPEG of ${segment[5]} channels`);
  checkSize(width, height);
  const components = Array.from({ length: segment[5] }, (_, index) => {
    const [id, factors, table] = segment.subarray(6 + 3 * index);
    return { id, across: factors >> 4, down: factors & 15, table, previous: 0, seen: false };
  });
  const scale = [8, 4, 2, 1].find(
    (each) =>
      each === 1 || (Math.floor(width / state.leastPx) >= each && Math.floor(height / state.leastPx) >= each),
  );
  const frame = { width, height, isProgressive, components, side: 8 / scale };
  frame.scaled = { width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
  frame.mostAcross = Math.max(...components.map((component) => component.across));
  frame.mostDown = Math.max(...components.map((component) => component.down));
  components.forEach((component) => placeComponent(frame, component));
  state.frame = frame;
}

/** Where a component's blocks go, and how many samples a side they have: jdmaster.c. */
function placeComponent(frame, component) {
  const { mostAcross, mostDown, side } = frame;
  component.side = side;
  const fits = (most, own) => (most * side) % (own * component.side * 2) === 0;
  while (component.side < 8 && fits(mostAcross, component.across) && fits(mostDown, component.down))
    component.side *= 2;
  const share = (length, own, most, unit) => Math.ceil((length * own * unit) / (most * 8));
  component.width = share(frame.width, component.across, mostAcross, component.side);
  component.height = share(frame.height, component.down, mostDown, component.side);
  component.blocksAcross = share(frame.width, component.across, mostAcross, 1);
  component.blocksDown = share(frame.height, component.down, mostDown, 1);
  const storedAcross = Math.ceil(frame.width / (8 * mostAcross)) * component.across;
  const storedDown = Math.ceil(frame.height / (8 * mostDown)) * component.down;
  component.storedAcross = storedAcross;
  component.stride = storedAcross * component.side;
  component.plane = new Uint8Array(component.stride * storedDown * component.side);
  component.blocks = new Int16Array(frame.isProgressive ? storedAcross * storedDown * 64 : 64);
}
