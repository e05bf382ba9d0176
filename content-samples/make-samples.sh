#!/usr/bin/env bash
# Makes the posters, clips, audio spots and hostile files again from sources/.
#   make-samples.sh [posters|clips|audio|broken]...      without a word: all of them
# Needs chromium, node, ffmpeg, sox, espeak-ng, ImageMagick and the Noto CJK fonts (Debian: chromium nodejs ffmpeg sox
# espeak-ng imagemagick fonts-noto-cjk).
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

posters() {
  mkdir -p posters
  local page name size
  for page in sources/poster-*.html; do
    name=$(basename "$page" .html) && name=${name#poster-}
    case $name in *-wide) size="1920 1080" ;; *) size="1080 1920" ;; esac
    # shellcheck disable=SC2086 # two words on purpose
    node sources/render.mjs still "$page" "$work/$name.png" $size
    case $name in
      invest-wide | romance-tall) convert "$work/$name.png" -strip -sampling-factor 4:4:4 -quality 92 "posters/$name.jpg" ;;
      *) convert "$work/$name.png" -strip -alpha off -define png:color-type=2 -define png:compression-level=9 "posters/$name.png" ;;
    esac
  done
}

# clips, audio and broken follow with their sources
for what in "${@:-posters}"; do
  "$what"
done
