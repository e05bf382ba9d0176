//! Clips and sound: ffprobe tells the tracks, then ffmpeg decodes everything once; both are confined children that may
//! read this one file and nothing else.

use std::{ffi::OsString, path::Path};

use serde::Deserialize;
use xuanping_core::{geometry::Size, time::Millis, vocabulary::CreativeKind};

use super::{FileType, LONGEST_AUDIO_MS, LONGEST_CLIP_MS, Limits, Media, ProbeRefusal, SHORTEST_MS, child};
use crate::content::media::Sound;

/// Longest edge of a clip in pixels.
const LONGEST_EDGE: u32 = 4096;
/// Fewest pixels of an edge.
const SHORTEST_EDGE: u32 = 64;
/// How much less than promised may come out of the decoder: encoders round, and priming samples are dropped.
const SLACK_MS: u64 = 1_000;

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Deserialize, Default)]
struct Format {
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
    codec_name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    pix_fmt: Option<String>,
    duration: Option<String>,
    avg_frame_rate: Option<String>,
    r_frame_rate: Option<String>,
    sample_aspect_ratio: Option<String>,
    channels: Option<u32>,
    sample_rate: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

/// The arguments by which both tools read `path` as `file_type`, from this file only.
pub fn input_arguments(path: &Path, demuxer: &str) -> Vec<OsString> {
    let mut url = OsString::from("file:");
    url.push(path);
    vec!["-protocol_whitelist".into(), "file".into(), "-f".into(), demuxer.into(), "-i".into(), url]
}

/// Probes and decodes a clip or sound.
pub async fn probe(path: &Path, file_type: FileType, promised: Option<CreativeKind>) -> Result<Media, ProbeRefusal> {
    let report = report(path, file_type).await?;
    let video = report.streams.iter().find(|s| s.is("video") && s.disposition.attached_pic == 0);
    let sound = report.streams.iter().find(|s| s.is("audio"));
    // A film without a picture is a fault worth naming, unless it is called and branded a sound file.
    let wanted = match (file_type.kind(), promised) {
        (CreativeKind::Clip, Some(CreativeKind::Audio)) if video.is_none() => CreativeKind::Audio,
        (kind, _) => kind,
    };
    let media = match wanted {
        CreativeKind::Clip => clip(file_type, &report, video.ok_or(ProbeRefusal::NoVideo)?, sound)?,
        _ => audio(file_type, &report, sound.ok_or(ProbeRefusal::NoSound)?)?,
    };
    decode(path, file_type, &media).await?;
    Ok(media)
}

async fn report(path: &Path, file_type: FileType) -> Result<Report, ProbeRefusal> {
    let mut arguments: Vec<OsString> =
        ["-v", "error", "-print_format", "json", "-show_format", "-show_streams"].map(OsString::from).into();
    arguments.extend(input_arguments(path, file_type.demuxer()));
    let out = child::run("ffprobe", arguments, Limits::PROBE).await?;
    serde_json::from_slice(&out).map_err(|e| ProbeRefusal::Undecodable(e.to_string()))
}

fn clip(file_type: FileType, report: &Report, video: &Stream, sound: Option<&Stream>) -> Result<Media, ProbeRefusal> {
    let (width, height) = (video.width.unwrap_or(0), video.height.unwrap_or(0));
    if width > LONGEST_EDGE || height > LONGEST_EDGE {
        return Err(ProbeRefusal::TooManyPixels { width, height });
    }
    if width < SHORTEST_EDGE || height < SHORTEST_EDGE {
        return Err(ProbeRefusal::TooFewPixels { width, height });
    }
    let rotation = video.side_data_list.iter().find_map(|s| s.rotation).unwrap_or(0.0).rem_euclid(360.0);
    let lying = (rotation - 90.0).abs() < 1.0 || (rotation - 270.0).abs() < 1.0;
    let square = matches!(video.sample_aspect_ratio.as_deref(), None | Some("1:1" | "0:1" | "N/A"));
    let rate = video.avg_frame_rate.as_deref().and_then(frame_rate);
    let rate = rate.or_else(|| video.r_frame_rate.as_deref().and_then(frame_rate));
    Ok(Media::Clip {
        format: format_name(file_type),
        size: if lying { Size { width: height, height: width } } else { Size { width, height } },
        duration: checked_duration(video.duration.as_deref().or(report.format.duration.as_deref()), LONGEST_CLIP_MS)?,
        codec: video.codec_name.clone().unwrap_or_default(),
        pixels: video.pix_fmt.clone().unwrap_or_default(),
        frame_rate: rate.unwrap_or(0),
        distorted: rotation > 0.5 || !square,
        sound: sound.map(Stream::sound),
    })
}

fn audio(file_type: FileType, report: &Report, sound: &Stream) -> Result<Media, ProbeRefusal> {
    let duration = sound.duration.as_deref().or(report.format.duration.as_deref());
    Ok(Media::Audio {
        format: format_name(file_type),
        duration: checked_duration(duration, LONGEST_AUDIO_MS)?,
        sound: sound.sound(),
    })
}

impl Stream {
    fn is(&self, kind: &str) -> bool {
        self.codec_type.as_deref() == Some(kind)
    }

