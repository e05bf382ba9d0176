// Writes the hostile files that need no encoder:  node broken.mjs FOLDER POSTER.png POSTER.jpg CLIP.mp4 SPOT.mp3
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, deflateSync } from "node:zlib";

const [folder, png, jpeg, clip, spot] = process.argv.slice(2);
const write = (name, bytes) => writeFileSync(join(folder, name), bytes);
const crc32 = (bytes) => {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
};
const chunk = (kind, data) => {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
};
/** A PNG of one grey, one bit a pixel. */
const plainPng = (width, height, packed) => {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head[8] = 1;
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("IDAT", packed), chunk("IEND", Buffer.alloc(0))]);
};
const pack = (width, height) => deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height), { level: constants.Z_BEST_COMPRESSION });
const firstPart = (file, share) => {
  const bytes = readFileSync(file);
  return bytes.subarray(0, Math.floor(bytes.length * share));
};

write("zero-byte.png", Buffer.alloc(0));
write("truncated.png", firstPart(png, 0.6));
write("truncated.jpg", firstPart(jpeg, 0.5));
write("truncated.mp4", firstPart(clip, 0.3));
write("png-named.mp4", plainPng(64, 64, pack(64, 64)));
write("text-named.png", "这是一段文字，不是图片。\n");
write("bomb.png", plainPng(30000, 30000, pack(30000, 30000)));
write("lying-size.png", plainPng(60000, 60000, pack(8, 8)));
write("mp3-named.jpg", firstPart(spot, 0.05));
write("script.svg", `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180" onload="document.title='ran'">
  <rect width="320" height="180" fill="#d5301e"/>
  <script>document.title = "ran"</script>
  <image href="http://127.0.0.1:9/probe.png" width="10" height="10"/>
</svg>
`);
