//! One life as one screen: from reading the data folder until asked to stop, or until the screen is retired.

use std::{collections::VecDeque, sync::mpsc::Receiver, time::Duration};

use xuanping_core::{
    geometry::Size,
    id::BootId,
    playlist::Percent,
    playlog::{WallReason, WallState},
    vocabulary::ScreenKind,
    wire::Health,
};

use super::{
    End, LONGEST_SLEEP, RunError, dark,
    instructions::Done,
    introduction::{host_name, introduction},
    shows::Shows,
};
use crate::{
    cache::Cache,
    clips::Clips,
    clock::{self, Clock, Moment},
    config::Config,
    control::Listener,
    entropy,
    event::{Event, Pairing},
    evidence::{Camera, Cause, Folder, NotTaken},
    inbox::Inbox,
    journal::{Journal, PlayKey, Record},
    journalist::Journalist,
    keyring::Keyring,
    loader::Loader,
    media,
    output::{Colours, Output},
    pacing::Pacing,
    scrub::Scrub,
    stage::{Content, Layer, Light, Scene, Stage, Wall, moving, next_frame},
    state::{Abilities, Action, State},
    sync::{self, Client, Context, Deliveries, Enrolled, Sync},
    watchdog::Watchdog,
};

/// One life as one screen.
pub(super) struct Life<'a> {
    /// Before all that sends: a thread that waits for room in the queue must not be waited for.
    events: Receiver<Event>,
    pub(super) config: &'a Config,
    pub(super) keys: Keyring,
    pub(super) boot: BootId,
    pub(super) clock: Clock,
    pub(super) cache: Cache,
    pub(super) inbox: Inbox,
    loader: Loader,
    _scrub: Scrub,
    pub(super) clips: Clips,
    camera: Camera,
    /// A picture to be taken as soon as what is on the wall is drawn.
    to_picture: Option<(PlayKey, Cause)>,
    pub(super) state: State,
    pub(super) stage: Stage,
    pub(super) sync: Option<Sync>,
    pub(super) deliveries: Deliveries,
    pub(super) journal: Option<(Journal, Journalist)>,
    pub(super) enrolled: Option<Enrolled>,
    pub(super) next_status: u64,
    pub(super) next_picture: u64,
    pub(super) next_progress: u64,
    pub(super) next_health: u64,
    pub(super) health: Health,
    pub(super) shows: Shows,
    pub(super) done: Done,
    /// Something verified was on the wall.
    begun: bool,
    end: Option<End>,
    _people: Option<Listener>,
    /// The display refused the last frame.
    dark: bool,
    pub(super) pacing: Pacing,
    /// How the wall was when that was last written down, and why.
    pub(super) lamp: Option<(WallState, WallReason)>,
}

impl<'a> Life<'a> {
    /// Begins one. Its threads speak to it alone: what one of an earlier life still says reaches nobody.
    pub(super) fn new(config: &'a Config, output: &dyn Output) -> Result<Self, RunError> {
        let (inbox, events) = Inbox::new(output.waker());
        let keys = Keyring::load(&config.data)?;
        let clock = Clock::new();
        if let Some(correction) = clock::recall(&config.data).and_then(|last| clock.resume(last)) {
            tracing::warn!(correction, "the device's clock is not what an earlier life kept, and goes on from there");
        }
        let cache = Cache::below(&config.data, config.cache_limit);
        let size = output.size();
        let host = host_name();
        let worker = media::find(config.media_worker.as_deref());
        let abilities = Abilities { media: worker.is_some() };
        let deliveries = Deliveries::default();
        let mut life = Self {
            events,
            config,
            keys,
            boot: BootId::new(entropy::uuid(clock.now().wall)?),
            clock,
            loader: Loader::start(cache.clone(), inbox.clone())?,
            _scrub: Scrub::start(cache.clone(), inbox.clone())?,
            clips: Clips::new(worker.clone(), inbox.waker())?,
            cache,
            camera: Camera::start(Folder::below(&config.data), inbox.clone(), deliveries.pictured.clone())?,
            to_picture: None,
            state: State::new(abilities),
            stage: Stage::new(wall(config, size, &host)),
            sync: None,
            deliveries,
            journal: None,
            enrolled: None,
            next_status: 0,
            next_picture: 0,
            next_progress: 0,
            next_health: 0,
            health: Health::default(),
            shows: Shows::load(&config.data),
            done: Done::load(&config.data),
            begun: false,
            end: None,
            _people: listen(config, &inbox),
            inbox,
            dark: false,
            pacing: Pacing::default(),
            lamp: None,
        };
        if dark::is_kept(&config.data) {
            life.handle(Event::Dark(true));
        }
        match Enrolled::load(&config.data) {
            Some(enrolled) => life.serve(enrolled)?,
            // Whose display was never on yet cannot say what it is.
            None if size.width == 0 && config.kind != ScreenKind::Speaker => {}
            None => {
                let introduction = introduction(config, size, host, worker);
                life.sync = Some(Sync::introduce(life.context()?, introduction)?);
            }
        }
        Ok(life)
    }