    fn sound(&self) -> Sound {
        Sound {
            codec: self.codec_name.clone().unwrap_or_default(),
            channels: self.channels.unwrap_or(0),
            rate: self.sample_rate.as_deref().and_then(|r| r.parse().ok()).unwrap_or(0),
        }
    }
}

fn format_name(file_type: FileType) -> String {
    match file_type.demuxer() {
        "mov" => "mp4".into(),
        other => other.into(),
    }
}

/// `25/1` as frames per 1000 seconds.
fn frame_rate(fraction: &str) -> Option<u32> {
    let (over, under) = fraction.split_once('/')?;
    let (over, under): (u64, u64) = (over.parse().ok()?, under.parse().ok()?);
    u32::try_from(over.checked_mul(1000)?.checked_div(under)?).ok().filter(|&rate| rate > 0)
}

fn checked_duration(seconds: Option<&str>, most_ms: u64) -> Result<Millis, ProbeRefusal> {
    let seconds: f64 = seconds
        .and_then(|s| s.parse().ok())
        .filter(|s: &f64| s.is_finite() && *s >= 0.0)
        .ok_or_else(|| ProbeRefusal::Undecodable("it does not say how long it is".into()))?;
    let ms = (seconds * 1000.0).round().min(1e15) as u64;
    if ms > most_ms {
        return Err(ProbeRefusal::TooLong { ms, most_ms });
    }
    if ms < SHORTEST_MS {
        return Err(ProbeRefusal::TooShort { ms });
    }
    u32::try_from(ms).map(Millis).map_err(|_| ProbeRefusal::TooLong { ms, most_ms })
}

/// Decodes everything once and compares how much came out with how much was promised.
async fn decode(path: &Path, file_type: FileType, media: &Media) -> Result<(), ProbeRefusal> {
    let mut arguments: Vec<OsString> =
        ["-nostdin", "-v", "error", "-xerror", "-progress", "pipe:1"].map(OsString::from).into();
    arguments.extend(input_arguments(path, file_type.demuxer()));
    let track = if media.kind() == CreativeKind::Clip { "0:V:0" } else { "0:a:0" };
    arguments.extend(["-map", track].map(OsString::from));
    if media.kind() == CreativeKind::Clip {
        arguments.extend(["-map", "0:a:0?"].map(OsString::from));
    }
    arguments.extend(["-f", "null", "-"].map(OsString::from));
    let out = child::run("ffmpeg", arguments, Limits::DECODE).await?;
    let decoded = String::from_utf8_lossy(&out)
        .lines()
        .filter_map(|line| line.strip_prefix("out_time_us="))
        .filter_map(|us| us.trim().parse::<u64>().ok())
        .max()
        .map_or(0, |us| us / 1000);
    let promised = media.duration().map_or(0, |d| u64::from(d.0));
    let slack = SLACK_MS.max(promised / 50).min(promised / 2);
    if decoded + slack < promised {
        return Err(ProbeRefusal::Truncated(format!("{decoded} of {promised} ms decode")));
    }
    Ok(())
}
