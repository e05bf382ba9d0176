//! The one loop: take events, step the state, do what it says, draw what changed, sleep until the next thing.

use std::{
    collections::VecDeque,
    fs, io,
    path::Path,
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};
use xuanping_core::{
    id::BootId,
    sign::SecretKey,
    wire::{Capabilities, PlayerStatus},
};

use crate::{
    cache::Cache,
    clips::Clips,
    clock::{Clock, Moment, device_timezone},
    config::Config,
    entropy::{self, NoEntropy},
    event::{Event, Pairing, Trouble},
    inbox::Inbox,
    journal::{self, Journal, Record, SealRules, Sealer},
    journalist::Journalist,
    keys::{self, KeyError},
    loader::Loader,
    media,
    output::Output,
    stage::{Scene, Stage, Wall, next_frame},
    state::{Abilities, Action, PROGRESS_EVERY, State},
    sync::{self, AddressError, Client, Context, Deliveries, Enrolled, Introduction, Sync},
};

/// Why the player cannot run at all. Everything that goes wrong later is lived with.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data folder cannot be used.
    #[error("data folder {path}: {error}")]
    Data {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another player runs with the same data folder.
    #[error("another player is already using {0}")]
    Taken(std::path::PathBuf),
    /// No key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The server's address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// A thread could not be started.
    #[error("no thread: {0}")]
    Thread(#[from] io::Error),
}

/// The longest sleep: a wall clock that jumps is noticed after this.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How often the wall is shown to whoever watches.
const PICTURE_EVERY: u64 = 2_000;
/// How often the snapshot of the status is renewed.
const STATUS_EVERY: u64 = 500;
/// How long the media worker may take to say what it can: the first time, GStreamer reads all its plugins.
const CHECK: Duration = Duration::from_secs(15);
/// In percent.
const FULL_VOLUME: u8 = 100;
/// How often a journal that could not be opened is tried again.
const JOURNAL_RETRY: u64 = 10_000;

/// Runs until asked to stop. A retired screen forgets everything and begins again as a new one.
pub fn run(config: &Config, output: &mut dyn Output, inbox: &Inbox, events: &Receiver<Event>) -> Result<(), RunError> {
    let at = |error| RunError::Data { path: config.data.clone(), error };
    fs::create_dir_all(&config.data).map_err(at)?;
    let lock = fs::File::create(config.data.join("lock")).map_err(at)?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Err(RunError::Taken(config.data.clone()));
    }
    loop {
        let mut player = Player::new(config, output, inbox)?;
        let end = player.play(output, events);
        drop(player);
        match end {
            End::Stop => return Ok(()),
            End::Wipe => wipe(&config.data).map_err(at)?,
            End::Restart => std::thread::sleep(LONGEST_SLEEP),
        }
    }
}

/// How a life as one screen ends.
enum End {
    Stop,
    Wipe,
    Restart,
}

fn wipe(data: &Path) -> io::Result<()> {
    tracing::warn!("this screen was retired: cache, journal and key are deleted");
    // The key last: as long as it is there, an interrupted wipe is taken up again by the server's next refusal.
    Cache::open(data)?.wipe()?;
    journal::wipe(data)?;
    sync::forget_manifest(data)?;
    Enrolled::forget(data)?;
    keys::forget(data)
}

/// One life as one screen.
struct Player<'a> {
    config: &'a Config,
    key: Arc<SecretKey>,
    boot: BootId,
    clock: Clock,
    cache: Cache,
    inbox: Inbox,
    loader: Loader,
    clips: Clips,
    state: State,
    stage: Stage,
    sync: Option<Sync>,
    deliveries: Deliveries,
    journal: Option<(Journal, Journalist)>,
    enrolled: Option<Enrolled>,
    journal_retry: u64,
    next_status: u64,
    next_picture: u64,
    next_progress: u64,
    end: Option<End>,
}

