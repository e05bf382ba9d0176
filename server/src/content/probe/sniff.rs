//! Tells what a file is from its first bytes. The name is only compared with the result, never believed.

use xuanping_core::vocabulary::CreativeKind;

use super::ProbeRefusal;

/// Bytes from the start of a file that are enough to tell.
pub const HEAD: usize = 4096;

/// A sort of file that we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    /// A still picture that we decode ourselves.
    Picture(image::ImageFormat),
    /// MP4, MOV or M4A; whether it is clip or sound, its tracks tell.
    Mp4 {
        /// Its brand says that it is sound.
        audio_brand: bool,
    },
    /// Another container of moving pictures: its ffmpeg demuxer.
    Moving(&'static str),
    /// A container of sound: its ffmpeg demuxer.
    Sound(&'static str),
}

impl FileType {
    /// What is made of it.
    pub const fn kind(self) -> CreativeKind {
        match self {
            Self::Picture(_) => CreativeKind::Poster,
            Self::Mp4 { audio_brand: false } | Self::Moving(_) => CreativeKind::Clip,
            Self::Mp4 { audio_brand: true } | Self::Sound(_) => CreativeKind::Audio,
        }
    }

    /// The ffmpeg demuxer that is to read it and no other.
    pub const fn demuxer(self) -> &'static str {
        match self {
            Self::Picture(_) => "image2",
            Self::Mp4 { .. } => "mov",
            Self::Moving(demuxer) | Self::Sound(demuxer) => demuxer,
        }
    }
}

/// Tells the type from the first bytes (up to [`HEAD`]) of a file.
pub fn sniff(head: &[u8]) -> Result<FileType, ProbeRefusal> {
    use image::ImageFormat::{Jpeg, Png, WebP};
    let at = |offset: usize, magic: &[u8]| head.get(offset..offset + magic.len()) == Some(magic);
    if head.is_empty() {
        return Err(ProbeRefusal::Empty);
    }
    let taken = if at(0, b"\x89PNG\r\n\x1a\n") {
        FileType::Picture(Png)
    } else if at(0, b"\xFF\xD8\xFF") {
        FileType::Picture(Jpeg)
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        FileType::Picture(WebP)
    } else if at(4, b"ftyp") {
        return mp4_brand(head.get(8..12).unwrap_or_default());
    } else if at(4, b"moov") || at(4, b"mdat") || at(4, b"wide") {
        FileType::Mp4 { audio_brand: false }
    } else if at(0, b"\x1A\x45\xDF\xA3") {
        FileType::Moving("matroska")
    } else if at(0, b"RIFF") && at(8, b"AVI ") {
        FileType::Moving("avi")
    } else if at(0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11") {
        FileType::Moving("asf")
    } else if at(0, b"FLV\x01") {
        FileType::Moving("flv")
    } else if at(0, b"\x00\x00\x01\xBA") {
        FileType::Moving("mpeg")
    } else if at(0, b"G") && at(188, b"G") && at(376, b"G") {
        FileType::Moving("mpegts")
    } else if at(0, b"RIFF") && at(8, b"WAVE") {
        FileType::Sound("wav")
    } else if at(0, b"fLaC") {
        FileType::Sound("flac")
    } else if at(0, b"OggS") {
        FileType::Sound("ogg")
    } else if at(0, b"ID3") {
        FileType::Sound("mp3")
    } else if is_adts(head) {
        FileType::Sound("aac")
    } else if is_mpeg_audio(head) {
        FileType::Sound("mp3")
    } else {
        return Err(not_taken(head));
    };
    Ok(taken)
}

fn mp4_brand(brand: &[u8]) -> Result<FileType, ProbeRefusal> {
    match brand {
        b"heic" | b"heix" | b"mif1" | b"heif" | b"avif" => Err(ProbeRefusal::Unaccepted {
            found: "HEIC/AVIF 图片",
            instead: "请在手机或电脑上另存为 JPG 或 PNG 后上传。",
        }),
        b"M4A " | b"M4B " => Ok(FileType::Mp4 { audio_brand: true }),
        _ => Ok(FileType::Mp4 { audio_brand: false }),
    }
}

/// MPEG audio, layer I–III: eleven set bits, then a layer, bit rate and sample rate that exist.
fn is_mpeg_audio(head: &[u8]) -> bool {
    matches!(head, [0xFF, b, c, ..] if b & 0xE0 == 0xE0 && b & 0x06 != 0 && b & 0x18 != 0x08 && c >> 4 != 15 && c >> 4 != 0 && c & 0x0C != 0x0C)
}

