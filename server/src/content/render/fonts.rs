//! The typesetter: Noto Sans CJK from the configured files, and nothing that happens to be installed besides.
//! One text gives the same pixels on every machine that has the same font files; a glyph they lack is reported, never boxed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use cosmic_text::{
    Attrs, Buffer, CacheKey, Family, FeatureTag, FontFeatures, FontSystem, Metrics, Shaping, SwashCache, SwashContent,
    Wrap, fontdb,
};

/// The family that all smooth text is set in: the simplified-Chinese forms of Noto Sans CJK.
const FAMILY: &str = "Noto Sans CJK SC";

/// Where Debian's package `fonts-noto-cjk` puts the two files that are needed.
pub const DEFAULT_FONT_FILES: [&str; 2] =
    ["/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"];

/// Fonts that could not be opened. The server does not start without its fonts.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// A file is not there or cannot be read.
    #[error("cannot read the font {path} ({source}); on Debian: apt-get install fonts-noto-cjk")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The files hold no face of the family in this weight.
    #[error(
        "no face of {FAMILY} with weight {weight} in the configured font files; on Debian: apt-get install fonts-noto-cjk"
    )]
    NoFace {
        /// The weight that is missing.
        weight: u16,
    },
}

/// How heavy the strokes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weight {
    /// 400.
    Regular,
    /// 700.
    Bold,
}

impl Weight {
    const fn fontdb(self) -> fontdb::Weight {
        match self {
            Self::Regular => fontdb::Weight::NORMAL,
            Self::Bold => fontdb::Weight::BOLD,
        }
    }
}

/// Sets lines of text. Opening it reads the font tables, so one is shared by everybody.
pub struct Typesetter {
    inner: Mutex<Inner>,
}

struct Inner {
    system: FontSystem,
    cache: SwashCache,
    bold: fontdb::ID,
}

/// Coverage of one line of text: how much ink each pixel has.
#[derive(Debug, Clone)]
pub struct SetLine {
    /// Advance width in pixels, rounded up: where the next text would begin.
    pub advance: u32,
    /// Position of the coverage's left column relative to the pen's start; negative if ink hangs out to the left.
    pub left: i32,
    /// Rows from the coverage's first row down to the baseline.
    pub ascent: i32,
    /// Columns of coverage.
    pub width: u32,
    /// Rows of coverage.
    pub height: u32,
    /// 0 = no ink … 255 = full, row by row.
    pub coverage: Vec<u8>,
}

/// How glyphs are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// To a quarter of a pixel: even rhythm in smooth text.
    Smooth,
    /// On whole pixels: the same character looks the same wherever it stands in a thresholded strip.
    WholePixels,
}

impl Typesetter {
    /// Opens the font files. Fails if one cannot be read or the two weights are not among them.
    pub fn open(files: &[impl AsRef<Path>]) -> Result<Self, FontError> {
        let mut db = fontdb::Database::new();
        for file in files {
            let path = file.as_ref();
            db.load_font_file(path).map_err(|source| FontError::Unreadable { path: path.to_owned(), source })?;
        }
        // The collections hold the Japanese, Korean and Taiwanese forms too: without them nothing can be mixed up.
        let others: Vec<_> =
            db.faces().filter(|f| !f.families.iter().any(|(name, _)| name == FAMILY)).map(|f| f.id).collect();
        for id in others {
            db.remove_face(id);
        }
        for weight in [Weight::Regular, Weight::Bold] {
            face(&db, weight).ok_or(FontError::NoFace { weight: weight.fontdb().0 })?;
        }
        let bold = face(&db, Weight::Bold).ok_or(FontError::NoFace { weight: Weight::Bold.fontdb().0 })?;
        // Only our family is in the database, so no other font can step in for a missing glyph unnoticed.
        let system = FontSystem::new_with_locale_and_db("zh-CN".into(), db);
        Ok(Self { inner: Mutex::new(Inner { system, cache: SwashCache::new(), bold }) })
    }

