//! `sixpane [CONF]`: the screens over a network.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::conf;
use super::session::Session;
use crate::app;
use crate::cli::Screen;
use crate::engine;
use crate::error::{Error, Exit};
use crate::profile::Profile;
use crate::runtime;
use crate::ui::theme::Theme;

/// Shows the network of the conf at `path`, or of the only one there is.
///
/// # Errors
/// Where there is no terminal, no conf, or no tunnel can be begun.
pub fn run(path: Option<&Path>, screen: &Screen) -> Result<ExitCode, Error> {
    runtime::check()?;
    show(conf::load(path)?, screen)
}

/// Shows the network of `profile`. The handshake leaves before the terminal is touched.
///
/// # Errors
/// Where the tunnel cannot be begun, or the terminal cannot be used.
pub fn show(profile: Arc<Profile>, screen: &Screen) -> Result<ExitCode, Error> {
    // The network works on while a frame is drawn.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Error::new(Exit::Tunnel, "cannot start").why(error))?;
    let code = runtime.block_on(async {
        let settings = engine::Settings { refresh: screen.refresh.0, ..engine::Settings::default() };
        let session = Session::attach(profile, settings)?;
        let settings = app::Settings { auto_ping: !screen.no_ping };
        runtime::run(session.profile, session.engine, theme(screen), settings).await
    });
    // The thread that reads the terminal may be waiting for a key that never comes.
    runtime.shutdown_background();
    code
}

/// `NO_COLOR` takes the colours; a locale without UTF-8 the glyphs.
fn theme(screen: &Screen) -> Theme {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let utf8 = locale.is_some_and(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    Theme { mono: set("NO_COLOR").is_some(), ascii: screen.ascii || !utf8 }
}
