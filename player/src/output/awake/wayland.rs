//! A Wayland compositor that does not let its display fall asleep as long as the player's window is on it
//! (`idle-inhibit-unstable-v1`): the window system's library has no word for it, so it is said beside it, on its own line to
//! the compositor and about its own window.

use std::rc::Rc;

use wayland_client::{
    Connection, Dispatch, Proxy as _, QueueHandle,
    backend::{Backend, InvalidId, ObjectId},
    globals::{BindError, GlobalError, GlobalListContents, registry_queue_init},
    protocol::{
        wl_registry::{self, WlRegistry},
        wl_surface::WlSurface,
    },
};
use wayland_protocols::wp::idle_inhibit::zv1::client::{
    zwp_idle_inhibit_manager_v1::{self, ZwpIdleInhibitManagerV1},
    zwp_idle_inhibitor_v1::{self, ZwpIdleInhibitorV1},
};
use winit::{
    event_loop::OwnedDisplayHandle,
    raw_window_handle::{HandleError, HasDisplayHandle as _, HasWindowHandle as _, RawDisplayHandle, RawWindowHandle},
    window::Window,
};

/// Why a compositor was not told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unheard {
    #[error("the window has no handle: {0}")]
    Handle(#[from] HandleError),
    #[error("neither an X server nor a Wayland compositor")]
    Neither,
    #[error("the compositor does not answer: {0}")]
    Globals(#[from] GlobalError),
    #[error("the compositor does not offer it: {0}")]
    NotOffered(#[from] BindError),
    #[error("the window is not the compositor's: {0}")]
    Window(#[from] InvalidId),
    #[error("the compositor was not reached: {0}")]
    Send(#[from] wayland_client::backend::WaylandError),
}

/// A compositor that was told. Fields in the order in which they are given up: what belongs to the window before the window.
pub(super) struct Vigil {
    inhibitor: ZwpIdleInhibitorV1,
    connection: Connection,
    _window: Rc<Window>,
    _display: OwnedDisplayHandle,
}

impl Vigil {
    /// Tells the compositor of this window.
    #[expect(unsafe_code, reason = "the window system's library gives its connection as a pointer; the proof is below")]
    pub(super) fn keep(display: OwnedDisplayHandle, window: Rc<Window>) -> Result<Self, Unheard> {
        let (RawDisplayHandle::Wayland(line), RawWindowHandle::Wayland(seen)) =
            (display.display_handle()?.as_raw(), window.window_handle()?.as_raw())
        else {
            return Err(Unheard::Neither);
        };
        // SAFETY: both handles have just been borrowed from winit, which vouches that they point to a live `wl_display` and a live
        // `wl_surface` of it. Both owners are this function's own, or the [`Vigil`]'s, for longer than the connection and all that is
        // made on it: locals go before parameters, and its fields in their order. Such a guest never closes the connection, and
        // reads only what is for itself.
        let (connection, surface) = unsafe {
            let connection = Connection::from_backend(Backend::from_foreign_display(line.display.as_ptr().cast()));
            (connection, ObjectId::from_ptr(WlSurface::interface(), seen.surface.as_ptr().cast())?)
        };
        let surface = WlSurface::from_id(&connection, surface)?;
        let (globals, queue) = registry_queue_init::<Deaf>(&connection)?;
        let manager: ZwpIdleInhibitManagerV1 = globals.bind(&queue.handle(), 1..=1, ())?;
        let inhibitor = manager.create_inhibitor(&surface, &queue.handle(), ());
        manager.destroy();
        connection.flush()?;
        Ok(Self { inhibitor, connection, _window: window, _display: display })
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        self.inhibitor.destroy();
        // A compositor that is gone lets its display sleep anyway.
        let _ = self.connection.flush();
    }
}

/// Who has nothing to hear: neither of the two says anything, and which globals come and go later is all the same.
struct Deaf;

impl Dispatch<WlRegistry, GlobalListContents> for Deaf {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

impl Dispatch<ZwpIdleInhibitManagerV1, ()> for Deaf {
    fn event(
        _: &mut Self,
        _: &ZwpIdleInhibitManagerV1,
        _: zwp_idle_inhibit_manager_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

impl Dispatch<ZwpIdleInhibitorV1, ()> for Deaf {
    fn event(
        _: &mut Self,
        _: &ZwpIdleInhibitorV1,
        _: zwp_idle_inhibitor_v1::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}