    fn context(&self) -> Result<Context, RunError> {
        let (server, plain) = (&self.config.server, self.config.allow_plain_http);
        Ok(Context {
            client: Client::new(server, plain, self.keys.clone(), self.clock.clone())?,
            cache: self.cache.clone(),
            inbox: self.inbox.clone(),
            clock: self.clock.clone(),
            data: self.config.data.clone(),
            retry_limit: self.config.retry_limit,
            download_limit: self.config.download_limit,
            quiet_hours: self.config.quiet_hours,
        })
    }

    /// Begins to play as a screen: first what is on disk, then what the server says.
    fn serve(&mut self, enrolled: Enrolled) -> Result<(), RunError> {
        self.enrolled = Some(enrolled);
        self.handle(Event::Pairing(Pairing::Enrolled(enrolled.screen)));
        let trusted = sync::load_manifest(&self.config.data, &enrolled);
        if let Some(correction) = trusted.as_ref().and_then(|t| self.clock.not_before_signed(t.manifest.issued)) {
            tracing::warn!(correction, "the device's clock is earlier than its newest manifest and is moved on");
        }
        self.begin_recording(enrolled)?;
        if let Some(instruction) = self.keys.newest_done() {
            self.key_changed(instruction);
        }
        let followed = trusted.as_ref().map(|t| t.manifest.version);
        // The one before must be gone before another speaks for this screen.
        self.sync = None;
        self.sync = Some(Sync::serve(self.context()?, enrolled, self.deliveries.clone(), followed)?);
        if let Some(trusted) = trusted {
            self.handle(Event::Manifest(Box::new(trusted)));
        }
        Ok(())
    }

    /// Shows until it ends; `outside` is what people and signals say to the process. The watchdog hears of every round in
    /// which the wall could be shown what it should.
    pub(super) fn play(&mut self, output: &mut dyn Output, outside: &Receiver<Event>, watchdog: &mut Watchdog) -> End {
        let mut exposed = true;
        loop {
            while let Ok(event) = outside.try_recv() {
                self.handle(event);
            }
            while let Ok(event) = self.events.try_recv() {
                self.handle(event);
            }
            for event in self.clips.events() {
                self.handle(event);
            }
            let now = self.clock.now();
            if self.state.next_change(now).is_some_and(|at| at <= now.wall) {
                self.handle(Event::Tick);
            }
            if let Some(end) = self.end.take() {
                return end;
            }
            let scene = self.state.scene(now);
            let shown = self.draw(output, &scene, now, std::mem::take(&mut exposed));
            if shown {
                watchdog.beat(now);
            }
            self.watch_wall(output.seen(), shown, now);
            self.picture(shown, now);
            self.keep_house(now);
            let waited = output.wait(self.sleep(&scene));
            // What was refused is tried again, whole.
            exposed = waited.exposed || !shown;
            if waited.resized {
                exposed = true;
                self.resized(output);
            }
            if waited.closed {
                self.handle(Event::Stop);
            }
        }
    }

