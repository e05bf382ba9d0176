//! A rendition as one picture of any size, for whoever can show nothing else; and the standby picture.

use std::{io::Cursor, time::Duration};

use image::{ImageFormat, ImageReader, imageops};
use xuanping_core::{digest::Digest, geometry::Size, playlist::Show, time::Millis, vocabulary::FraudType};

use super::{
    Content, ContentError, Fit,
    render::{
        RenderError, card,
        paint::{Canvas, Colour},
        poster,
    },
    renditions::drawn,
};

/// How long somebody who asks for a picture waits for his turn to have one drawn.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a screen shows when it has nothing to show.
const STANDBY: &str = "公共安全宣传屏";

/// What a still picture is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillOf {
    /// A rendition, the whole of it.
    Rendition(Digest, Show),
    /// What a screen shows when it has nothing to show.
    Standby,
    /// A wall that is off.
    Black,
}

impl Content {
    /// PNG of exactly this size. `None`: too many pictures are being drawn just now.
    pub async fn still(&self, of: StillOf, size: Size) -> Result<Option<Vec<u8>>, ContentError> {
        let file = match of {
            StillOf::Rendition(asset, show) => Some((self.blobs.read(asset).await?, show)),
            StillOf::Standby | StillOf::Black => None,
        };
        let Ok(Ok(turn)) = tokio::time::timeout(PATIENCE, self.drawing.clone().acquire_owned()).await else {
            return Ok(None);
        };
        let (fonts, style) = (self.fonts.clone(), self.style.clone());
        let drawn = drawn(move || {
            let _turn = turn;
            match file {
                Some((file, show)) => still_of(file, show, size),
                None if of == StillOf::Black => Canvas::filled(size, Colour::BLACK).into_png(),
                None => card::slogan(STANDBY, FraudType::General, size, &style, &fonts).map(|card| card.file),
            }
        });
        Ok(Some(drawn.await??))
    }
}

/// A strip is seen as it begins: as much of it as is eight times as wide as high.
fn still_of(file: Vec<u8>, show: Show, size: Size) -> Result<Vec<u8>, RenderError> {
    let file = match show {
        Show::Strip { size: strip, .. } if strip.width > strip.height.saturating_mul(8) => {
            let whole = ImageReader::with_format(Cursor::new(file), ImageFormat::Png).decode()?;
            let wide = (strip.height * 8).min(whole.width());
            let mut begun = Cursor::new(Vec::new());
            imageops::crop_imm(&whole.to_rgb8(), 0, 0, wide, whole.height())
                .to_image()
                .write_to(&mut begun, ImageFormat::Png)?;
            begun.into_inner()
        }
        _ => file,
    };
    Ok(poster::poster(&file, size, Millis(1), Fit::Whole)?.file)
}
