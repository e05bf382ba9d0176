//! Endpoints of content: uploads, creatives and their review, renditions and previews, the slogan check.

mod creatives;
mod files;
mod refusals;
mod slogans;
#[cfg(test)]
mod tests;
mod uploads;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::Content;

/// All routes of this domain.
pub fn routes(content: Content) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(uploads::upload))
        .routes(routes!(creatives::list, creatives::create))
        .routes(routes!(creatives::show, creatives::change))
        .routes(routes!(creatives::submit))
        .routes(routes!(creatives::approve))
        .routes(routes!(creatives::reject))
        .routes(routes!(creatives::withdraw))
        .routes(routes!(files::thumbnail))
        .routes(routes!(files::original))
        .routes(routes!(creatives::renditions))
        .routes(routes!(files::rendition))
        .routes(routes!(slogans::check))
        .routes(routes!(slogans::fraud_types))
        .with_state(content)
}