/// AAC frames without a container: twelve set bits and layer 0.
fn is_adts(head: &[u8]) -> bool {
    matches!(head, [0xFF, b, ..] if b & 0xF6 == 0xF0)
}

fn not_taken(head: &[u8]) -> ProbeRefusal {
    let starts = |magic: &[u8]| head.starts_with(magic);
    let save_as = "请另存为 JPG 或 PNG 后上传。";
    if starts(b"GIF8") {
        return ProbeRefusal::Unaccepted {
            found: "GIF 动图",
            instead: "静态画面请另存为 PNG，动画请导出为 MP4 后上传。",
        };
    }
    if starts(b"BM") && head.len() > 26 {
        return ProbeRefusal::Unaccepted { found: "BMP 图片", instead: save_as };
    }
    if starts(b"II*\0") || starts(b"MM\0*") {
        return ProbeRefusal::Unaccepted { found: "TIFF 图片", instead: save_as };
    }
    if starts(b"8BPS") {
        return ProbeRefusal::Unaccepted { found: "PSD 设计稿", instead: save_as };
    }
    if starts(b"%PDF") {
        return ProbeRefusal::Unaccepted {
            found: "PDF 文件", instead: "请把页面导出为 JPG 或 PNG 后上传。"
        };
    }
    let text = String::from_utf8_lossy(&head[..head.len().min(1024)]).to_lowercase();
    if text.contains("<svg") {
        return ProbeRefusal::Unaccepted { found: "SVG 矢量图", instead: "请导出为 PNG 后上传。" };
    }
    let found = if starts(b"PK\x03\x04") {
        "压缩包或 Office 文档"
    } else if starts(b"Rar!") || starts(b"7z\xBC\xAF\x27\x1C") || starts(b"\x1F\x8B") {
        "压缩包"
    } else if starts(b"\xD0\xCF\x11\xE0") {
        "Office 文档"
    } else if starts(b"MZ") || starts(b"\x7FELF") || starts(b"#!") {
        "程序文件"
    } else if text.contains("<html") || text.contains("<!doctype") || text.contains("<?xml") {
        "网页文件"
    } else if !head.contains(&0) && std::str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true) {
        "文本文件"
    } else {
        "无法识别的数据"
    };
    ProbeRefusal::NotMedia { found }
}

/// What a file name promises; `None` if its extension says nothing to us.
pub fn promised(name: &str) -> Option<CreativeKind> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "png" | "jpg" | "jpeg" | "jfif" | "webp" => Some(CreativeKind::Poster),
        "mp4" | "mov" | "m4v" | "mkv" | "webm" | "avi" | "wmv" | "flv" | "mpg" | "mpeg" | "ts" => {
            Some(CreativeKind::Clip)
        }
        "mp3" | "m4a" | "aac" | "wav" | "flac" | "ogg" => Some(CreativeKind::Audio),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_and_every_foreign_file_gets_its_own_refusal() {
        let code = |head: &[u8]| sniff(head).map(FileType::kind).map_err(|r| r.code());
        assert_eq!(code(b"\x89PNG\r\n\x1a\n...."), Ok(CreativeKind::Poster));
        assert_eq!(code(b"\0\0\0\x20ftypisom"), Ok(CreativeKind::Clip));
        assert_eq!(code(b"\0\0\0\x20ftypM4A "), Ok(CreativeKind::Audio));
        assert_eq!(code(b"ID3\x04rest"), Ok(CreativeKind::Audio));
        assert_eq!(code(b"\xFF\xFB\x90\x00"), Ok(CreativeKind::Audio));
        assert_eq!(code(b""), Err("upload-empty"));
        assert_eq!(code(b"\0\0\0\x20ftypheic"), Err("upload-type-not-accepted"));
        assert_eq!(code(b"<?xml version=\"1.0\"?><svg onload='x'>"), Err("upload-type-not-accepted"));
        assert_eq!(code(b"GIF89a"), Err("upload-type-not-accepted"));
        assert_eq!(code(b"MZ\x90\0"), Err("upload-not-media"));
        assert_eq!(code(b"#EXTM3U\nhttp://example/"), Err("upload-not-media"));
        assert_eq!(code("转账请拨打".as_bytes()), Err("upload-not-media"));
        assert_eq!(code(b"\xFF\xFF\xFF\xFF"), Err("upload-not-media"));
    }

    #[test]
    fn names_promise_only_what_their_last_extension_says() {
        assert_eq!(promised("反诈宣传.MP4"), Some(CreativeKind::Clip));
        assert_eq!(promised("poster.mp4.png"), Some(CreativeKind::Poster));
        assert_eq!(promised("海报"), None);
    }
}