    /// Steps the state and does what it says, and what comes of that, until nothing more does.
    pub(super) fn handle(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            if let Event::Pairing(Pairing::Enrolled(_)) = event
                && self.enrolled.is_none()
            {
                self.begin_serving();
                continue;
            }
            if let Event::Verified(zone, item, Ok(path)) = event {
                let volume = self.volume();
                self.clips.prepare(zone, &item, path, volume);
                continue;
            }
            if let Event::Verified(zone, item, Err(_)) = &event
                && !self.clips.refused(*zone, item.asset)
            {
                continue;
            }
            if let Event::KeyChanged(instruction) = event {
                self.key_changed(instruction);
                continue;
            }
            if let Event::Asked(ask, asker) = event {
                events.extend(self.asked(ask, asker));
                continue;
            }
            let told = match &event {
                Event::Manifest(trusted) => Some((trusted.manifest.version, trusted.manifest.instructions.clone())),
                _ => None,
            };
            let actions = self.state.step(event, self.clock.now());
            for action in actions {
                events.extend(self.perform(action));
            }
            // Of a manifest that is not followed, nothing is done.
            if let Some((_, told)) = told.filter(|(version, _)| *version == self.state.manifest_version()) {
                events.extend(self.obey(&told, self.clock.now()));
            }
        }
    }

    /// The operator has typed the code.
    fn begin_serving(&mut self) {
        let Some(enrolled) = Enrolled::load(&self.config.data) else {
            tracing::error!("the enrolment was not kept; introducing this player again");
            self.end = Some(End::Restart);
            return;
        };
        tracing::info!(screen = %enrolled.screen, "paired");
        if let Err(error) = self.serve(enrolled) {
            tracing::error!(%error, "playing could not begin; trying again");
            self.end = Some(End::Restart);
        }
    }

    fn perform(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Open(key, entry) => self.write(&Record::Opened(key, entry)),
            Action::Finish(key, entry) => {
                let play = &entry.play;
                tracing::debug!(zone = ?play.zone, start = %play.start, actual = play.actual.0, status = ?play.status, "a play ended");
                self.write(&Record::Finished(key, entry));
                if let Some((_, journalist)) = &self.journal {
                    journalist.poke();
                }
            }
            Action::Picture(play, cause) => self.to_picture = Some((play, cause)),
            Action::Named(key, entry, name) => {
                tracing::info!(picture = %name.digest, "an evidence picture was taken");
                self.write(&Record::Opened(key, entry));
                if let Cause::Instruction(id) = name.cause {
                    self.captured(id);
                }
                self.camera.name(name);
            }
            Action::CouldNot(id, why) => self.could_not(id, why),
            Action::Discard(name) => self.camera.discard(name),
            Action::Load(item) => self.loader.load(item),
            Action::PrepareMedia(zone, item) => {
                self.clips.want(zone, &item, self.state.zone_size(zone));
                self.loader.verify(zone, item);
            }
            Action::StartMedia(zone, asset, late) => {
                let volume = self.volume();
                self.clips.start(zone, asset, late, volume);
            }
            Action::StopMedia(zone, asset) => self.clips.stop(zone, asset),
            Action::DropMedia(zone, asset) => self.clips.drop_prepared(zone, asset),
            Action::Fetch(wants) => {
                let (here, missing): (Vec<_>, Vec<_>) = wants.into_iter().partition(|w| self.cache.contains(&w.asset));
                if let Some(sync) = &self.sync {
                    sync.want(missing, self.state.timezone().map(str::to_owned));
                }
                if !here.is_empty() {
                    return Some(Event::Stored(here.into_iter().map(|w| w.asset).collect()));
                }
            }
            Action::FetchPlaylist(digest) => {
                if let Some(sync) = &self.sync {
                    sync.want_playlist(digest);
                }
            }
            Action::Keep(wanted) => self.loader.retain(wanted),
            Action::Wipe => self.end = Some(End::Wipe),
            Action::Exit => self.end = Some(End::Stop),
        }
        None
    }

    /// How loud clips and sound are now; `None`: silent.
    fn volume(&self) -> Option<Percent> {
        self.state.volume(self.clock.now()).filter(|_| !self.config.mute)
    }

    /// Answers whether the wall took what it was given.
    fn draw(&mut self, output: &mut dyn Output, scene: &Scene, now: Moment, exposed: bool) -> bool {
        // Modules of one or two colours are on or off.
        let light = self.state.light(now);
        let brightness = if self.config.wiring.colours == Colours::Full { light.brightness } else { Percent::FULL };
        self.stage.set_light(Light { brightness, ..light });
        let something = |layers: &[Layer]| layers.iter().any(|layer| layer.content != Content::Standby);
        if !self.begun && matches!(scene, Scene::Zones(layers) if something(layers)) {
            self.begun = true;
            tracing::info!("first verified picture after {} ms", clock::process_age().unwrap_or_default());
        }
        let clips = &mut self.clips;
        let mut damage = self.stage.draw(scene, now.wall, &mut |zone, fresh| clips.frame(zone, fresh));
        if exposed {
            damage = vec![self.stage.frame().size().rect()];
        }
        if !damage.is_empty()
            && let Err(error) = output.present(self.stage.frame(), &damage)
        {
            if !std::mem::replace(&mut self.dark, true) {
                tracing::error!(%error, "the frame could not be shown; trying again");
            }
            return false;
        }
        self.dark = false;
        self.pacing.frame(moving(scene, now.wall), clock::micros());
        true
    }

    /// Takes the picture that is wanted, now that what it is of is drawn; of a wall that refuses to show it there is none.
    fn picture(&mut self, shown: bool, now: Moment) {
        let Some((play, cause)) = self.to_picture.take() else { return };
        let frame = self.stage.frame();
        let taken = shown && frame.size().width > 0 && self.camera.take(frame.clone(), play, cause, now.wall);
        if !taken {
            self.handle(Event::Pictured(play, Err(NotTaken)));
        }
    }

    /// Another display: what is shown is drawn for it; whoever has not said yet what it is, says so anew.
    fn resized(&mut self, output: &dyn Output) {
        let size = output.size();
        tracing::info!(%size, "the wall has another size");
        self.stage = Stage::new(wall(self.config, size, &host_name()));
        if self.enrolled.is_none() {
            self.end = Some(End::Restart);
        }
    }

    /// How long nothing needs to be done.
    fn sleep(&self, scene: &Scene) -> Duration {
        let now = self.clock.now();
        let changes = [self.state.next_change(now), next_frame(scene, now.wall), self.stage.next_step(now.wall)];
        let next = changes.into_iter().flatten().map(|at| at.since(now.wall).max(0)).min();
        next.map_or(LONGEST_SLEEP, |ms| Duration::from_millis(ms as u64)).min(LONGEST_SLEEP)
    }
}