impl<'a> Player<'a> {
    fn new(config: &'a Config, output: &dyn Output, inbox: &Inbox) -> Result<Self, RunError> {
        let at = |error| RunError::Data { path: config.data.clone(), error };
        let key = Arc::new(keys::load_or_create(&config.data)?);
        let clock = Clock::new();
        let cache = Cache::open(&config.data).map_err(at)?;
        let size = output.size();
        let host = host_name();
        let wall = Wall { size, kind: config.kind, note: format!("{} · {host} · {size}", config.server) };
        let worker = media::find(config.media_worker.as_deref());
        let abilities = Abilities { media: worker.is_some() };
        let mut player = Self {
            config,
            key,
            boot: BootId::new(entropy::uuid(clock.now().wall)?),
            clock,
            loader: Loader::start(cache.clone(), inbox.clone())?,
            clips: Clips::new(worker.clone(), inbox.waker())?,
            cache,
            inbox: inbox.clone(),
            state: State::new(abilities),
            stage: Stage::new(wall),
            sync: None,
            deliveries: Deliveries::default(),
            journal: None,
            enrolled: None,
            journal_retry: 0,
            next_status: 0,
            next_picture: 0,
            next_progress: 0,
            end: None,
        };
        match Enrolled::load(&config.data) {
            Some(enrolled) => player.serve(enrolled)?,
            None => {
                let can = worker.as_deref().map(what_it_can).unwrap_or_default();
                let capabilities = Capabilities {
                    kind: config.kind,
                    size,
                    clips: can.clips,
                    sound: can.sound && !config.mute,
                    software: env!("CARGO_PKG_VERSION").to_owned(),
                    host,
                };
                let introduction = Introduction { capabilities, token: config.token.clone() };
                player.sync = Some(Sync::introduce(player.context()?, introduction)?);
            }
        }
        Ok(player)
    }

    fn context(&self) -> Result<Context, RunError> {
        let (server, plain) = (&self.config.server, self.config.allow_plain_http);
        Ok(Context {
            client: Client::new(server, plain, self.key.clone(), self.clock.clone())?,
            cache: self.cache.clone(),
            inbox: self.inbox.clone(),
            clock: self.clock.clone(),
            data: self.config.data.clone(),
            retry_limit: self.config.retry_limit,
        })
    }

    /// Begins to play as a screen: first what is on disk, then what the server says.
    fn serve(&mut self, enrolled: Enrolled) -> Result<(), RunError> {
        self.enrolled = Some(enrolled);
        self.handle(Event::Pairing(Pairing::Enrolled(enrolled.screen)));
        self.open_journal();
        let trusted = sync::load_manifest(&self.config.data, &enrolled);
        let followed = trusted.as_ref().map(|t| t.manifest.version);
        // The one before must be gone before another speaks for this screen.
        self.sync = None;
        self.sync = Some(Sync::serve(self.context()?, enrolled, self.deliveries.clone(), followed)?);
        if let Some(trusted) = trusted {
            if let Some(correction) = self.clock.not_before(trusted.manifest.issued) {
                tracing::warn!(correction, "the device's clock is earlier than its newest manifest and is moved on");
            }
            self.handle(Event::Manifest(trusted));
        }
        Ok(())
    }

    /// Opens the journal; if the disk does not allow it, playing goes on and it is tried again.
    fn open_journal(&mut self) {
        let Some(enrolled) = self.enrolled.filter(|_| self.journal.is_none()) else { return };
        let now = self.clock.now();
        let opened = Journal::open(&self.config.data, self.key.public()).and_then(|(journal, recovered)| {
            if recovered != journal::Recovered::default() {
                tracing::info!(?recovered, "the journal was recovered");
            }
            let rules = SealRules {
                interval: u64::try_from(self.config.seal_interval.as_millis()).unwrap_or(u64::MAX),
                plays: self.config.batch_plays,
            };
            let sealer = Sealer::new(journal.clone(), enrolled.screen, self.boot, rules, now);
            let every = (self.config.seal_interval / 4).clamp(Duration::from_millis(50), Duration::from_secs(1));
            let journalist = Journalist::start(
                journal.clone(),
                sealer,
                self.key.clone(),
                self.clock.clone(),
                self.inbox.clone(),
                self.deliveries.sealed.clone(),
                every,
            )?;
            Ok((journal, journalist))
        });
        match opened {
            Ok((journal, journalist)) => {
                let _ = self.deliveries.outbox.set(journal.outbox().clone());
                self.journal = Some((journal, journalist));
                self.handle(Event::Trouble(Trouble::Disk, None));
            }
            Err(error) => {
                tracing::error!(%error, "the journal cannot be opened; plays are not recorded until it can");
                self.journal_retry = now.monotonic + JOURNAL_RETRY;
                self.handle(Event::Trouble(Trouble::Disk, Some("播放记录无法写入磁盘，请检查磁盘空间。".to_owned())));
            }
        }
    }

