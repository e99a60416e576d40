//! The server: listens on this machine only, gives every connection and request an end, and ends by Ctrl-C.

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::{pin, select};

use super::guard::Names;
use super::roots::Roots;
use super::routes::{self, News};
use super::state::State;
use super::watch::Watch;
use super::work::Work;
use super::{Args, browser};
use crate::cli::report::{self, Verbosity};
use crate::cli::{Status, output};

/// The maximum number of concurrent connections. For one more the oldest is closed, so that nobody who opens many, or
/// reads none of what they ask for, locks out others.
const CONNECTIONS: usize = 128;

/// The maximum time for receiving the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// The maximum size of the head of a request, in bytes.
const MOST_HEADERS: usize = 64 << 10;

/// The maximum time for pending answers when the server ends.
const FAREWELL: Duration = Duration::from_millis(500);

/// Serves until the program is stopped.
pub fn run(mut args: Args, verbosity: Verbosity) -> anyhow::Result<Status> {
    if args.git.is_none() {
        args.picture.name(args.input.subject());
        args.input.or_default(false);
    }
    anyhow::ensure!(
        !(args.input.reads_cluster() && args.git.is_some()),
        "a cluster has no revisions to compare: --cluster and --git do not go together"
    );
    let from_stdin = args.input.paths().any(|p| p.as_os_str() == "-");
    anyhow::ensure!(
        !(from_stdin && args.git.is_some()),
        "standard input has no revisions to compare: name files or folders"
    );
    let roots = Roots::new(&args)?;
    // One that is mistyped would be waited for in vain. What goes away later may come back.
    if let Some(missing) = roots.named().find(|path| args.git.is_none() && !path.exists()) {
        anyhow::bail!("{}: there is no such file or folder", missing.display());
    }
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, args.port)).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow::anyhow!("port {} is in use: name another one, or none for one that is free", args.port)
        }
        _ => anyhow::anyhow!("cannot listen on 127.0.0.1:{}: {error}", args.port),
    })?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(serve(Arc::new(args), roots, listener, verbosity));
    // A drawing that is not done yet is not waited for.
    runtime.shutdown_background();
    crate::source::remove_temporaries();
    outcome
}

async fn serve(args: Arc<Args>, roots: Roots, listener: StdListener, verbosity: Verbosity) -> anyhow::Result<Status> {
    let listener = TcpListener::from_std(listener)?;
    let port = listener.local_addr()?.port();
    let end = ended()?;
    pin!(end);
    let (states, mut coming) = mpsc::unbounded_channel();
    let worker = args.clone();
    std::thread::Builder::new().name("drawing".into()).spawn(move || draw(worker, roots, verbosity, &states))?;
    let first = select! {
        first = coming.recv() => first.context("internal error: nothing was drawn")??,
        () = &mut end => return Ok(Status::Success),
    };
    let (news, heard) = watch::channel(News::Shown(Arc::new(first)));
    let router = routes::router(args.clone(), heard.clone(), Names::new(port));

    let address = format!("http://127.0.0.1:{port}/");
    output::to_stdout(format!("{address}\n"))?;
    if verbosity != Verbosity::Quiet {
        report::say("Ctrl-C ends the preview");
    }
    if args.open {
        browser::open(&address);
    }

    let mut conversations = JoinSet::new();
    let mut oldest: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        select! {
            stream = accept(&listener) => {
                oldest.retain(|conversation| !conversation.is_finished());
                if oldest.len() >= CONNECTIONS
                    && let Some(conversation) = oldest.pop_front()
                {
                    conversation.abort();
                }
                oldest.push_back(conversations.spawn(converse(stream, router.clone(), heard.clone())));
            }
            Some(next) = coming.recv() => match next {
                Ok(state) => drop(news.send_replace(News::Shown(Arc::new(state)))),
                Err(error) => report::fail(&error),
            },
            Some(_) = conversations.join_next() => {}
            () = &mut end => break,
        }
    }
    news.send_replace(News::End);
    let farewell = async { while conversations.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
    Ok(Status::Success)
}

/// Draws the input, and redraws it on every change, until no receiver is left.
/// It has its own thread, because drawing uses all cores.
fn draw(args: Arc<Args>, roots: Roots, verbosity: Verbosity, states: &mpsc::UnboundedSender<anyhow::Result<State>>) {
    let mut stdin = Vec::new();
    if args.input.paths().any(|p| p.as_os_str() == "-") {
        // One byte over the limit, so that input that is too long is detected.
        let limit = args.input.reading().max_file_bytes().saturating_add(1);
        if let Err(error) = io::stdin().lock().take(limit).read_to_end(&mut stdin) {
            let _ = states.send(Err(error).context("cannot read standard input"));
            return;
        }
    }
    // What is watched before it is read cannot change unseen.
    let changes = roots.named().next().is_some() || args.git.is_some() || args.input.reads_cluster();
    let mut watch = changes.then(|| Watch::new(roots, args.interval()));
    let mut work = Work::new(args, stdin, verbosity);
    loop {
        match work.next() {
            Ok(None) => {}
            Ok(Some(state)) => {
                if states.send(Ok(state)).is_err() {
                    return;
                }
            }
            Err(error) => {
                let _ = states.send(Err(error));
                return;
            }
        }
        match &mut watch {
            Some(watch) => watch.wait(),
            None => return,
        }
    }
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The system has no more of something for the moment, or the other side has gone.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Answers the requests of a connection until it or the server ends.
async fn converse(stream: TcpStream, router: Router, mut news: watch::Receiver<News>) {
    // Events are small and must not wait for each other.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    pin!(connection);
    select! {
        // Errors of a client are ignored.
        _ = &mut connection => return,
        _ = news.wait_for(|news| matches!(news, News::End)) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Waits for a signal to end the program. From the call on, signals do not end it by themselves.
#[cfg(unix)]
fn ended() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn ended() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
