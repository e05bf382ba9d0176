use image::ImageFormat::{Jpeg, Png, WebP};
use xuanping_core::{geometry::Size, time::Millis};

use super::*;
use crate::content::samples::Samples;

async fn verdict(path: &Path, name: &str) -> Result<Media, &'static str> {
    probe(path, name).await.map_err(|refusal| {
        assert!(!refusal.detail_zh().is_empty());
        assert!(!refusal.is_our_fault(), "{refusal}");
        refusal.code()
    })
}

#[tokio::test]
async fn good_pictures_of_every_sort_become_posters() {
    let samples = Samples::new();
    for (format, name, known_as) in [(Png, "a.png", "png"), (Jpeg, "a.jpg", "jpeg"), (WebP, "a.webp", "webp")] {
        let path = samples.write(name, &Samples::encoded(&Samples::picture(300, 200), format));
        let media = verdict(&path, name).await.unwrap();
        assert_eq!(media, Media::Poster { format: known_as.into(), size: Size { width: 300, height: 200 } });
    }
}

#[tokio::test]
async fn a_picture_cut_off_anywhere_is_refused() {
    let samples = Samples::new();
    for (format, name) in [(Png, "a.png"), (Jpeg, "a.jpg"), (WebP, "a.webp")] {
        let bytes = Samples::encoded(&Samples::picture(300, 200), format);
        for part in [10, 40, 70, 95] {
            let path = samples.write(name, &bytes[..bytes.len() * part / 100]);
            let code = verdict(&path, name).await.unwrap_err();
            assert!(["upload-truncated", "upload-undecodable"].contains(&code), "{name} {part}%: {code}");
        }
    }
}

/// A PNG that claims this size; its data are a few bytes.
fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9C, 0x03, 0, 0, 0, 0, 1]).unwrap();
    drop(writer);
    file
}

#[tokio::test]
async fn decompression_bombs_are_refused_by_their_header() {
    let samples = Samples::new();
    for (width, height) in [(60_000, 60_000), (16_000, 16_000), (4_000_000, 2)] {
        let path = samples.write("bomb.png", &png_bomb(width, height));
        assert_eq!(verdict(&path, "bomb.png").await, Err("upload-too-many-pixels"), "{width}×{height}");
    }
}

