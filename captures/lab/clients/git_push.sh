# git push of a repository with BYTES of noise: git_push.sh URL BYTES BRANCH
mkdir "$LAB_DIR/work-$3"
cd "$LAB_DIR/work-$3"
git init -q
head -c "$2" /dev/urandom > notes.bin
git add notes.bin
git commit -q -m notes
git -c http.postBuffer=8388608 push -q "$1" "HEAD:refs/heads/$3"
