# chromium, headless, sends BYTES with fetch from a page: chromium_put.sh - URL BYTES
cat > "$LAB_DIR/put.html" <<PAGE
<script>
const body = new Uint8Array($3);
for (let at = 0; at < body.length; at += 65536) crypto.getRandomValues(body.subarray(at, at + 65536));
fetch("$2", {method: "PUT", body}).then(r => document.title = r.status);
</script>
PAGE
timeout -k 5 60 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
  --ignore-certificate-errors --disable-web-security --user-data-dir="$LAB_DIR/chromium" \
  --no-first-run --virtual-time-budget=6000 --dump-dom "file://$LAB_DIR/put.html" > "$LAB_DIR/out.html"
