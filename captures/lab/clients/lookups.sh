# Look-ups of what is there and what is not: lookups.sh NAME ...
for name in "$@"; do
  dig +short +tries=1 +time=2 A "$name" AAAA "$name" TXT "nothing.$name" > "$LAB_DIR/dig.out" || true
done
