#!/usr/bin/env bash
# Makes the posters, clips, audio spots and hostile files again from sources/.
#   make-samples.sh [posters|clips|audio|broken]...      without a word: all of them
# Needs chromium, node, ffmpeg, sox, espeak-ng, ImageMagick and the Noto CJK fonts (Debian: chromium nodejs ffmpeg sox
# espeak-ng imagemagick fonts-noto-cjk).
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=sources/sound.sh
. sources/sound.sh

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

# frames PAGE WIDTH HEIGHT SECONDS OUT [WAV]
frames() {
  local sound=()
  [ $# -lt 6 ] || sound=(-i "$6")
  node sources/render.mjs frames "sources/clip-$1.html" "$2" "$3" 25 "$4" |
    ffmpeg -v error -y -f image2pipe -framerate 25 -c:v png -i - "${sound[@]}" \
      -vf "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p" -colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv \
      -c:v libx264 -profile:v high -preset slow -crf 20 -g 50 -threads 2 -c:a aac -b:a 96k -ar 44100 -ac 2 \
      -movflags +faststart -map_metadata -1 -fflags +bitexact -flags:v +bitexact "$5"
}

clips() {
  mkdir -p clips
  frames brushing 1280 720 12 clips/brushing.mp4
  frames service-tall 720 1280 10 clips/service-tall.mp4

  bell ring-a 880 0.5 && bell ring-b 1046.5 0.7 && bell cut 220 1.4 && bell note 523.25 1.2 && bell high 783.99 1.6
  bed bed14 14 && bed bed15 15
  # 我是警察，您涉嫌洗钱。
  say caller 165 62 "wo3 shi4 jing3 cha2, nin2 she4 xian2 xi3 qian2."
  "${quiet[@]}" -i "$work/caller.wav" -af "highpass=f=400,lowpass=f=2800,volume=-3dB" "${pcm[@]}" "$work/phone.wav"
  # 公检法，没有安全账户。
  say truth 158 38 "gong1 jian3 fa3, mei2 you3 an1 quan2 zhang4 hu4."
  # 挂断，拨打110。
  say advice 158 38 "gua4 duan4, bo1 da3 yao1 yao1 ling2."
  mix "$work/police.wav" 14 -18 bed14@0 ring-a@0.1 ring-b@0.25 ring-a@0.5 ring-b@0.65 phone@1.0 cut@6.3 truth@6.9 high@10.9 advice@11.1
  frames police 1280 720 14 clips/police.mp4 "$work/police.wav"

  # 未知链接，不点击。陌生来电，不轻信。个人信息，不透露。转账汇款，多核实。有疑问，拨打96110。
  say rule1 158 40 "wei4 zhi1 lian4 jie1, bu4 dian3 ji1."
  say rule2 158 40 "mo4 sheng1 lai2 dian4, bu4 qing1 xin4."
  say rule3 158 40 "ge4 ren2 xin4 xi1, bu2 tou4 lu4."
  say rule4 158 40 "zhuan3 zhang4 hui4 kuan3, duo1 he2 shi2."
  say doubt 176 40 "you3 yi2 wen4, bo1 da3 jiu3 liu4, yao1 yao1 ling2."
  mix "$work/rules.wav" 15 -18 bed15@0 note@0 rule1@0.3 note@2.9 rule2@3.2 note@5.8 rule3@6.1 note@8.7 rule4@9.0 high@11.6 doubt@11.9
  frames four-rules 1280 720 15 clips/four-rules.mp4 "$work/rules.wav"
}

# spot NAME SECONDS SOUND@SECOND...
spot() {
  mix "$work/$1-spot.wav" "$2" -16 "${@:3}"
  ffmpeg -v error -y -i "$work/$1-spot.wav" -c:a libmp3lame -b:a 96k -ac 1 -ar 44100 -map_metadata -1 -fflags +bitexact "audio/$1.mp3"
}

audio() {
  mkdir -p audio
  bell g 783.99 1.6 && bell e 659.25 1.6 && bell c 523.25 2.2
  # 乡亲们，反诈小广播。
  say v1 160 40 "xiang1 qin1 men5, fan3 zha4 xiao2 guang3 bo1."
  # 第一，贷款先交费，就是诈骗。
  say v2 160 40 "di4 yi1, dai4 kuan3 xian1 jiao1 fei4, jiu4 shi4 zha4 pian4."
  # 第二，公检法没有安全账户。
  say v3 160 40 "di4 er4, gong1 jian3 fa3, mei2 you3 an1 quan2 zhang4 hu4."
  # 第三，亲友要转账，先打电话问一问。
  say v4 160 40 "di4 san1, qin1 you3 yao4 zhuan3 zhang4, xian1 da3 dian4 hua4 wen4 yi2 wen4."
  # 被骗了，马上打110。
  say v5 160 40 "bei4 pian4 le5, ma3 shang4 da3, yao1 yao1 ling2."
  after g@0 e@0.45 c@0.9 -- v1 v2 v3 v4 v5
  spot village "$length" "${laid[@]}" c@"$close" e@"$(awk "BEGIN{print $close+0.45}")" g@"$(awk "BEGIN{print $close+0.9}")"

  # 同学们好，反诈提醒。
  say c1 172 46 "tong2 xue2 men5 hao3, fan3 zha4 ti2 xing3."
  # 点赞返利，兼职刷单，先给小利，再要垫付，都是诈骗。
  say c2 172 46 "dian3 zan4 fan3 li4, jian1 zhi2 shua1 dan1, xian1 gei2 xiao3 li4, zai4 yao4 dian4 fu4, dou1 shi4 zha4 pian4."
  # 银行卡、电话卡，不出租，不出售。
  say c3 172 46 "yin2 hang2 ka3, dian4 hua4 ka3, bu4 chu1 zu1, bu4 chu1 shou4."
  # 拿不准，问老师，问家长，拨打96110。
  say c4 172 46 "na2 bu4 zhun3, wen4 lao3 shi1, wen4 jia1 zhang3, bo1 da3, jiu3 liu4, yao1 yao1 ling2."
  after c@0 e@0.3 g@0.6 -- c1 c2 c3 c4
  spot campus "$length" "${laid[@]}" g@"$close" e@"$(awk "BEGIN{print $close+0.3}")" c@"$(awk "BEGIN{print $close+0.6}")"
}

# after CHIME@SECOND... -- LINE...: lays the lines one after another behind the opening chime;
# sets laid, close (when the closing chime starts) and length
after() {
  local now=2.3 seconds line
  laid=()
  while [ "$1" != -- ]; do laid+=("$1") && shift; done
  shift
  for line in "$@"; do
    laid+=("$line@$now")
    seconds=$(soxi -D "$work/$line.wav")
    now=$(awk "BEGIN{print $now+$seconds+0.4}")
  done
  close=$(awk "BEGIN{print $now+0.1}")
  length=$(awk "BEGIN{print $close+2.6}")
}

broken() {
  mkdir -p broken
  node sources/broken.mjs broken posters/loan-wide.png posters/invest-wide.jpg clips/brushing.mp4 audio/village.mp3
  local picture=(-f lavfi -i "testsrc2=size=320x180:rate=25:duration=2") plain=(-map_metadata -1 -fflags +bitexact)
  "${quiet[@]}" -f lavfi -i "sine=frequency=440:duration=2" -c:a aac -b:a 48k "${plain[@]}" broken/no-video.mp4
  "${quiet[@]}" "${picture[@]}" -c:v libx264 -pix_fmt yuv420p "${plain[@]}" "$work/whole.mp4"
  head -c 16000 "$work/whole.mp4" > broken/no-index.mp4
  "${quiet[@]}" "${picture[@]}" -c:v libvpx-vp9 -b:v 120k -pix_fmt yuv420p "${plain[@]}" broken/vp9.webm
  "${quiet[@]}" "${picture[@]}" -c:v mpeg4 -vtag XVID -q:v 8 "${plain[@]}" broken/mpeg4-part2.avi
  "${quiet[@]}" -f lavfi -i "testsrc2=size=160x90:rate=5:duration=1" "${plain[@]}" broken/animated.gif
}

for what in "${@:-posters clips audio broken}"; do
  for one in $what; do "$one"; done
done
