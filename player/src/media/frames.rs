//! The memory that frames come through: a file in memory, given to the worker when it is started, with an area of three
//! frames for each clip.
//!
//! Why no frame is ever read half-written: a slot is written only by its owner. The worker owns all slots of a fresh area; saying
//! `frame` gives one away, and our `recycle` gives it back. A pipe delivers a line only after what was written to the memory before it.
//! Three slots are enough for the worker never to wait: we hold one while reading and one as the newest.
//!
//! Why no `unsafe`: reading and writing the file copies just as mapping it and copying out of the map would, but a worker gone mad
//! can then do nothing worse than paint nonsense; memory mapped from under us would be undefined behaviour, or SIGBUS.

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, memfd_create};
use xuanping_core::geometry::Size;

use super::protocol::{ClipId, PictureArea, SLOTS};

/// Areas begin at multiples of this, so that giving one back frees whole pages.
const PAGE: u64 = 4_096;

/// All areas.
pub(super) struct Frames {
    memory: File,
    areas: Mutex<Areas>,
}

/// Areas are never used again: the file is sparse, and what lies behind is free for ever (its length is 63 bits).
#[derive(Default)]
struct Areas {
    end: u64,
    clips: HashMap<ClipId, Gallery>,
}

struct Gallery {
    area: PictureArea,
    newest: Option<u8>,
    open: bool,
}

impl Frames {
    pub(super) fn new() -> io::Result<Self> {
        let memory = File::from(memfd_create("xuanping-frames", MemfdFlags::CLOEXEC)?);
        Ok(Self { memory, areas: Mutex::default() })
    }

    /// What the worker inherits.
    pub(super) fn memory(&self) -> &File {
        &self.memory
    }

    fn areas(&self) -> MutexGuard<'_, Areas> {
        // Nothing in here can be left half-changed by a panic.
        self.areas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An area for a new clip; `None` if no screen is that large.
    pub(super) fn allot(&self, id: ClipId, size: Size) -> Option<PictureArea> {
        let size = Size::checked(size.width, size.height)?;
        let mut areas = self.areas();
        let area = PictureArea { width: size.width, height: size.height, offset: areas.end };
        areas.end = (area.offset + area.bytes()).next_multiple_of(PAGE);
        areas.clips.insert(id, Gallery { area, newest: None, open: true });
        Some(area)
    }

    /// A frame is in this slot. Returns the slot that nobody wants any more, if any.
    pub(super) fn put(&self, id: ClipId, slot: u8) -> Option<u8> {
        let mut areas = self.areas();
        let gallery = areas.clips.get_mut(&id).filter(|g| g.open && slot < SLOTS)?;
        gallery.newest.replace(slot)
    }

    /// Forgets the newest frame; returns its slot.
    pub(super) fn discard(&self, id: ClipId) -> Option<u8> {
        self.areas().clips.get_mut(&id)?.newest.take()
    }

    /// No frames of this clip any more, though the worker may still write some.
    pub(super) fn close(&self, id: ClipId) {
        if let Some(gallery) = self.areas().clips.get_mut(&id) {
            gallery.open = false;
            gallery.newest = None;
        }
    }

    /// The worker writes no more frames of this clip: gives its memory back.
    pub(super) fn release(&self, id: ClipId) {
        let Some(Gallery { area, .. }) = self.areas().clips.remove(&id) else { return };
        let length = area.bytes().next_multiple_of(PAGE);
        let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        if let Err(error) = fallocate(&self.memory, hole, area.offset, length) {
            tracing::warn!(%error, "memory of a clip could not be given back");
        }
    }

    /// Copies the newest frame if there is one; returns its slot, which is to be recycled.
    pub(super) fn take(&self, id: ClipId, pixels: &mut [u32], scratch: &mut Vec<u8>) -> io::Result<Option<u8>> {
        // Locked while reading: the area must not be given back meanwhile. Whoever else wants the lock waits 2 ms at most.
        let mut areas = self.areas();
        let Some(gallery) = areas.clips.get_mut(&id) else { return Ok(None) };
        let area = gallery.area;
        if area.width as usize * area.height as usize != pixels.len() {
            return Ok(None);
        }
        let Some(slot) = gallery.newest.take() else { return Ok(None) };
        scratch.resize(area.frame_bytes() as usize, 0);
        self.memory.read_exact_at(scratch, area.slot_offset(slot))?;
        for (pixel, &[b, g, r, _]) in pixels.iter_mut().zip(scratch.as_chunks::<4>().0) {
            *pixel = u32::from_le_bytes([b, g, r, 0]);
        }
        Ok(Some(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ClipId = ClipId(1);
    const SIZE: Size = Size { width: 3, height: 2 };

    fn write(frames: &Frames, area: &PictureArea, slot: u8, value: u8) {
        frames.memory().write_all_at(&[value; 24], area.slot_offset(slot)).unwrap();
    }

    #[test]
    fn the_newest_frame_is_copied_once_and_without_its_fourth_byte() {
        let frames = Frames::new().unwrap();
        let area = frames.allot(ID, SIZE).unwrap();
        let (mut pixels, mut scratch) = ([0; 6], Vec::new());
        assert_eq!(frames.take(ID, &mut pixels, &mut scratch).unwrap(), None);
        write(&frames, &area, 0, 0x11);
        assert_eq!(frames.put(ID, 0), None);
        write(&frames, &area, 1, 0x22);
        assert_eq!(frames.put(ID, 1), Some(0), "the older one goes back");
        assert_eq!(frames.take(ID, &mut pixels, &mut scratch).unwrap(), Some(1));
        assert_eq!(pixels, [0x0022_2222; 6]);
        assert_eq!(frames.take(ID, &mut pixels, &mut scratch).unwrap(), None);
    }

    #[test]
    fn a_buffer_of_another_size_is_left_alone() {
        let frames = Frames::new().unwrap();
        let area = frames.allot(ID, SIZE).unwrap();
        write(&frames, &area, 0, 0x11);
        frames.put(ID, 0);
        let mut pixels = [7; 5];
        assert_eq!(frames.take(ID, &mut pixels, &mut Vec::new()).unwrap(), None);
        assert_eq!(pixels, [7; 5]);
    }

    #[test]
    fn a_closed_clip_shows_nothing_and_a_slot_that_cannot_be_is_ignored() {
        let frames = Frames::new().unwrap();
        frames.allot(ID, SIZE).unwrap();
        assert_eq!(frames.put(ID, SLOTS), None);
        assert_eq!(frames.take(ID, &mut [0; 6], &mut Vec::new()).unwrap(), None);
        frames.put(ID, 0);
        frames.close(ID);
        assert_eq!(frames.put(ID, 1), None);
        assert_eq!(frames.take(ID, &mut [0; 6], &mut Vec::new()).unwrap(), None);
    }

    #[test]
    fn memory_is_given_back_and_areas_never_overlap() {
        use std::os::unix::fs::MetadataExt as _;
        let frames = Frames::new().unwrap();
        let size = Size { width: 640, height: 360 };
        let mut end = 0;
        for n in 0..8 {
            let id = ClipId(n);
            let area = frames.allot(id, size).unwrap();
            assert!(area.offset >= end);
            end = area.offset + area.bytes();
            frames.memory().write_all_at(&vec![9; area.bytes() as usize], area.offset).unwrap();
            frames.release(id);
        }
        assert_eq!(frames.memory().metadata().unwrap().blocks(), 0);
    }

    #[test]
    fn no_area_for_a_picture_that_no_screen_has() {
        assert_eq!(Frames::new().unwrap().allot(ID, Size { width: u32::MAX, height: u32::MAX }), None);
    }
}
