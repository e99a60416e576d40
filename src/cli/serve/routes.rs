//! The routes of the server. No path of a request ever becomes the path of a file.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::sync::{Semaphore, watch};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::WatchStream;

use super::guard::{Names, guard};
use super::state::{Page, State as Shown};
use super::{Args, work};

/// The maximum size of pasted text, in bytes.
const MOST_PASTED: usize = 8 << 20;

/// The maximum time for receiving a paste.
const PATIENCE: Duration = Duration::from_secs(10);

/// The maximum number of concurrent pastes.
const PASTES: usize = 2;

/// The shown state, or the end of the server.
#[derive(Clone, Debug)]
pub enum News {
    /// The shown state.
    Shown(Arc<Shown>),
    /// The server ends.
    End,
}

/// The shared data of the routes.
#[derive(Clone)]
struct Desk {
    args: Arc<Args>,
    news: watch::Receiver<News>,
    pastes: Arc<Semaphore>,
}

/// The routes of a server with these host names.
pub fn router(args: Arc<Args>, news: watch::Receiver<News>, names: Names) -> Router {
    let desk = Desk { args, news, pastes: Arc::new(Semaphore::new(PASTES)) };
    Router::new()
        .route("/", get(|State(desk): State<Desk>| async move { page(&desk, |shown| &shown.page) }))
        .route("/now", get(|State(desk): State<Desk>| async move { page(&desk, |shown| &shown.now) }))
        .route("/events", get(events))
        .route("/paste", post(paste))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is nothing here\n") })
        .layer(middleware::from_fn_with_state(names, guard))
        .with_state(desk)
}

fn page(desk: &Desk, which: fn(&Shown) -> &Page) -> Response {
    match &*desk.news.borrow() {
        News::Shown(shown) => {
            let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            (headers, which(shown).html.clone()).into_response()
        }
        News::End => (StatusCode::SERVICE_UNAVAILABLE, "the server ends\n").into_response(),
    }
}

/// Events of the current state and of every change; a slow reader gets only the newest.
async fn events(State(desk): State<Desk>) -> Response {
    let states = WatchStream::new(desk.news).map_while(|news| match news {
        News::Shown(shown) => event(&shown).map(Ok::<Event, Infallible>),
        News::End => None,
    });
    let stream = states.chain(tokio_stream::once(Ok(Event::default().event("end").data("end"))));
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

fn event(shown: &Shown) -> Option<Event> {
    let id = format!("{}.{}", shown.page.version, shown.now.version);
    Some(Event::default().event("state").id(id).data(shown.event_data().ok()?))
}

/// Draws a paste, which is not stored.
async fn paste(State(desk): State<Desk>, request: Request) -> Response {
    if !is_yaml(request.headers()) {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the type must be application/yaml\n").into_response();
    }
    let Ok(_held) = desk.pastes.try_acquire() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "other pastes are being drawn: try again\n").into_response();
    };
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|l| l.to_str().ok()?.parse::<u64>().ok());
    let text = match declared {
        Some(length) if length > MOST_PASTED as u64 => Err(too_large()),
        _ => match tokio::time::timeout(PATIENCE, text_of(request.into_body())).await {
            Ok(text) => text,
            Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "the text did not arrive in time\n".to_owned())),
        },
    };
    let text = match text {
        Ok(text) => text,
        Err(refusal) => return refusal.into_response(),
    };
    let args = desk.args.clone();
    let drawn = tokio::task::spawn_blocking(move || {
        let pasted = work::paste(&args, text)?;
        Ok::<_, anyhow::Error>(serde_json::to_vec(&pasted)?)
    });
    match drawn.await {
        Ok(Ok(json)) => ([(header::CONTENT_TYPE, "application/json")], Bytes::from(json)).into_response(),
        Ok(Err(error)) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{error:#}\n")).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response(),
    }
}

/// True if a browser sends a preflight for this content type, as for everything that forms cannot send.
fn is_yaml(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|t| t.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["application/yaml", "application/json"].iter().any(|known| kind.eq_ignore_ascii_case(known))
}

fn too_large() -> (StatusCode, String) {
    let text = format!("more than {} MiB are not taken\n", MOST_PASTED >> 20);
    (StatusCode::PAYLOAD_TOO_LARGE, text)
}

/// The text of a body, as much as is taken.
async fn text_of(body: Body) -> Result<String, (StatusCode, String)> {
    let mut bytes = Vec::new();
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| (StatusCode::BAD_REQUEST, "the text did not arrive\n".to_owned()))?;
        if bytes.len() + piece.len() > MOST_PASTED {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| (StatusCode::BAD_REQUEST, "the text is not UTF-8\n".to_owned()))
}