#[tokio::test]
async fn files_that_are_not_what_their_name_says_are_refused() {
    let samples = Samples::new();
    let clip = samples.clip();
    assert_eq!(verdict(&clip, "海报.png").await, Err("upload-renamed"));
    let picture = samples.write("p", &Samples::encoded(&Samples::picture(100, 100), Png));
    assert_eq!(verdict(&picture, "宣传片.mp4").await, Err("upload-renamed"));
    assert!(verdict(&picture, "微信图片.jpg").await.is_ok(), "one sort of picture named as another harms nobody");
    let program = samples.write("x", b"MZ\x90\0\x03\0\0\0");
    assert_eq!(verdict(&program, "海报.png").await, Err("upload-not-media"));
    let text = samples.write("t", "文本".as_bytes());
    assert_eq!(verdict(&text, "宣传片.mp4").await, Err("upload-not-media"));
    let svg = samples.write("s", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
    assert_eq!(verdict(&svg, "海报.svg").await, Err("upload-type-not-accepted"));
    let empty = samples.write("e", b"");
    assert_eq!(verdict(&empty, "海报.png").await, Err("upload-empty"));
}

#[tokio::test]
async fn a_good_clip_is_known_by_its_tracks() {
    let samples = Samples::new();
    let Media::Clip { size, duration, codec, pixels, frame_rate, distorted, sound, .. } =
        verdict(&samples.clip(), "clip.mp4").await.unwrap()
    else {
        panic!("not a clip")
    };
    assert_eq!((size, duration, frame_rate), (Size { width: 320, height: 240 }, Millis(2000), 25_000));
    assert_eq!((codec.as_str(), pixels.as_str(), distorted), ("h264", "yuv420p", false));
    assert_eq!(sound.unwrap().codec, "aac");
}

#[tokio::test]
async fn a_clip_cut_off_anywhere_is_refused() {
    let samples = Samples::new();
    let index_first = std::fs::read(samples.clip()).unwrap();
    let index_last = samples
        .ffmpeg("-f lavfi -i testsrc=s=320x240:r=25:d=2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p", "last.mp4");
    let index_last = std::fs::read(index_last).unwrap();
    for bytes in [index_first, index_last] {
        for part in [5, 50, 90, 99] {
            let path = samples.write("cut.mp4", &bytes[..bytes.len() * part / 100]);
            assert_eq!(verdict(&path, "cut.mp4").await, Err("upload-truncated"), "{part}%");
        }
    }
}

#[tokio::test]
async fn an_index_that_points_beyond_the_file_is_found_even_if_the_boxes_fit() {
    let samples = Samples::new();
    let mut bytes = std::fs::read(samples.clip()).unwrap();
    // The movie data shrinks, its box's size with it: only the sample tables still know.
    let at = bytes.windows(4).position(|w| w == b"mdat").unwrap() - 4;
    let shorter = (bytes.len() - at) / 2;
    bytes.truncate(at + shorter);
    bytes[at..at + 4].copy_from_slice(&(shorter as u32).to_be_bytes());
    assert_eq!(verdict(&samples.write("patched.mp4", &bytes), "patched.mp4").await, Err("upload-truncated"));
}

#[tokio::test]
async fn a_clip_full_of_rubbish_is_refused() {
    let samples = Samples::new();
    let mut bytes = std::fs::read(samples.clip()).unwrap();
    let at = bytes.windows(4).position(|w| w == b"mdat").unwrap() + 4;
    for (i, byte) in bytes[at..].iter_mut().enumerate() {
        *byte = (i as u8).wrapping_mul(101);
    }
    assert_eq!(verdict(&samples.write("rubbish.mp4", &bytes), "rubbish.mp4").await, Err("upload-undecodable"));
}

#[tokio::test]
async fn hostile_tables_neither_panic_nor_allocate() {
    let samples = Samples::new();
    let good = std::fs::read(samples.clip()).unwrap();
    for table in [b"stsz", b"stsc", b"stco", b"stts", b"mdhd", b"stsd"] {
        let at = good.windows(4).position(|w| w == table).unwrap() + 8;
        for word in 0..4 {
            let mut bytes = good.clone();
            bytes[at + word * 4..at + word * 4 + 4].copy_from_slice(&0xFFFF_FFF0_u32.to_be_bytes());
            let path = samples.write("hostile.mp4", &bytes);
            // Some of these fields do not matter; those that do must be refused, and none may bring the server down.
            let _ = verdict(&path, "hostile.mp4").await;
        }
    }
    let mut bytes = good;
    let at = bytes.windows(4).position(|w| w == b"stsz").unwrap() + 8;
    bytes[at..at + 8].copy_from_slice(&[0x00, 0x10, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert!(verdict(&samples.write("hostile.mp4", &bytes), "hostile.mp4").await.is_err());
}

#[tokio::test]
async fn clips_without_a_picture_or_with_an_absurd_length_are_refused() {
    let samples = Samples::new();
    let silent_film = samples.ffmpeg("-f lavfi -i sine=d=2 -c:a aac", "sound-only.mp4");
    assert_eq!(verdict(&silent_film, "sound-only.mp4").await, Err("upload-no-video"));
    let ages = samples.ffmpeg(
        "-f lavfi -i testsrc=s=64x64:r=1:d=4 -vf setpts=PTS*100000 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
        "ages.mp4",
    );
    assert_eq!(verdict(&ages, "ages.mp4").await, Err("upload-too-long"));
    let blink = samples
        .ffmpeg("-f lavfi -i testsrc=s=64x64:r=25:d=0.2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p", "blink.mp4");
    assert_eq!(verdict(&blink, "blink.mp4").await, Err("upload-too-short"));
}

#[tokio::test]
async fn sound_is_taken_in_the_usual_formats_and_refused_when_cut_off() {
    let samples = Samples::new();
    for name in ["a.mp3", "a.wav", "a.m4a", "a.flac", "a.ogg"] {
        let path = samples.ffmpeg("-f lavfi -i sine=d=4", name);
        let media = verdict(&path, name).await.unwrap();
        let Media::Audio { duration, .. } = media else { panic!("{name} is not sound") };
        assert!((3_900..=4_200).contains(&duration.0), "{name}: {duration}");
    }
    for name in ["a.mp3", "a.m4a"] {
        let bytes = std::fs::read(samples.path(name)).unwrap();
        let path = samples.write("cut", &bytes[..bytes.len() / 2]);
        assert_eq!(verdict(&path, name).await, Err("upload-truncated"), "{name}");
    }
}

#[test]
fn lengths_are_limited_by_what_the_content_is() {
    assert!(check_length(FileType::Picture(Png), MOST_POSTER_BYTES).is_ok());
    assert!(check_length(FileType::Picture(Png), MOST_POSTER_BYTES + 1).is_err());
    assert!(check_length(FileType::Mp4 { audio_brand: false }, MOST_CLIP_BYTES).is_ok());
    assert!(check_length(FileType::Mp4 { audio_brand: false }, MOST_CLIP_BYTES + 1).is_err());
}
