//! The player's memory, seen from the worker: it writes whole frames into slots that are its own at that moment.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::Arc,
};

use crate::protocol::{PictureArea, SLOTS};

/// The memory of all clips. Cheap to clone.
#[derive(Clone)]
pub struct Memory(Arc<File>);

impl Memory {
    /// Opens it by the name that the system gives to an inherited descriptor.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(OpenOptions::new().write(true).open(path)?)))
    }
}

/// The part that belongs to one clip, and which of its slots are ours.
pub struct Easel {
    memory: Memory,
    area: PictureArea,
    ours: [bool; SLOTS as usize],
}

impl Easel {
    /// All slots of a fresh area are the worker's.
    pub fn new(memory: Memory, area: PictureArea) -> Self {
        Self { memory, area, ours: [true; SLOTS as usize] }
    }

    /// Writes a frame (rows of `stride` bytes) into a slot of ours, which is the player's from then on. `None`: the player
    /// has them all, or the frame is not as large as the area.
    pub fn paint(&mut self, pixels: &[u8], stride: usize) -> io::Result<Option<u8>> {
        let row = self.area.width as usize * crate::protocol::PIXEL_BYTES as usize;
        let height = self.area.height as usize;
        let Some(slot) = (0..SLOTS).find(|slot| self.ours[usize::from(*slot)]) else { return Ok(None) };
        if stride < row || height == 0 || pixels.len() < stride * (height - 1) + row {
            return Ok(None);
        }
        let offset = self.area.slot_offset(slot);
        if stride == row {
            self.memory.0.write_all_at(&pixels[..row * height], offset)?;
        } else {
            for (y, line) in pixels.chunks(stride).take(height).enumerate() {
                self.memory.0.write_all_at(&line[..row], offset + (y * row) as u64)?;
            }
        }
        self.ours[usize::from(slot)] = false;
        Ok(Some(slot))
    }

    /// The player gives a slot back.
    pub fn recycle(&mut self, slot: u8) {
        if let Some(ours) = self.ours.get_mut(usize::from(slot)) {
            *ours = true;
        }
    }
}
