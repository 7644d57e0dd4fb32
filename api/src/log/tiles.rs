//! The log as files: tiles and entry bundles of C2SP tlog-tiles, cut from what the database holds.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use certs::log::{TILE_WIDTH, TileId, TilePath, write_bundle};
use domain::ids::LeafIndex;

use super::published;
use crate::app::App;
use crate::extract::Path;
use crate::problem::Problem;

/// What is asked for by path never changes: the tree only grows, and a path names a width.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// `/log/tile/<L>/<N>[.p/<W>]` and `/log/tile/entries/<N>[.p/<W>]`.
pub(super) async fn tile(
    State(app): State<App>,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let asked = TilePath::parse(&path).ok_or_else(Problem::not_found)?;
    // What no published checkpoint covers is not shown yet.
    let size = published::checkpoint(&app)
        .await?
        .ok_or_else(Problem::not_found)?
        .checkpoint
        .size;
    let bytes = match asked {
        TilePath::Hashes { id, width } => hashes(&app, id, width, size).await?,
        TilePath::Entries { index, width } => entries(&app, index, width, size).await?,
    };
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, IMMUTABLE),
    ];
    Ok((headers, bytes).into_response())
}

async fn hashes(app: &App, id: TileId, width: u16, size: u64) -> Result<Vec<u8>, Problem> {
    if width > id.width(size) {
        return Err(Problem::not_found());
    }
    let row = store::log::tiles(app.store.reader(), &[(id.level, id.index)])
        .await?
        .pop();
    let bytes = row.and_then(|row| {
        row.hashes
            .get(..usize::from(width) * 32)
            .map(<[u8]>::to_vec)
    });
    bytes.ok_or_else(|| missing(&id.path(width)))
}

async fn entries(app: &App, index: u64, width: u16, size: u64) -> Result<Vec<u8>, Problem> {
    let tile = TileId { level: 0, index };
    if width > tile.width(size) {
        return Err(Problem::not_found());
    }
    let first = index * u64::from(TILE_WIDTH);
    let leaves = store::log::leaves(app.store.reader(), LeafIndex(first), u64::from(width)).await?;
    let whole = leaves.len() == usize::from(width)
        && (first..)
            .zip(&leaves)
            .all(|(wanted, leaf)| leaf.index.0 == wanted);
    if !whole {
        return Err(missing(&format!("entries {index}")));
    }
    write_bundle(leaves.iter().map(|leaf| leaf.entry.as_slice()))
        .ok_or_else(|| missing(&format!("entries {index}")))
}

/// A checkpoint covers it and it is not there: the database is damaged, and that is told.
fn missing(what: &str) -> Problem {
    Problem::internal(format!(
        "log: {what} is covered by a checkpoint and missing"
    ))
}