/// Without it, everything but the commands at the machine goes on.
fn listen(config: &Config, inbox: &Inbox) -> Option<Listener> {
    Listener::open(&config.data, inbox.clone())
        .inspect_err(|error| tracing::error!(%error, "people at the machine cannot speak to this player"))
        .ok()
}

fn wall(config: &Config, size: Size, host: &str) -> Wall {
    Wall { size, kind: config.kind, note: format!("{} · {host} · {size}", config.server) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Arguments, output::Headless};
    use clap::Parser as _;

    #[test]
    fn what_a_thread_of_an_ended_life_still_says_reaches_no_later_one() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().to_str().unwrap();
        let arguments = ["xuanping-player", "--data", folder, "--server", "http://127.0.0.1:9", "--size", "64x32"];
        let config = Config::from_arguments(Arguments::parse_from(arguments)).unwrap();
        let mut output = Headless::new(Size { width: 64, height: 32 }, None).unwrap();
        let (_people, outside) = std::sync::mpsc::channel();

        let first = Life::new(&config, &output).unwrap();
        let late = first.inbox.clone();
        drop(first);
        let mut second = Life::new(&config, &output).unwrap();
        late.send(Event::Retired);
        second.inbox.send(Event::Stop);
        assert!(
            matches!(second.play(&mut output, &outside, &mut Watchdog::from_environment()), End::Stop),
            "the retirement was another life's"
        );
    }
}
