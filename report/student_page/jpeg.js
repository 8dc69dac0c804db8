/**
 * Decodes a JPEG to the pixels that Python's Pillow gets from it. Browsers cannot: Pillow decodes a large
 * JPEG at a half, a quarter or an eighth, inside the cosine transform, and knows inks without profiles.
 */

/** Decode a JPEG, at the smallest fraction that leaves both sides at least `leastPx`.
 * @returns {{width, height, rgb, space, metadata, lacksEnd}} rgb: (height, width, 3).
 */
function decodeJpeg(bytes, leastPx) {
  const state = { bytes, tables: {}, quantisers: [], restart: 0, frame: null, jfif: false, adobe: null };
  state.metadata = { exif: null, xmp: null };
  state.leastPx = leastPx;
  let at = 2;
  for (;;) {
    const [marker, start, end] = segmentAt(bytes, at);
    at = end;
    if (marker === 0xd9) break;
    if (marker === 0xda) {
      at = readScan(state, start, end);
      if (isComplete(state.frame)) break;
    } else {
      readSegment(state, marker, bytes.subarray(start, end));
    }
  }
  return pictureOf(state);
}

/** The next marker, and where its segment begins and ends. */
function segmentAt(bytes, from) {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0xff) at += 1;
  while (bytes[at] === 0xff) at += 1;
  const marker = bytes[at];
  if (marker === undefined) throw new BadPicture("the file is truncated");
  at += 1;
  if (marker === 0 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9)) return [marker, at, at];
  const end = at + ((bytes[at] << 8) | bytes[at + 1]);
  if (!(end <= bytes.length)) throw new BadPicture("the file is truncated");
  return [marker, at + 2, end];
}

/** Whether nothing more is needed: a sequential JPEG whose components were all read. */
function isComplete(frame) {
  return !frame.isProgressive && frame.components.every((component) => component.seen);
}

/** Read a scan's data; where they end. */
function readScan(state, start, end) {
  const { bytes, frame } = state;
  if (!frame) throw new BadPicture("the JPEG's data are damaged");
  const components = Array.from({ length: bytes[start] }, (_, index) => {
    const [id, tables] = bytes.subarray(start + 1 + 2 * index);
    const component = frame.components.find((each) => each.id === id);
    if (!component) throw new BadPicture("the JPEG's data are damaged");
    component.dc = state.tables[tables >> 4];
    component.ac = state.tables[16 + (tables & 15)];
    component.quantisers ??= state.quantisers[component.table];
    component.seen = true;
    return component;
  });
  const [first, last, bits] = bytes.subarray(end - 3, end);
  const scan = { components, first, last, high: bits >> 4, low: bits & 15, empty: 0 };
  const reader = new BitReader(bytes, end);
  readUnits(state, scan, reader);
  return reader.at;
}

/** Read all units of a scan: single blocks of its one component, or the blocks that cover the same square. */
function readUnits(state, scan, reader) {
  const { frame, restart } = state;
  const [only, other] = scan.components;
  const unitsAcross = other ? Math.ceil(frame.width / (8 * frame.mostAcross)) : only.blocksAcross;
  const unitsDown = other ? Math.ceil(frame.height / (8 * frame.mostDown)) : only.blocksDown;
  for (let unit = 0; unit < unitsAcross * unitsDown; unit += 1) {
    if (restart > 0 && unit % restart === 0) {
      if (unit > 0) reader.restart();
      scan.empty = 0;
    }
    if (unit === 0 || (restart > 0 && unit % restart === 0))
      scan.components.forEach((each) => (each.previous = 0));
    const place = [unit % unitsAcross, Math.floor(unit / unitsAcross)];
    const isLost = reader.starved;
    for (const component of scan.components) readUnit(frame, scan, reader, component, place, other, isLost);
  }
}

function readUnit(frame, scan, reader, component, [across, down], isShared, isLost) {
  const columns = isShared ? component.across : 1;
  const rows = isShared ? component.down : 1;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const place = [across * columns + column, down * rows + row];
      if (frame.isProgressive) {
        const at = 64 * (place[1] * component.storedAcross + place[0]);
        if (!isLost) readProgressive(reader, component, component.blocks, at, scan);
      } else {
        component.blocks.fill(0);
        if (!isLost) readSequential(reader, component, component.blocks, 0);
        transformTo(component, 0, ...place);
      }
    }
  }
}

/** Transform a block of a component into its place in the plane. */
function transformTo(component, at, across, down) {
  const { side, stride, plane, blocks, quantisers } = component;
  transform(blocks, at, quantisers, side, plane, (down * stride + across) * side, stride);
}

function pictureOf({ bytes, frame, jfif, adobe, metadata }) {
  if (!frame || !frame.components.every((component) => component.seen))
    throw new BadPicture("the JPEG has no picture");
  for (const component of frame.isProgressive ? frame.components : []) {
    for (let index = 0; index < component.blocks.length / 64; index += 1) {
      transformTo(
        component,
        64 * index,
        index % component.storedAcross,
        Math.floor(index / component.storedAcross),
      );
    }
    component.blocks = null;
  }
  const space = spaceOf(frame, jfif, adobe);
  const rgb = rgbOf(
    frame.components.map((component) => upsampled(component, frame, frame.side)),
    space,
  );
  return {
    ...frame.scaled,
    rgb,
    space,
    metadata,
    lacksEnd: lacksEnd(bytes),
  };
}

/** What a JPEG's numbers mean: jdapimin.c, default_decompress_parms. */
function spaceOf({ components }, jfif, adobe) {
  if (components.length === 1) return "grey";
  if (components.length === 4) return adobe === null || adobe === 0 ? "cmyk" : "ycck";
  if (jfif) return "ycc";
  if (adobe !== null) return adobe === 0 ? "rgb" : "ycc";
  return String.fromCharCode(...components.map((component) => component.id)) === "RGB" ? "rgb" : "ycc";
}

/** Whether no end marker follows the last scan. */
function lacksEnd(bytes) {
  const last = (code) => {
    for (let at = bytes.length - 2; at >= 0; at -= 1)
      if (bytes[at] === 0xff && bytes[at + 1] === code) return at;
    return -1;
  };
  return last(0xd9) < last(0xda);
}
