//! Small media made on the spot for tests: good ones, and hostile ones derived from them.

use std::{path::PathBuf, process::Command};

use tempfile::TempDir;

/// A folder of samples that goes away with the test.
pub struct Samples {
    /// The folder.
    pub dir: TempDir,
}

impl Samples {
    pub fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs ffmpeg with these words, which end in nothing: the output name is added.
    pub fn ffmpeg(&self, words: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        let done = Command::new("ffmpeg")
            .args(["-v", "error", "-y"])
            .args(words.split_whitespace())
            .arg(&path)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        path
    }

    /// Two seconds of moving picture with a tone, as a phone would film it.
    pub fn clip(&self) -> PathBuf {
        self.ffmpeg(
            "-f lavfi -i testsrc=s=320x240:r=25:d=2 -f lavfi -i sine=d=2:r=48000 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -ac 2 -movflags +faststart",
            "clip.mp4",
        )
    }

    /// A picture with a different colour in every corner.
    pub fn picture(width: u32, height: u32) -> image::RgbImage {
        image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([
                (x * 255 / width) as u8,
                (y * 255 / height) as u8,
                if (x / 16 + y / 16) % 2 == 0 { 40 } else { 200 },
            ])
        })
    }

    pub fn encoded(picture: &image::RgbImage, format: image::ImageFormat) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }
}
