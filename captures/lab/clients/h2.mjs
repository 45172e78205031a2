// Node's HTTP/2 client: h2.mjs ORIGIN PATH BYTES: one streamed PUT without a length.
import { connect } from "node:http2";
import { randomBytes } from "node:crypto";
const [origin, path, size] = process.argv.slice(2);
const session = connect(origin, { ca: undefined });
const stream = session.request({ ":method": "PUT", ":path": path, "x-ms-blob-type": "BlockBlob" });
stream.on("response", (head) => {
  if (head[":status"] > 299) { console.error(head); process.exitCode = 1; }
});
stream.on("data", () => {});
stream.on("end", () => session.close());
for (let left = Number(size); left > 0; left -= 16384) stream.write(randomBytes(Math.min(16384, left)));
stream.end();
