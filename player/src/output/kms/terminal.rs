//! The text console that the player was started on: put aside as long as the player shows, so that neither its text nor
//! its cursor nor what somebody types there reaches the wall.

use std::io;

use rustix::ioctl::{IntegerSetter, Opcode, ioctl};

/// `KDSETMODE`, from the kernel's `linux/kd.h` like the rest here.
const SET_MODE: Opcode = 0x4B3A;
const TEXT: usize = 0;
const GRAPHICS: usize = 1;
/// `KDSKBMODE`.
const SET_KEYBOARD: Opcode = 0x4B45;
const UNICODE: usize = 3;
const OFF: usize = 4;

/// A console in graphics mode; text again when dropped.
pub(super) struct Terminal(());

impl Terminal {
    /// Takes the console that is this process's input; `None` if that is something else.
    pub(super) fn take() -> Option<Self> {
        set::<SET_MODE>(GRAPHICS).ok()?;
        if let Err(error) = set::<SET_KEYBOARD>(OFF) {
            tracing::warn!(%error, "what is typed on this console is not kept from it");
        }
        Some(Self(()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        for result in [set::<SET_KEYBOARD>(UNICODE), set::<SET_MODE>(TEXT)] {
            if let Err(error) = result {
                tracing::warn!(%error, "the console could not be given back");
            }
        }
    }
}

#[expect(unsafe_code, reason = "the kernel offers no other way; the proof is below")]
fn set<const OPCODE: Opcode>(value: usize) -> io::Result<()> {
    // SAFETY: OPCODE is one of the two above, which take their argument as a plain integer, read and write no memory of this
    // process, and refuse numbers and files that they do not know with an error.
    Ok(unsafe { ioctl(io::stdin(), IntegerSetter::<OPCODE>::new_usize(value)) }?)
}
