// sharp.js WORK PHOTOS RESULTS SIDES does with sharp what `race` does with OPAL, on one thread.
const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");

// sharp is installed for the tests of the decoder.
const sharp = createRequire(path.join(__dirname, "../../../modules/imagefile/imagefiletest/sharp/package.json"))("sharp");
sharp.cache(false);
sharp.concurrency(1);

const encoders = {
  jpeg: (s) => s.jpeg({ quality: 85 }),
  webp: (s) => s.webp({ quality: 82, effort: 2 }),
  // Its libvips has an older scale of quality: 73 takes as many bytes as 60 does with ours.
  avif: (s) => s.avif({ quality: 73, effort: 1, chromaSubsampling: "4:2:0" }),
  png: (s) => s.png({ compressionLevel: 6 }),
};

async function variants(format, shared, sides, file, to) {
  const open = () => sharp(file).autoOrient().toColourspace("srgb");
  let next = open;
  if (shared) {
    const { data, info } = await open().raw().toBuffer({ resolveWithObject: true });
    next = () => sharp(data, { raw: info });
  }
  for (const side of sides) {
    const height = format === "png" ? side : (side * 3) / 4;
    const background = format === "png" ? { r: 0, g: 0, b: 0, alpha: 0 } : "#fff";
    await encoders[format](next().resize(side, height, { fit: "contain", background })).toFile(`${to}-${side}.${format}`);
  }
}

async function composite(file, to) {
  const product = await sharp(file).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = product.info;
  const alpha = await sharp(product.data, { raw: product.info }).extractChannel(3).linear(1 / 3, 0).raw().toBuffer();
  const shadow = await sharp({ create: { width, height, channels: 3, background: "#000" } }).joinChannel(alpha, { raw: { width, height, channels: 1 } }).raw().toBuffer();
  const out = await sharp({ create: { width, height, channels: 4, background: { r: 214, g: 208, b: 200, alpha: 1 } } })
    .composite([
      { input: await sharp(shadow, { raw: product.info }).extract({ left: 0, top: 0, width: width - 24, height: height - 16 }).raw().toBuffer(), raw: { width: width - 24, height: height - 16, channels: 4 }, left: 24, top: 16 },
      { input: product.data, raw: product.info },
    ])
    .raw()
    .toBuffer();
  fs.writeFileSync(`${to}.raw`, out);
}

async function upscale(file, to) {
  const { width, height } = await sharp(file).metadata();
  fs.writeFileSync(`${to}.raw`, await sharp(file).ensureAlpha().resize(2 * width, 2 * height, { kernel: "lanczos3" }).raw().toBuffer());
}

async function main([work, photos, results, sides]) {
  const wanted = (sides || "").split(",").map(Number);
  const [, many, format, how] = /^(variants|two)-(\w+)-(\w+)$/.exec(work) ?? [];
  const one = format ? (file, to) => variants(format, how === "shared", wanted, file, to) : { composite, upscale }[work];
  const all = fs.readdirSync(photos).sort().map((name) => () => one(path.join(photos, name), path.join(results, path.parse(name).name)));
  if (many === "two") {
    await Promise.all(all.map((begin) => begin()));
    return;
  }
  for (const begin of all) await begin();
}

main(process.argv.slice(2)).catch((err) => {
  console.error(err);
  process.exit(1);
});
