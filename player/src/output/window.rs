//! A window that owns the display: full screen, above everything, without decorations or cursor; or, for a demonstration
//! and for sync walls that crop a region, at a fixed place with a fixed size. Pixels are never scaled.

use std::{num::NonZeroU32, rc::Rc, sync::Arc, time::Duration};

use softbuffer::{Context, Surface};
use winit::{
    application::ApplicationHandler,
    dpi::{PhysicalPosition, PhysicalSize},
    event::WindowEvent,
    event_loop::{ActiveEventLoop, EventLoop, EventLoopProxy, OwnedDisplayHandle},
    platform::pump_events::{EventLoopExtPumpEvents as _, PumpStatus},
    window::{CursorIcon, Fullscreen, Window as WinitWindow, WindowId, WindowLevel},
};
use xuanping_core::{
    geometry::{Rect, Size},
    playlog::WallState,
};

use super::{Output, OutputError, Waited, awake::Awake};
use crate::{inbox::Waker, stage::Frame};

/// Where the window goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Over the whole display.
    FullScreen,
    /// At this place of the desktop.
    At {
        /// Pixels from the left.
        x: i32,
        /// Pixels from the top.
        y: i32,
    },
}

/// The window.
pub struct Window {
    events: EventLoop<()>,
    proxy: EventLoopProxy<()>,
    shown: Shown,
}

struct Shown {
    placement: Placement,
    size: Option<Size>,
    /// The wall is as large as the display, and changes with it.
    fills: bool,
    title: String,
    window: Option<Rc<WinitWindow>>,
    /// Keeps the display from falling asleep.
    awake: Option<Awake>,
    surface: Option<Surface<OwnedDisplayHandle, Rc<WinitWindow>>>,
    /// The pixels that the surface has been given.
    surface_size: Option<PhysicalSize<u32>>,
    waited: Waited,
    error: Option<String>,
}

fn display(error: impl std::fmt::Display) -> OutputError {
    OutputError::Display(error.to_string())
}

impl Window {
    /// Opens it. Without a size, that of the display is taken.
    pub fn open(placement: Placement, size: Option<Size>, title: &str) -> Result<Self, OutputError> {
        let events = EventLoop::new().map_err(display)?;
        let proxy = events.create_proxy();
        let shown = Shown {
            placement,
            size,
            fills: size.is_none() && placement == Placement::FullScreen,
            title: title.to_owned(),
            window: None,
            awake: None,
            surface: None,
            surface_size: None,
            waited: Waited::default(),
            error: None,
        };
        let mut window = Self { events, proxy, shown };
        // The window is made when the display says that it is ready.
        for _ in 0..100 {
            window.wait(Duration::from_millis(50));
            if let Some(error) = window.shown.error.take() {
                return Err(OutputError::Display(error));
            }
            if window.shown.surface.is_some() {
                return Ok(window);
            }
        }
        Err(OutputError::Display("it does not answer".to_owned()))
    }
}

impl Shown {
    fn create(&mut self, active: &ActiveEventLoop) -> Result<(), String> {
        let monitor = active.primary_monitor().or_else(|| active.available_monitors().next());
        let monitor_size = monitor.as_ref().map(|m| Size { width: m.size().width, height: m.size().height });
        let size = self.size.or(monitor_size).ok_or("the display's size is not known; say --size")?;
        self.size = Some(size);
        let mut attributes = WinitWindow::default_attributes()
            .with_title(&self.title)
            .with_decorations(false)
            .with_resizable(false)
            .with_window_level(WindowLevel::AlwaysOnTop)
            .with_inner_size(PhysicalSize::new(size.width, size.height));
        match self.placement {
            Placement::At { x, y } => attributes = attributes.with_position(PhysicalPosition::new(x, y)),
            Placement::FullScreen => {
                let origin =
                    monitor.as_ref().map_or(PhysicalPosition::new(0, 0), winit::monitor::MonitorHandle::position);
                attributes = attributes.with_position(origin).with_fullscreen(Some(Fullscreen::Borderless(monitor)));
            }
        }
        let window = Rc::new(active.create_window(attributes).map_err(|e| e.to_string())?);
        if self.placement == Placement::FullScreen {
            window.set_cursor_visible(false);
        } else {
            window.set_cursor(CursorIcon::Default);
        }
        let context = Context::new(active.owned_display_handle()).map_err(|e| e.to_string())?;
        self.surface = Some(Surface::new(&context, window.clone()).map_err(|e| e.to_string())?);
        self.awake = Awake::keep(active, &window);
        self.window = Some(window);
        self.waited.exposed = true;
        Ok(())
    }
}

