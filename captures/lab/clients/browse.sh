# chromium, headless, opens a page: browse.sh URL
timeout -k 5 60 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
  --ignore-certificate-errors --user-data-dir="$LAB_DIR/chromium" --no-first-run \
  --virtual-time-budget=4000 --dump-dom "$1" > "$LAB_DIR/page.html"
