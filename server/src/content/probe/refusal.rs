//! Why a file is not taken, and what the person who uploaded it should do instead.

use xuanping_core::vocabulary::CreativeKind;

use crate::content::child::ChildError;

/// A file that is refused. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum ProbeRefusal {
    /// Zero bytes.
    #[error("the file is empty")]
    Empty,
    /// Its content is no medium at all, whatever its name says.
    #[error("the content is {found}, not a picture, clip or sound")]
    NotMedia {
        /// What the content looks like, in Chinese.
        found: &'static str,
    },
    /// A medium, but of a sort that we do not take.
    #[error("{found} is not accepted")]
    Unaccepted {
        /// What it is, in Chinese.
        found: &'static str,
        /// What to do instead, in Chinese.
        instead: &'static str,
    },
    /// The name promises another sort of medium than the content is.
    #[error("named as {named:?} but the content is {found:?}")]
    Renamed {
        /// What the name says.
        named: CreativeKind,
        /// What the content is.
        found: CreativeKind,
    },
    /// More bytes than a medium of its kind may have.
    #[error("{bytes} bytes are more than {most}")]
    TooLarge {
        /// Its length, or how far it was read.
        bytes: u64,
        /// The limit.
        most: u64,
    },
    /// The end is missing.
    #[error("the file is cut off: {0}")]
    Truncated(String),
    /// More pixels than we decode: a print sheet beyond all use, or a decompression bomb.
    #[error("{width}×{height} pixels are too many")]
    TooManyPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// Too small to be seen.
    #[error("{width}×{height} pixels are too few")]
    TooFewPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// A clip without moving pictures.
    #[error("there is no video track")]
    NoVideo,
    /// A sound file without sound.
    #[error("there is no audio track")]
    NoSound,
    /// Nobody could see or hear it.
    #[error("{ms} ms is too short")]
    TooShort {
        /// Its length in milliseconds.
        ms: u64,
    },
    /// Longer than a loop can bear, or a made-up length.
    #[error("{ms} ms is longer than {most_ms} ms")]
    TooLong {
        /// Its length in milliseconds.
        ms: u64,
        /// The limit in milliseconds.
        most_ms: u64,
    },
    /// It says what it is but does not decode.
    #[error("it does not decode: {0}")]
    Undecodable(String),
    /// Checking it took too long.
    #[error("checking took longer than {seconds} s")]
    TooSlow {
        /// The limit in seconds.
        seconds: u64,
    },
    /// Our own fault: a tool is missing or the disk failed.
    #[error("the file could not be checked: {0}")]
    Unchecked(String),
}

impl ProbeRefusal {
    /// The stable code: last part of the problem's `type`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "upload-empty",
            Self::NotMedia { .. } => "upload-not-media",
            Self::Unaccepted { .. } => "upload-type-not-accepted",
            Self::Renamed { .. } => "upload-renamed",
            Self::TooLarge { .. } => "upload-too-large",
            Self::Truncated(_) => "upload-truncated",
            Self::TooManyPixels { .. } => "upload-too-many-pixels",
            Self::TooFewPixels { .. } => "upload-too-few-pixels",
            Self::NoVideo => "upload-no-video",
            Self::NoSound => "upload-no-sound",
            Self::TooShort { .. } => "upload-too-short",
            Self::TooLong { .. } => "upload-too-long",
            Self::Undecodable(_) => "upload-undecodable",
            Self::TooSlow { .. } => "upload-too-slow-to-check",
            Self::Unchecked(_) => "upload-not-checked",
        }
    }

    /// Whether the server is to blame and not the file.
    pub const fn is_our_fault(&self) -> bool {
        matches!(self, Self::Unchecked(_))
    }

    /// What happened and what to do, for the person who uploaded.
    pub fn detail_zh(&self) -> String {
        match self {
            Self::Empty => "文件是空的（0字节）。请检查原文件能否正常打开，然后重新上传。".into(),
            Self::NotMedia { found } => format!(
                "文件内容是{found}，不是图片、视频或音频。请上传 JPG、PNG、WebP 图片，MP4 等常见视频，或 MP3 等常见音频。"
            ),
            Self::Unaccepted { found, instead } => format!("不接受{found}。{instead}"),
            Self::Renamed { named, found } => format!(
                "文件名看起来是{}，内容却是{}。请不要修改扩展名，上传原始文件。",
                medium_zh(*named),
                medium_zh(*found)
            ),
            Self::TooLarge { most, .. } => {
                format!("文件太大，最多 {} MB。请压缩画质或缩短时长后重新上传。", most / (1 << 20))
            }
            Self::Truncated(_) => "文件不完整，结尾缺失，可能是拷贝或下载中断。请重新拷贝或导出后再上传。".into(),
            Self::TooManyPixels { width, height } => {
                // A decoder that stops at its limit does not always say how large the picture claims to be.
                let claimed = if *width == 0 { String::new() } else { format!("（{width}×{height} 像素）") };
                format!(
                    "画面太大{claimed}。请缩小到 6000 万像素以内、单边不超过 16384 像素（视频不超过 4096 像素）后重新上传。"
                )
            }
            Self::TooFewPixels { width, height } => {
                format!("画面太小（{width}×{height} 像素），屏幕上无法看清。请上传每边至少 64 像素的原图。")
            }
            Self::NoVideo => "视频文件里没有画面。如果只有声音，请导出为 MP3 后作为音频上传。".into(),
            Self::NoSound => "音频文件里没有声音。请检查原文件后重新导出。".into(),
            Self::TooShort { ms } => format!("时长只有 {ms} 毫秒，太短。请上传至少 1 秒的内容。"),
            Self::TooLong { most_ms, .. } => {
                format!("时长超过 {} 分钟，或文件标注的时长不真实。请剪短或重新导出后上传。", most_ms / 60_000)
            }
            Self::Undecodable(_) => "文件已损坏，无法解码播放。请用原软件重新导出后上传。".into(),
            Self::TooSlow { .. } => "检查文件用时过长。请降低分辨率（1080P 即可）或缩短时长后重新上传。".into(),
            Self::Unchecked(_) => "服务器暂时无法检查文件，没有保存。请稍后再试；若持续出现，请联系系统管理员。".into(),
        }
    }
}

const fn medium_zh(kind: CreativeKind) -> &'static str {
    match kind {
        CreativeKind::Slogan => "文字",
        CreativeKind::Poster => "图片",
        CreativeKind::Clip => "视频",
        CreativeKind::Audio => "音频",
    }
}

impl From<ChildError> for ProbeRefusal {
    /// A tool that says no condemns the file; a tool that is missing does not.
    fn from(error: ChildError) -> Self {
        match error {
            ChildError::TimedOut { seconds, .. } => Self::TooSlow { seconds },
            ChildError::Failed { message, .. } => Self::Undecodable(message),
            ChildError::NotStarted { .. } | ChildError::Broken { .. } => Self::Unchecked(error.to_string()),
        }
    }
}

impl From<std::io::Error> for ProbeRefusal {
    fn from(error: std::io::Error) -> Self {
        Self::Unchecked(error.to_string())
    }
}
