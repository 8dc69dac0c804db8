/** Reads bits of a JPEG's entropy-coded data; Huffman's code is that of ITU-T T.81, annex F. */
class BitReader {
  /** @param {Uint8Array} bytes of the file. @param {number} at where the data of a scan begin. */
  constructor(bytes, at) {
    Object.assign(this, { bytes, at, byte: 0, left: 0, starved: false });
  }

  /** One bit; zeros, and `starved`, where a marker ends the data too early, as in libjpeg. */
  bit() {
    if (this.left === 0) this.fill();
    this.left -= 1;
    return (this.byte >> this.left) & 1;
  }

  fill() {
    const { bytes, at } = this;
    if (at >= bytes.length) throw new BadPicture("the file is truncated");
    this.left = 8;
    this.byte = bytes[at];
    this.at += 1;
    if (this.byte !== 0xff) return;
    if (bytes[at + 1] === 0) {
      this.at += 1;
    } else if (at + 1 >= bytes.length) {
      throw new BadPicture("the file is truncated");
    } else {
      this.at = at;
      this.byte = 0;
      this.starved = true;
    }
  }

  /** The next bits as a number without sign. */
  bits(count) {
    let value = 0;
    for (let index = 0; index < count; index += 1) value = (value << 1) | this.bit();
    return value;
  }

  /** A number of so many bits with the sign that they imply: T.81, F.2.2.1, EXTEND. */
  signed(count) {
    if (count === 0) return 0;
    const value = this.bits(count);
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  /** The next symbol of a Huffman table. */
  symbol(table) {
    let code = 0;
    for (let length = 1; length <= 16; length += 1) {
      code = (code << 1) | this.bit();
      if (code <= table.largest[length]) return table.symbols[table.offset[length] + code];
    }
    if (this.starved) return 0;
    throw new BadPicture("the JPEG's data are damaged");
  }

  /** Step over the marker RSTn, which opens the next interval. */
  restart() {
    this.left = 0;
    this.starved = false;
    while (this.bytes[this.at] === 0xff && this.bytes[this.at + 1] === 0xff) this.at += 1;
    if (this.bytes[this.at] !== 0xff || (this.bytes[this.at + 1] & 0xf8) !== 0xd0) {
      throw new BadPicture(
        this.at + 1 >= this.bytes.length ? "the file is truncated" : "the JPEG's data are damaged",
      );
    }
    this.at += 2;
  }
}

/** A Huffman table from the number of codes of each length, 1 to 16, and its symbols. */
function huffmanTable(counts, symbols) {
  const table = { symbols, largest: new Int32Array(17).fill(-1), offset: new Int32Array(17) };
  let code = 0;
  let seen = 0;
  for (let length = 1; length <= 16; length += 1) {
    table.offset[length] = seen - code;
    code += counts[length - 1];
    seen += counts[length - 1];
    if (counts[length - 1] > 0) table.largest[length] = code - 1;
    code <<= 1;
  }
  return table;
}