    /// The characters of `text` for which the font has no glyph, each once, in order of code point.
    pub fn missing(&self, text: &str) -> BTreeSet<char> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { system, bold, .. } = &mut *inner;
        let Some(font) = system.get_font(*bold, fontdb::Weight::BOLD) else { return text.chars().collect() };
        let charmap = font.as_swash().charmap();
        text.chars().filter(|&c| !c.is_whitespace() && charmap.map(c) == 0).collect()
    }

    /// Sets one line, never broken. `size` is the em in pixels.
    pub fn set(&self, text: &str, weight: Weight, size: f32, placing: Placing) -> SetLine {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { system, cache, .. } = &mut *inner;
        let buffer = shaped(system, text, weight, size);
        let mut pieces = Vec::new();
        let mut advance = 0.0_f32;
        for run in buffer.layout_runs() {
            for glyph in run.glyphs {
                advance = advance.max(glyph.x + glyph.w);
                let offset = match placing {
                    Placing::Smooth => 0.0,
                    Placing::WholePixels => glyph.x.round() - glyph.x,
                };
                let physical = glyph.physical((offset, 0.0), 1.0);
                let key: CacheKey = physical.cache_key;
                let Some(image) = cache.get_image(system, key) else { continue };
                if image.content != SwashContent::Mask || image.data.is_empty() {
                    continue;
                }
                let place = image.placement;
                pieces.push(Piece {
                    x: physical.x + place.left,
                    y: physical.y - place.top,
                    width: place.width,
                    height: place.height,
                    data: image.data.clone(),
                });
            }
        }
        // A county's whole vocabulary at a dozen sizes: a bound, so that the cache is not a leak.
        if cache.image_cache.len() > 20_000 {
            cache.image_cache.clear();
        }
        compose(&pieces, advance.ceil() as u32)
    }

    /// How wide each character is, in ems, when set in `text`; the sum is the line's width.
    pub fn advances(&self, text: &str, weight: Weight) -> Vec<(usize, f32)> {
        const EM: f32 = 100.0;
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let buffer = shaped(&mut inner.system, text, weight, EM);
        let mut widths: Vec<(usize, f32)> = Vec::new();
        for run in buffer.layout_runs() {
            for glyph in run.glyphs {
                match widths.last_mut() {
                    Some((start, width)) if *start == glyph.start => *width += glyph.w / EM,
                    _ => widths.push((glyph.start, glyph.w / EM)),
                }
            }
        }
        widths
    }
}

fn face(db: &fontdb::Database, weight: Weight) -> Option<fontdb::ID> {
    db.faces().find(|f| f.weight == weight.fontdb()).map(|f| f.id)
}

fn shaped(system: &mut FontSystem, text: &str, weight: Weight, size: f32) -> Buffer {
    let mut features = FontFeatures::new();
    // Two full-width marks in a row (》，) share the space between them.
    features.enable(FeatureTag::new(b"chws"));
    let attrs = Attrs::new().family(Family::Name(FAMILY)).weight(weight.fontdb()).font_features(features);
    let mut buffer = Buffer::new(system, Metrics::new(size, size * 1.5));
    buffer.set_wrap(Wrap::None);
    buffer.set_size(None, None);
    buffer.set_text(text, &attrs, Shaping::Advanced, None);
    buffer.shape_until_scroll(system, false);
    buffer
}

struct Piece {
    x: i32,
    y: i32,
    width: u32,
    height: u32,
    data: Vec<u8>,
}

fn compose(pieces: &[Piece], advance: u32) -> SetLine {
    let left = pieces.iter().map(|p| p.x).min().unwrap_or(0);
    let top = pieces.iter().map(|p| p.y).min().unwrap_or(0);
    let right = pieces.iter().map(|p| p.x + p.width as i32).max().unwrap_or(0);
    let bottom = pieces.iter().map(|p| p.y + p.height as i32).max().unwrap_or(0);
    let (width, height) = ((right - left).max(0) as u32, (bottom - top).max(0) as u32);
    let mut coverage = vec![0_u8; width as usize * height as usize];
    for piece in pieces {
        let rows = piece.data.chunks_exact(piece.width.max(1) as usize);
        for (row, line) in rows.take(piece.height as usize).enumerate() {
            let y = (piece.y - top) as usize + row;
            let start = y * width as usize + (piece.x - left) as usize;
            let Some(target) = coverage.get_mut(start..start + line.len()) else { continue };
            for (to, &from) in target.iter_mut().zip(line) {
                *to = to.saturating_add(from);
            }
        }
    }
    SetLine { advance, left, ascent: -top, width, height, coverage }
}
