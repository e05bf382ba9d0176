//! Wires the domains together: opens the rooms, builds each domain's state, joins their routes, runs the job loop.

use std::{
    io,
    path::{Path, PathBuf},
};

use axum::{Router, middleware};
use tokio::net::{TcpListener, TcpSocket};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    accounts::{self, Accounts},
    blobs::Blobs,
    campaigns::{self, Campaigns},
    clock,
    config::{Config, UnknownDatabase},
    console_files,
    content::{
        self, Content,
        render::{
            Style,
            fonts::{FontError, Typesetter},
        },
    },
    db::{Db, DbError},
    http::{outer_layers, same_origin_only},
    jobs::{Handlers, Jobs},
    playlists::{self, PlaylistError, Playlists},
    plays::{self, Log, Plays},
    screens::{self, Screens},
    signing::{KeyError, Publisher},
    supervision::{self, Supervision},
    web_files::{self, Embedder},
};

/// Everything a server process holds.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The folder of archived days of the play log.
    pub archive: PathBuf,
    /// Files by digest.
    pub blobs: Blobs,
    /// Background work.
    pub jobs: Jobs,
    /// The publishing key.
    pub publisher: Publisher,
    /// Accounts.
    pub accounts: Accounts,
    /// Content.
    pub content: Content,
    /// Places, screens and their players.
    pub screens: Screens,
    /// What was promised.
    pub campaigns: Campaigns,
    /// What screens obey.
    pub playlists: Playlists,
    /// The play log.
    pub plays: Plays,
    /// Evidence pictures: the only blobs that are ever deleted.
    pub pictures: Blobs,
    /// Days that they are kept.
    pub evidence_days: u16,
    /// Who may frame the web player.
    pub embedders: Vec<Embedder>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The setting.
    #[error(transparent)]
    Config(#[from] UnknownDatabase),
    /// The data folder.
    #[error("data folder {path}: {source}")]
    Data {
        /// Where.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The publishing key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The fonts.
    #[error(transparent)]
    Font(#[from] FontError),
    /// What was issued before.
    #[error(transparent)]
    Playlists(#[from] PlaylistError),
    /// What was played before.
    #[error(transparent)]
    Plays(#[from] plays::PlayError),
    /// The socket.
    #[error("listening on {address}: {source}")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "宣屏 Xuanping",
        description = "Console API. Refusals are RFC 9457 problem+json.",
        license(name = "Apache-2.0")
    ),
    components(schemas(crate::http::ProblemBody))
)]
struct Document;

impl App {
    /// Opens database, blobs and key.
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        make_folder(&config.data).await?;
        let db = Db::open(&config.database()?).await?;
        let app = Self::assemble(db, &config.data, &config.fonts).await?;
        Ok(Self { embedders: config.embedders.clone(), evidence_days: config.evidence_days, ..app })
    }

    /// The same on a database that is already open.
    pub async fn with_database(db: Db, data: &Path) -> Result<Self, StartError> {
        Self::assemble(db, data, &content::render::fonts::DEFAULT_FONT_FILES.map(PathBuf::from)).await
    }

    async fn assemble(db: Db, data: &Path, fonts: &[PathBuf]) -> Result<Self, StartError> {
        let fault = |source| StartError::Data { path: data.display().to_string(), source };
        // Children that look at files run elsewhere: a relative path would mean another file to them.
        let data = &std::path::absolute(data).map_err(fault)?;
        let blobs = Blobs::open(&data.join("blobs")).await.map_err(fault)?;
        let publisher = Publisher::open(&data.join("keys"))?;
        let jobs = Jobs::new(db.clone());
        let accounts = Accounts::new(db.clone());
        let content = Content::new(db.clone(), blobs.clone(), jobs.clone(), Typesetter::open(fonts)?, Style::default());
        let screens = Screens::new(db.clone(), jobs.clone(), publisher.clone());
        let campaigns = Campaigns::new(db.clone(), jobs.clone(), screens.clone(), content.clone());
        let playlists = Playlists::new(
            db.clone(),
            blobs.clone(),
            screens.clone(),
            content.clone(),
            campaigns.clone(),
            publisher.clone(),
        );
        playlists.load().await?;
        // By themselves, for only these are ever deleted.
        let pictures = Blobs::open(&data.join("evidence")).await.map_err(fault)?;
        let plays = Plays::new(
            db.clone(),
            blobs.clone(),
            pictures.clone(),
            publisher.clone(),
            screens.clone(),
            content.clone(),
            campaigns.clone(),
            playlists.clone(),
            Log::open(db.clone(), &data.join("keys"))?,
        );
        plays.convert().await?;
        Ok(Self {
            archive: data.join("archive"),
            db,
            blobs,
            jobs,
            publisher,
            accounts,
            content,
            screens,
            campaigns,
            playlists,
            plays,
            embedders: Vec::new(),
            evidence_days: plays::evidence::EVIDENCE_DAYS,
            pictures,
        })
    }

    pub(crate) fn supervision(&self) -> Supervision {
        Supervision::new(self.screens.clone(), self.content.clone(), self.campaigns.clone(), self.plays.clone())
    }

    /// Every route with its place in the OpenAPI document.
    fn routes(&self) -> OpenApiRouter {
        OpenApiRouter::with_openapi(Document::openapi())
            .merge(accounts::http::routes(self.accounts.clone()))
            .merge(content::http::routes(self.content.clone()))
            .merge(screens::http::routes(self.screens.clone()))
            .merge(campaigns::http::routes(self.campaigns.clone()))
            .merge(playlists::http::routes(self.playlists.clone()))
            .merge(plays::http::routes(self.plays.clone()))
            .merge(supervision::http::routes(self.supervision()))
    }

    /// The OpenAPI document.
    pub fn openapi(&self) -> utoipa::openapi::OpenApi {
        name_operations(self.routes().into_openapi())
    }

    /// The whole HTTP service.
    pub fn router(&self) -> Router {
        let (router, openapi) = self.routes().split_for_parts();
        let document = name_operations(openapi).to_json().unwrap_or_default();
        let router = router
            .route("/api/v1/openapi.json", axum::routing::get(async move || json_text(document.clone())))
            .route("/health", axum::routing::get(async || "ok"))
            .layer(axum::Extension(self.screens.clone()))
            .layer(middleware::from_fn_with_state(self.accounts.clone(), accounts::resolve_session))
            .layer(middleware::from_fn(same_origin_only))
            // Outside the session: these files are the same for everybody, signed in or not.
            .merge(web_files::routes(&self.embedders))
            .fallback(console_files::serve);
        outer_layers(router)
    }

    /// Who does the background work.
    pub fn handlers(&self) -> Handlers {
        let mut handlers = Handlers::default();
        self.content.register(&mut handlers);
        self.playlists.register(&mut handlers);
        handlers
    }

    /// Serves until `stop` completes, then lets requests in hand finish.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        self.blobs.clear_unfinished().await?;
        self.pictures.clear_unfinished().await?;
        if let Err(error) = self.content.refresh(clock::now()).await {
            // What is rendered already goes on; the next start tries again.
            tracing::error!(%error, "renditions could not be checked");
        }
        let work = {
            let (jobs, mut handlers) = (self.jobs.clone(), self.handlers());
            let (playlists, screens, plays) = (self.playlists.clone(), self.screens.clone(), self.plays.clone());
            let (archive, evidence_days) = (self.archive.clone(), self.evidence_days);
            let drawing = handlers.split_off(&[content::RENDER_CREATIVE, content::RENDER_CLASS]);
            let filming = handlers.split_off(&[content::TRANSCODE]);
            tokio::spawn(async move {
                tokio::join!(
                    jobs.run(handlers),
                    jobs.run(drawing),
                    jobs.run(filming),
                    playlists.keep_fresh(),
                    plays.keep_quotas(),
                    plays.keep_gaps(),
                    plays.log().keep(),
                    plays.keep_archive(archive),
                    plays.keep_evidence(evidence_days),
                    screens.keep_reports()
                );
            })
        };
        let stopping = std::sync::Arc::new(tokio::sync::Notify::new());
        let told = stopping.clone();
        let graceful = axum::serve(listener, self.router()).with_graceful_shutdown(async move {
            stop.await;
            told.notify_one();
        });
        // Players that wait for news would keep us for a minute: they lose nothing by asking again.
        let impatient = async {
            stopping.notified().await;
            tokio::time::sleep(std::time::Duration::from_secs(3)).await;
            Ok(())
        };
        let served = tokio::select! {
            served = graceful => served,
            cut = impatient => cut,
        };
        work.abort();
        if let Err(error) = self.screens.store_reports().await {
            tracing::warn!(%error, "the last reports of screens are lost; they come again");
        }
        self.db.close().await;
        served
    }
}