    fn play(&mut self, output: &mut dyn Output, events: &Receiver<Event>) -> End {
        let mut exposed = true;
        loop {
            while let Ok(event) = events.try_recv() {
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
            self.draw(output, &scene, now, std::mem::take(&mut exposed));
            self.keep_house(now);
            let waited = output.wait(self.sleep(&scene));
            exposed = waited.exposed;
            if waited.closed {
                self.handle(Event::Stop);
            }
        }
    }

    /// Steps the state and does what it says, and what comes of that, until nothing more does.
    fn handle(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            if let Event::Pairing(Pairing::Enrolled(_)) = event
                && self.enrolled.is_none()
            {
                self.begin_serving();
                continue;
            }
            if let Event::Verified(zone, item, Ok(path)) = event {
                let volume = (self.state.is_audible() && !self.config.mute).then_some(FULL_VOLUME);
                self.clips.prepare(zone, &item, path, volume);
                continue;
            }
            if let Event::Verified(zone, item, Err(_)) = &event
                && !self.clips.refused(*zone, item.asset)
            {
                continue;
            }
            let actions = self.state.step(event, self.clock.now());
            for action in actions {
                events.extend(self.perform(action));
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
            Action::Load(item) => self.loader.load(item),
            Action::PrepareMedia(zone, item) => {
                self.clips.want(zone, &item, self.state.zone_size(zone));
                self.loader.verify(zone, item);
            }
            Action::StartMedia(zone, asset, late) => self.clips.start(zone, asset, late),
            Action::StopMedia(zone, asset) => self.clips.stop(zone, asset),
            Action::DropMedia(zone, asset) => self.clips.drop_prepared(zone, asset),
            Action::Fetch(wants) => {
                let (here, missing): (Vec<_>, Vec<_>) = wants.into_iter().partition(|w| self.cache.contains(&w.asset));
                if let Some(sync) = &self.sync {
                    sync.want(missing);
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
            Action::Keep(wanted) => self.loader.retain(wanted, self.clock.now().wall),
            Action::Wipe => self.end = Some(End::Wipe),
            Action::Exit => self.end = Some(End::Stop),
        }
        None
    }

    fn write(&self, record: &Record) {
        if let Some((journal, _)) = &self.journal
            && let Err(error) = journal.append(record)
        {
            // The journal's own thread tries again and tells people.
            tracing::warn!(%error, "a play could not be written");
        }
    }

    fn draw(&mut self, output: &mut dyn Output, scene: &Scene, now: Moment, exposed: bool) {
        let clips = &mut self.clips;
        let mut damage = self.stage.draw(scene, now.wall, &mut |zone, fresh| clips.frame(zone, fresh));
        if exposed {
            damage = vec![self.stage.frame().size().rect()];
        }
        if !damage.is_empty()
            && let Err(error) = output.present(self.stage.frame(), &damage)
        {
            tracing::error!(%error, "the frame could not be shown");
        }
    }

    /// What is done now and then: status, live picture, progress of long plays, a journal that could not be opened.
    fn keep_house(&mut self, now: Moment) {
        if self.journal.is_none() && self.enrolled.is_some() && now.monotonic >= self.journal_retry {
            self.open_journal();
        }
        if now.monotonic >= self.next_progress {
            self.next_progress = now.monotonic + PROGRESS_EVERY;
            for (key, shown) in self.state.progress(now) {
                self.write(&Record::Showing(key, shown));
            }
        }
        let Some(sync) = &self.sync else { return };
        if now.monotonic >= self.next_status && self.enrolled.is_some() {
            self.next_status = now.monotonic + STATUS_EVERY;
            sync.status(self.status(now));
        }
        let pixels = self.stage.frame().size().width > 0;
        if self.state.picture_wanted() && pixels && now.monotonic >= self.next_picture {
            self.next_picture = now.monotonic + PICTURE_EVERY;
            sync.picture(Arc::new(self.stage.frame().clone()));
        }
    }

    fn status(&self, now: Moment) -> PlayerStatus {
        PlayerStatus {
            boot: self.boot,
            now: now.wall,
            device_timezone: device_timezone(),
            manifest_version: self.state.manifest_version(),
            playlist: self.state.playlist(),
            zones: self.state.zone_states(),
            unreported_plays: self.journal.as_ref().map_or(0, |(journal, _)| journal.state().unreported),
            missing_assets: self.state.missing_assets(),
            last_error: self.state.trouble(now),
            software: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// How long nothing needs to be done.
    fn sleep(&self, scene: &Scene) -> Duration {
        let now = self.clock.now();
        let changes = [self.state.next_change(now), next_frame(scene, now.wall)];
        let next = changes.into_iter().flatten().map(|at| at.since(now.wall).max(0)).min();
        next.map_or(LONGEST_SLEEP, |ms| Duration::from_millis(ms as u64)).min(LONGEST_SLEEP)
    }
}

/// Asked once, while the operator reads the code: what this machine can play is said with the introduction.
fn what_it_can(program: &Path) -> Heard {
    match media::check(program, CHECK) {
        Ok(can) => {
            if !can.missing.is_empty() {
                tracing::warn!(missing = ?can.missing, "some media cannot be played on this machine");
            }
            Heard { clips: can.clips, sound: can.sound }
        }
        Err(error) => {
            tracing::warn!(%error, "nothing is known of the media worker");
            Heard::default()
        }
    }
}

/// What the media worker said of itself.
#[derive(Debug, Default)]
struct Heard {
    clips: bool,
    sound: bool,
}

fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}
