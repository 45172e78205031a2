# npm publish of a package with BYTES of noise to a registry: npm_publish.sh REGISTRY BYTES
mkdir -p "$LAB_DIR/package"
cd "$LAB_DIR/package"
head -c "$2" /dev/urandom > notes.bin
printf '{"name":"left-notes","version":"1.0.%s","files":["notes.bin"]}' "$2" > package.json
printf '//%s/:_authToken=lab\nregistry=https://%s/\nupdate-notifier=false\naudit=false\n' "$1" "$1" > .npmrc
npm publish --registry "https://$1/" --cache "$LAB_DIR/npm-cache" --loglevel error