impl ApplicationHandler for Shown {
    fn resumed(&mut self, active: &ActiveEventLoop) {
        if self.window.is_none()
            && let Err(error) = self.create(active)
        {
            self.error = Some(error);
        }
    }

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => self.waited.closed = true,
            WindowEvent::Resized(now) => {
                let now = Size { width: now.width, height: now.height };
                if self.fills && self.size.replace(now) != Some(now) {
                    self.waited.resized = true;
                }
                self.waited.exposed = true;
            }
            WindowEvent::RedrawRequested | WindowEvent::ScaleFactorChanged { .. } => self.waited.exposed = true,
            _ => {}
        }
    }
}

impl Output for Window {
    fn size(&self) -> Size {
        self.shown.size.unwrap_or(Size { width: 0, height: 0 })
    }

    fn present(&mut self, frame: &Frame, damage: &[Rect]) -> Result<(), OutputError> {
        let (Some(window), Some(surface)) = (&self.shown.window, &mut self.shown.surface) else { return Ok(()) };
        let inner = window.inner_size();
        let (Some(width), Some(height)) = (NonZeroU32::new(inner.width), NonZeroU32::new(inner.height)) else {
            return Ok(());
        };
        let resized = self.shown.surface_size != Some(inner);
        if resized {
            surface.resize(width, height).map_err(display)?;
            self.shown.surface_size = Some(inner);
        }
        let mut buffer = surface.buffer_mut().map_err(display)?;
        let whole = [frame.size().rect()];
        // A buffer that does not hold the frame before needs all of it.
        let damage = if resized || buffer.age() != 1 { &whole[..] } else { damage };
        if resized {
            buffer.fill(0);
        }
        let mut presented = Vec::with_capacity(damage.len());
        for rect in damage {
            let across = rect.width.min(inner.width.saturating_sub(rect.x));
            let down = rect.height.min(inner.height.saturating_sub(rect.y));
            let (Some(w), Some(h)) = (NonZeroU32::new(across), NonZeroU32::new(down)) else { continue };
            for y in rect.y..rect.y + down {
                let start = y as usize * inner.width as usize + rect.x as usize;
                buffer[start..start + across as usize].copy_from_slice(frame.row(rect.x, y, across));
            }
            presented.push(softbuffer::Rect { x: rect.x, y: rect.y, width: w, height: h });
        }
        if resized {
            presented = vec![softbuffer::Rect { x: 0, y: 0, width, height }];
        }
        buffer.present_with_damage(&presented).map_err(display)
    }

    fn wait(&mut self, longest: Duration) -> Waited {
        if let PumpStatus::Exit(_) = self.events.pump_app_events(Some(longest), &mut self.shown) {
            self.shown.waited.closed = true;
        }
        if let Some(awake) = &mut self.shown.awake {
            awake.nudge();
        }
        std::mem::take(&mut self.shown.waited)
    }

    /// A desktop does not say whether its display is asleep.
    fn seen(&self) -> WallState {
        WallState::Unknown
    }

    fn waker(&self) -> Waker {
        // The proxy may be used from any thread, but only one at a time.
        let proxy = std::sync::Mutex::new(self.proxy.clone());
        Arc::new(move || {
            let proxy = proxy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            // Fails only when the window is gone, and then there is nobody to wake.
            let _ = proxy.send_event(());
        })
    }
}
