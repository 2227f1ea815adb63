// decode.js FOLDER reads the names of pictures from standard input, a line each,
// decodes them as a service that uses sharp would, and writes a line of JSON for
// each: what went wrong, or the size and the colours in the middles of a grid.
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const sharp = require("sharp");

const grid = 8;
sharp.cache(false);
sharp.concurrency(1);

async function decode(file) {
  const { data, info } = await sharp(fs.readFileSync(file), { limitInputPixels: 50_000_000 })
    .autoOrient()
    .toColourspace("srgb")
    .ensureAlpha()
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const cells = [];
  for (let row = 0; row < grid; row++) {
    for (let column = 0; column < grid; column++) {
      const x = Math.floor(((column + 0.5) * info.width) / grid);
      const y = Math.floor(((row + 0.5) * info.height) / grid);
      const at = (y * info.width + x) * 4;
      cells.push([...data.subarray(at, at + 4)]);
    }
  }
  return { width: info.width, height: info.height, cells };
}

async function main() {
  for await (const name of readline.createInterface({ input: process.stdin })) {
    let result;
    try {
      result = await decode(path.join(process.argv[2], name));
    } catch (err) {
      result = { error: String(err.message).split("\n")[0] };
    }
    process.stdout.write(JSON.stringify({ name, ...result }) + "\n");
  }
}

main();
