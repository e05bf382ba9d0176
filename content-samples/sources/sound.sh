# Sounds for the clips and the audio spots, all generated: a synthesised voice, bells, a ring and a soft bed.
# Sourced by make-samples.sh, which sets $work. Files are WAV, mono, 44100 Hz.
quiet=(ffmpeg -v error -y)
pcm=(-ac 1 -ar 44100 -c:a pcm_s16le)

# say NAME SPEED PITCH PINYIN: the voice reads Pinyin with tone numbers, where tone changes are already written
# (bu2 hui4); given characters, the Debian package would spell them out.
say() {
  espeak-ng -v cmn-latn-pinyin -s "$2" -p "$3" -a 120 -w "$work/raw.wav" "$4" 2>/dev/null
  "${quiet[@]}" -i "$work/raw.wav" -af "silenceremove=start_periods=1:start_threshold=-50dB,areverse,silenceremove=start_periods=1:start_threshold=-50dB,areverse,highpass=f=110,equalizer=f=3200:t=q:w=1:g=3,acompressor=threshold=0.15:ratio=3:attack=5:release=80:makeup=2,apad=pad_dur=0.05" "${pcm[@]}" "$work/$1.wav"
}

# bell NAME FREQUENCY SECONDS
bell() {
  "${quiet[@]}" -f lavfi -i "aevalsrc=0.42*sin(2*PI*$2*t)*exp(-2.6*t)+0.16*sin(4*PI*$2*t)*exp(-4.2*t)+0.07*sin(2*PI*3.01*$2*t)*exp(-6.5*t):s=44100:d=$3" -af "afade=in:d=0.004,afade=out:st=$(awk "BEGIN{print $3-0.2}"):d=0.2" "${pcm[@]}" "$work/$1.wav"
}

# bed NAME SECONDS: a quiet open fifth that breathes
bed() {
  "${quiet[@]}" -f lavfi -i "aevalsrc='(0.030*sin(2*PI*130.81*t)+0.022*sin(2*PI*196*t)+0.014*sin(2*PI*261.63*t+0.6*sin(2*PI*0.2*t)))*(0.8+0.2*sin(2*PI*0.25*t))':s=44100:d=$2" -af "afade=in:d=0.8,afade=out:st=$(awk "BEGIN{print $2-1.2}"):d=1.2" "${pcm[@]}" "$work/$1.wav"
}

# mix OUT SECONDS LUFS NAME@SECOND...: lays sounds on a line of time and brings the whole to a loudness
mix() {
  local out=$1 seconds=$2 lufs=$3 inputs=() graph="" labels="" n=0 part at heard
  shift 3
  for part in "$@"; do
    at=$(awk "BEGIN{print int(${part#*@}*1000)}")
    inputs+=(-i "$work/${part%@*}.wav")
    graph+="[$n]adelay=$at[p$n];" labels+="[p$n]" n=$((n + 1))
  done
  "${quiet[@]}" "${inputs[@]}" -filter_complex "$graph${labels}amix=inputs=$n:normalize=0:duration=longest,apad,atrim=0:$seconds" "${pcm[@]}" "$work/mixed.wav"
  heard=$(ffmpeg -nostats -i "$work/mixed.wav" -af ebur128 -f null - 2>&1 | awk '/Integrated/ {on=1} on && $1 == "I:" {print $2; exit}')
  "${quiet[@]}" -i "$work/mixed.wav" -af "volume=$(awk "BEGIN{print $lufs - ($heard)}")dB,alimiter=limit=0.71:level=0" "${pcm[@]}" "$out"
}