/// Names each operation after its method and path (`get_screens_id`). By themselves they carry the handler's name, which
/// is `list` in every domain, and generators of clients take operations of one name for one operation.
fn name_operations(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for (path, item) in &mut document.paths.paths {
        let name = |method: &str| {
            let parts = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|p| !["", "api", "v1"].contains(p));
            [method].into_iter().chain(parts).collect::<Vec<_>>().join("_")
        };
        let operations = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(name(method));
            }
        }
    }
    document
}

fn json_text(text: String) -> impl axum::response::IntoResponse {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], text)
}

async fn make_folder(path: &Path) -> Result<(), StartError> {
    tokio::fs::create_dir_all(path)
        .await
        .map_err(|source| StartError::Data { path: path.display().to_string(), source })
}

/// Players that may knock before one of them is let in. After a restart all come at once, and who finds the queue full knocks
/// again only a second later; the kernel has a limit of its own (`net.core.somaxconn`).
const KNOCKING: u32 = 4_096;

/// Opens the socket.
pub async fn listen(config: &Config) -> Result<TcpListener, StartError> {
    let open = || {
        let socket = if config.listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(config.listen)?;
        socket.listen(KNOCKING)
    };
    open().map_err(|source| StartError::Listen { address: config.listen.to_string(), source })
}

/// The OpenAPI document as text, made from the routes alone: on an empty database in a temporary folder.
pub async fn openapi_text() -> Result<String, StartError> {
    let fault = |source| StartError::Data { path: "temporary folder".into(), source };
    let folder = tempfile::tempdir().map_err(fault)?;
    let db = Db::open(&crate::db::Target::Sqlite(folder.path().join("empty.db"))).await?;
    let app = App::with_database(db, folder.path()).await?;
    let text = app.openapi().to_pretty_json().map_err(|e| fault(io::Error::other(e)))?;
    app.db.close().await;
    Ok(text)
}

#[cfg(test)]
mod tests;
