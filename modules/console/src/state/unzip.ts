// Reads the pictures of a ZIP that is dropped, one after the other: the ZIP as a whole is
// never in memory. Layout: PKWARE APPNOTE 4.3, ZIP64 included.
const mostEntries = 20_000;
// A photo packs badly: what grows more than this is made to fill the memory.
const growth = 100, growthOfAll = 20, floor = 100e6;

const view = async (file: Blob, from: number, to: number): Promise<DataView> => new DataView(await file.slice(from, to).arrayBuffer());
const long = (v: DataView, at: number): number => Number(v.getBigUint64(at, true));

const notZIP = (): Error => new Error("not a ZIP");

// directory returns the ZIP's list of entries.
const directory = async (file: Blob): Promise<DataView> => {
  const from = Math.max(0, file.size - 65_557), tail = await view(file, from, file.size);
  for (let at = tail.byteLength - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== 0x06054b50) continue;
    let [size, start] = [tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
    if (start === 0xffffffff && at >= 20) {
      const end = await view(file, long(tail, at - 12), long(tail, at - 12) + 56);
      [size, start] = [long(end, 40), long(end, 48)];
    }
    return view(file, start, start + size);
  }
  throw notZIP();
};

const inflate = async (part: Blob, most: number): Promise<Blob> => {
  const chunks: BlobPart[] = [];
  const reader = part.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  for (let n = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(chunks);
    if ((n += value.length) > most) { await reader.cancel(); throw new Error("larger than it says"); }
    chunks.push(value);
  }
};

export type Packed = { name: string; read: () => Promise<File> };

// unzip lists the files whose names match, as far as none is larger than most bytes. Each is
// unpacked when it is read.
export const unzip = async (file: Blob, names: RegExp, most: number): Promise<Packed[]> => {
  const list = await directory(file), found: Packed[] = [];
  let all = 0, grown = 0;
  for (let at = 0, n = 0; at + 46 <= list.byteLength && list.getUint32(at, true) === 0x02014b50 && n < mostEntries; n++) {
    const [nameLength, extra, comment] = [list.getUint16(at + 28, true), list.getUint16(at + 30, true), list.getUint16(at + 32, true)];
    const name = new TextDecoder().decode(new Uint8Array(list.buffer, list.byteOffset + at + 46, nameLength));
    const method = list.getUint16(at + 10, true);
    let [packed, size, header] = [list.getUint32(at + 20, true), list.getUint32(at + 24, true), list.getUint32(at + 42, true)];
    for (let e = at + 46 + nameLength, end = e + extra; e + 4 <= end; e += 4 + list.getUint16(e + 2, true)) {
      if (list.getUint16(e, true) !== 1) continue;
      let v = e + 4;
      if (size === 0xffffffff) { size = long(list, v); v += 8; }
      if (packed === 0xffffffff) { packed = long(list, v); v += 8; }
      if (header === 0xffffffff) header = long(list, v);
    }
    at += 46 + nameLength + extra + comment;
    if ((all += packed) > file.size - list.byteLength) throw notZIP(); // its entries lie over each other
    if (!names.test(name) || name.includes("__MACOSX/") || size > most || (method !== 0 && method !== 8)) continue;
    const bare = name.split("/").pop()!;
    found.push({ name: bare, read: async () => {
      const own = await view(file, header, header + 30);
      const from = header + 30 + own.getUint16(26, true) + own.getUint16(28, true), part = file.slice(from, from + packed);
      const whole = method ? await inflate(part, Math.min(most, 1e6 + growth * packed, floor + growthOfAll * file.size - grown)) : part;
      grown += whole.size;
      return new File([whole], bare, { type: "" });
    } });
  }
  return found;
};
