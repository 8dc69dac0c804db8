/** Decodes a PNG to the pixels that Pillow gets: browsers apply gamma, and lose colours under alpha. */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** Decode a PNG. @returns {Promise<{width, height, rgb, mode, isClear, metadata}>} */
async function decodePng(bytes) {
  const file = { data: [], palette: null, transparency: null, metadata: { exif: null, xmp: null } };
  for (let at = 8; at < bytes.length;) at = readChunk(file, bytes, at);
  if (!file.header) throw new BadPicture("the PNG has no header");
  const { header } = file;
  if (header.depth === 16 && header.type === 0) {
    throw new BadPicture("mode I;16, more than 8 bits; convert it to 8 bits per channel");
  }
  const samples = samplesOf(header, await inflated(file.data));
  return { ...flattened(file, samples), metadata: file.metadata };
}

/** Read a chunk; where the next one begins. */
function readChunk(file, bytes, at) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (at + 12 > bytes.length) return bytes.length;
  const end = at + 12 + view.getUint32(at);
  if (end > bytes.length) {
    if (file.data.length === 0) throw new BadPicture("the file is truncated");
    file.data.push(bytes.subarray(at + 8));
    return bytes.length;
  }
  const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
  const content = bytes.subarray(at + 8, end - 4);
  if (/^[A-Z]/.test(type) && checksum(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
    throw new BadPicture(`the PNG is broken in its ${type}`);
  }
  if (type === "IHDR") file.header = headerOf(content);
  else if (type === "IDAT") file.data.push(content);
  else if (type === "PLTE") file.palette = content;
  else if (type === "tRNS") file.transparency = content;
  else if (type === "eXIf") file.metadata.exif = content;
  else if (type === "iTXt" && String.fromCharCode(...content.subarray(0, 17)) === "XML:com.adobe.xmp")
    file.metadata.xmp = content;
  return type === "IEND" ? bytes.length : end;
}

function headerOf(content) {
  const view = new DataView(content.buffer, content.byteOffset);
  const header = { width: view.getUint32(0), height: view.getUint32(4) };
  [header.depth, header.type, , , header.interlaced] = content.subarray(8);
  const depths = { 0: [1, 2, 4, 8, 16], 3: [1, 2, 4, 8] }[header.type] ?? [8, 16];
  if (!(header.type in CHANNELS) || !depths.includes(header.depth))
    throw new BadPicture("a PNG of no known kind");
  checkSize(header.width, header.height);
  return header;
}

const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, start) => {
  let value = start;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function checksum(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CHECKSUMS[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

async function inflated(pieces) {
  try {
    return await unpacked(pieces, "deflate");
  } catch {
    throw new BadPicture("the file is truncated or damaged");
  }
}

/** RGB on white, and what Pillow calls the mode. */
function flattened({ header, palette, transparency }, samples) {
  const { width, height, type, depth } = header;
  const channels = CHANNELS[type];
  const grey = type === 3 || depth >= 8 ? 1 : 255 / ((1 << depth) - 1);
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const own = samples.subarray(pixel * channels, (pixel + 1) * channels);
    const alpha = alphaOf(own, type, depth, grey, transparency);
    for (let channel = 0; channel < 3; channel += 1) {
      const value = type === 3 ? (palette?.[3 * own[0] + channel] ?? 0) : own[type & 2 ? channel : 0] * grey;
      rgb[3 * pixel + channel] = onWhite(value, alpha);
    }
  }
  const plain = { 0: depth === 1 ? "1" : "L", 2: "RGB", 3: "P", 4: depth === 16 ? "RGBA" : "LA", 6: "RGBA" };
  return { width, height, rgb, mode: plain[type], isClear: transparency !== null || type >= 4 };
}

/** How opaque a pixel is, 0 to 255. */
function alphaOf(own, type, depth, grey, transparency) {
  if (type >= 4) return own[own.length - 1];
  if (transparency === null) return 255;
  if (type === 3) return transparency[own[0]] ?? 255;
  const key = Array.from(own, (_, index) => (transparency[2 * index] << 8) | transparency[2 * index + 1]);
  // Pillow compares what it decoded with what the file says, but for one bit.
  const isKey = own.every((value, index) => value * grey === (depth === 1 ? key[index] && 255 : key[index]));
  return isKey ? 0 : 255;
}

/** A value on white, by Pillow's rule (AlphaComposite.c). */
function onWhite(value, alpha) {
  const sum = (value * alpha + 255 * (255 - alpha)) * 128 + (128 << 7);
  return (((sum >> 8) + sum) >> 8) >> 7;
}
