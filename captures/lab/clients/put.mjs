// Node's fetch (undici): put.mjs URL BYTES [TIMES]: Put Blob, keep-alive.
import { randomBytes } from "node:crypto";
const [url, size, times = "1"] = process.argv.slice(2);
for (let n = 0; n < Number(times); n++) {
  const answer = await fetch(url.replace("{n}", n), {
    method: "PUT", body: randomBytes(Number(size)), headers: { "x-ms-blob-type": "BlockBlob" },
  });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${answer.status}`);
}
