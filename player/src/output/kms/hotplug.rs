//! The kernel's news of displays that come and go (uevents over netlink). They need no privilege and no udev.

use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
};

use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, bind,
    netlink::{KOBJECT_UEVENT, SocketAddrNetlink},
    recv, socket_with,
};

/// The kernel's own multicast group.
const KERNEL: u32 = 1;

/// Where the news come.
pub(super) fn listen() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT))?;
    bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
    Ok(socket)
}

/// Reads all news; answers whether one was of displays, or some were missed.
pub(super) fn heard_of_displays(socket: BorrowedFd<'_>) -> bool {
    let mut heard = false;
    let mut message = [0_u8; 4096];
    loop {
        match recv(socket, &mut message, RecvFlags::empty()) {
            Ok((length, _)) => heard |= is_of_displays(&message[..length.min(message.len())]),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::NOBUFS) => heard = true,
            Err(_) => return heard,
        }
    }
}

fn is_of_displays(message: &[u8]) -> bool {
    message.split(|byte| *byte == 0).any(|line| line == b"SUBSYSTEM=drm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_of_displays_are_heard() {
        let plugged = b"change@/devices/pci0000:00/0000:00:02.0/drm/card0\0ACTION=change\0SUBSYSTEM=drm\0HOTPLUG=1\0";
        assert!(is_of_displays(plugged));
        assert!(!is_of_displays(b"add@/devices/usb1\0ACTION=add\0SUBSYSTEM=usb\0"));
        assert!(!is_of_displays(b""));
    }
}
