//! Clips and sound made into what every player can play: H.264 and AAC in an MP4 whose index comes first.
//! What already is of that sort is only repackaged, so that no byte of an uploaded container reaches a wall either way.

use std::{ffi::OsString, path::Path};

use xuanping_core::vocabulary::CreativeKind;

use super::{
    child::{self, Limits},
    media::{Media, Sound},
    probe::{self, ProbeRefusal},
};

/// Longer and shorter edge of the largest picture that players are asked to decode.
const LONGER: u32 = 1920;
const SHORTER: u32 = 1080;
/// Fastest clip, in frames per 1000 seconds, that is left as it is.
const FASTEST: u32 = 30_100;

/// How a clip or sound becomes playable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Its streams are good: only the container is written anew.
    Repackage,
    /// Decoded and encoded again.
    Encode,
}

/// Why there is no playable file.
#[derive(Debug, thiserror::Error)]
pub enum TranscodeError {
    /// The transcoder failed or took too long.
    #[error(transparent)]
    Child(#[from] child::ChildError),
    /// What came out does not pass our own probe.
    #[error("the transcoded file is not acceptable: {0}")]
    Output(#[from] ProbeRefusal),
    /// A picture or text was given.
    #[error("there is nothing to transcode")]
    NothingToDo,
}

impl TranscodeError {
    /// Whether trying again would give the same.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Child(child::ChildError::NotStarted { .. } | child::ChildError::Broken { .. }) => false,
            Self::Output(refusal) => !refusal.is_our_fault(),
            Self::Child(_) | Self::NothingToDo => true,
        }
    }

    /// What an official reads.
    pub fn detail_zh(&self) -> String {
        match self {
            Self::Child(child::ChildError::TimedOut { .. }) => {
                "转码用时过长。请缩短时长或降低分辨率（1080P 即可）后重新上传。".into()
            }
            Self::Child(child::ChildError::Failed { .. }) | Self::Output(_) => {
                "转码失败，文件可能已损坏。请用原软件导出为 MP4(H.264)后重新上传。".into()
            }
            Self::Child(_) => "服务器没有安装转码工具。请联系系统管理员。".into(),
            Self::NothingToDo => "这种素材不需要转码。".into(),
        }
    }
}

/// Which way this medium needs.
pub fn way(media: &Media) -> Way {
    let fine = match media {
        Media::Poster { .. } => false,
        Media::Clip { format, size, codec, pixels, frame_rate, distorted, sound, .. } => {
            format == "mp4"
                && codec == "h264"
                && pixels == "yuv420p"
                && !distorted
                && size.width.max(size.height) <= LONGER
                && size.width.min(size.height) <= SHORTER
                && (1..=FASTEST).contains(frame_rate)
                && sound.as_ref().is_none_or(is_plain_aac)
        }
        Media::Audio { format, sound, .. } => format == "mp4" && is_plain_aac(sound),
    };
    if fine { Way::Repackage } else { Way::Encode }
}

fn is_plain_aac(sound: &Sound) -> bool {
    sound.codec == "aac" && (1..=2).contains(&sound.channels) && matches!(sound.rate, 44_100 | 48_000)
}

/// Writes a playable MP4 of the file at `from` to `to`, and probes it.
pub async fn playable(from: &Path, media: &Media, to: &Path) -> Result<Media, TranscodeError> {
    let format = match media {
        Media::Poster { .. } => return Err(TranscodeError::NothingToDo),
        Media::Clip { format, .. } | Media::Audio { format, .. } => format.as_str(),
    };
    let mut arguments: Vec<OsString> = ["-nostdin", "-v", "error", "-y"].map(OsString::from).into();
    arguments.extend(probe::input_arguments(from, if format == "mp4" { "mov" } else { format }));
    // Only the first track of each sort: no subtitles, cover pictures, data or chapters.
    let tracks: &[&str] = match media.kind() {
        CreativeKind::Clip => &["-map", "0:V:0", "-map", "0:a:0?"],
        _ => &["-map", "0:a:0"],
    };
    arguments.extend(tracks.iter().map(OsString::from));
    arguments.extend(["-map_metadata", "-1", "-map_chapters", "-1"].map(OsString::from));
    match way(media) {
        Way::Repackage => arguments.extend(["-c", "copy"].map(OsString::from)),
        Way::Encode => {
            if let Media::Clip { frame_rate, .. } = media {
                arguments.extend(encode_video(*frame_rate));
            }
            arguments.extend(["-c:a", "aac", "-b:a", "160k", "-ar", "48000", "-ac", "2"].map(OsString::from));
        }
    }
    arguments.extend(["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"].map(OsString::from));
    arguments.extend(["-movflags", "+faststart", "-f", "mp4"].map(OsString::from));
    let mut target = OsString::from("file:");
    target.push(to);
    arguments.push(target);
    child::run("ffmpeg", arguments, Limits::TRANSCODE).await?;
    let name = if media.kind() == CreativeKind::Clip { "clip.mp4" } else { "sound.m4a" };
    Ok(probe::probe(to, name).await?)
}

/// At most 1080p with square pixels and even edges, upright, progressive, 25 or 30 frames a second.
fn encode_video(frame_rate: u32) -> Vec<OsString> {
    // Whatever divides evenly into 30 or comes from 60 Hz material becomes 30; films and PAL become 25.
    let rate = match frame_rate {
        0..=25_500 | 49_000..=51_000 => 25,
        _ => 30,
    };
    let filter = format!(
        "yadif=deint=interlaced,scale=w='trunc(iw*sar/2)*2':h='trunc(ih/2)*2',setsar=1,\
         scale=w='if(gte(iw,ih),min(iw,{LONGER}),min(iw,{SHORTER}))':h='if(gte(iw,ih),min(ih,{SHORTER}),min(ih,{LONGER}))'\
         :force_original_aspect_ratio=decrease:force_divisible_by=2,fps={rate},format=yuv420p"
    );
    let mut arguments = vec![OsString::from("-vf"), filter.into()];
    // Keyframes every two seconds; no more than a small player's decoder and a 4G link can take.
    arguments.extend(
        [
            "-c:v",
            "libx264",
            "-preset",
            "medium",
            "-crf",
            "21",
            "-profile:v",
            "high",
            "-level",
            "4.1",
            "-maxrate",
            "8M",
            "-bufsize",
            "12M",
        ]
        .map(OsString::from),
    );
    arguments.extend([OsString::from("-g"), (rate * 2).to_string().into()]);
    arguments
}

/// Writes one frame of a clip, a third of the way into it, as a PNG to `to`: its thumbnail.
pub async fn still(from: &Path, media: &Media, to: &Path) -> Result<(), TranscodeError> {
    let Media::Clip { format, duration, .. } = media else { return Err(TranscodeError::NothingToDo) };
    let third = format!("{:.3}", f64::from(duration.0) / 3_000.0);
    let mut arguments: Vec<OsString> = ["-nostdin", "-v", "error", "-y", "-ss", &third].map(OsString::from).into();
    arguments.extend(probe::input_arguments(from, if format == "mp4" { "mov" } else { format }));
    arguments.extend(
        ["-map", "0:V:0", "-frames:v", "1", "-vf", "scale=960:960:force_original_aspect_ratio=decrease"]
            .map(OsString::from),
    );
    arguments.extend(["-c:v", "png", "-f", "image2", "-update", "1"].map(OsString::from));
    let mut target = OsString::from("file:");
    target.push(to);
    arguments.push(target);
    child::run("ffmpeg", arguments, Limits::STILL).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use xuanping_core::geometry::Size;

    use super::*;
    use crate::content::samples::Samples;

    async fn made(samples: &Samples, from: &Path) -> (Way, Media) {
        let media = probe::probe(from, "").await.unwrap();
        let out = samples.path("out.mp4");
        (way(&media), playable(from, &media, &out).await.unwrap())
    }

    #[tokio::test]
    async fn a_good_clip_is_repackaged_without_its_metadata_and_twice_the_same() {
        let samples = Samples::new();
        let from = samples.ffmpeg(
            "-f lavfi -i testsrc=s=320x240:r=25:d=2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -metadata title=secret-place",
            "clip.mp4",
        );
        let (way, media) = made(&samples, &from).await;
        assert_eq!(way, Way::Repackage);
        assert_eq!(media.size(), Some(Size { width: 320, height: 240 }));
        let first = std::fs::read(samples.path("out.mp4")).unwrap();
        assert!(!first.windows(12).any(|w| w == b"secret-place"));
        let index = first.windows(4).position(|w| w == b"moov").unwrap();
        assert!(index < first.windows(4).position(|w| w == b"mdat").unwrap(), "the index comes first");
        made(&samples, &from).await;
        assert_eq!(first, std::fs::read(samples.path("out.mp4")).unwrap());
    }

    #[tokio::test]
    async fn a_foreign_clip_becomes_h264_and_aac_within_1080p() {
        let samples = Samples::new();
        let from = samples.ffmpeg(
            "-f lavfi -i testsrc=s=2560x1440:r=50:d=1 -f lavfi -i sine=d=1:r=44100 -c:v mpeg4 -c:a mp3",
            "film.avi",
        );
        let (way, media) = made(&samples, &from).await;
        assert_eq!(way, Way::Encode);
        let Media::Clip { size, codec, pixels, frame_rate, sound, .. } = media else { panic!("not a clip") };
        assert_eq!((size.width, size.height, frame_rate), (1920, 1080, 25_000));
        assert_eq!((codec.as_str(), pixels.as_str()), ("h264", "yuv420p"));
        assert_eq!(sound, Some(Sound { codec: "aac".into(), channels: 2, rate: 48_000 }));
    }

    #[tokio::test]
    async fn a_clip_filmed_upright_stays_upright() {
        let samples = Samples::new();
        let lying = samples.ffmpeg(
            "-f lavfi -i testsrc=s=320x240:r=25:d=1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
            "lying.mp4",
        );
        let words = format!("-i {} -c copy -metadata:s:v rotate=90", lying.display());
        let from = samples.ffmpeg(&words, "upright.mp4");
        let (way, media) = made(&samples, &from).await;
        assert_eq!(way, Way::Encode);
        assert_eq!(media.size(), Some(Size { width: 240, height: 320 }));
    }

    #[tokio::test]
    async fn sound_becomes_aac_and_a_clip_gives_a_still() {
        let samples = Samples::new();
        let from = samples.ffmpeg("-f lavfi -i sine=d=3", "a.mp3");
        let (_, media) = made(&samples, &from).await;
        let Media::Audio { format, sound, duration } = media else { panic!("not sound") };
        assert_eq!((format.as_str(), sound.codec.as_str()), ("mp4", "aac"));
        assert!((2_900..=3_200).contains(&duration.0), "{duration}");

        let clip = samples.clip();
        let media = probe::probe(&clip, "").await.unwrap();
        still(&clip, &media, &samples.path("still.png")).await.unwrap();
        assert_eq!(image::open(samples.path("still.png")).unwrap().width(), 960);
    }
}
