//! What every page begins with: its title, its styles, and the policy that forbids all else.
//!
//! The policy names the styles by their hash, so that not even a style that slipped in somewhere would count.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::PictureOptions;
use super::live::{self, PageSetting};
use super::script::SCRIPT;
use super::theme::{Palette, Theme, variable_rules};
use crate::inert::shown;

/// The rules of every page; the colors are variables that come before them.
const STYLE: &str = include_str!("../../templates/page.css");
/// The rules for what the script adds, after these.
const APP: &str = include_str!("../../templates/app.css");
/// The rules of pages about changes, after these.
const CHANGES: &str = include_str!("../../templates/changes.css");

/// What `templates/head.html` needs.
pub(super) struct Head {
    pub(super) title: String,
    /// The Content-Security-Policy.
    pub(super) policy: String,
    pub(super) scheme: &'static str,
    pub(super) style: String,
    /// What every page runs.
    pub(super) script: &'static str,
    /// What a page of the live preview runs besides; empty for all others.
    pub(super) live: &'static str,
}

impl Head {
    /// The beginning of a page whose picture has this palette.
    pub(super) fn new(title: &str, options: &PictureOptions, palette: Palette) -> Head {
        let theme = options.theme;
        // A live page may come to show a picture of the other kind, so it has the rules of both.
        let palette = match options.setting {
            PageSetting::File => palette,
            PageSetting::Live => Palette::Changes,
        };
        let (mut style, mut scripts, mut more, mut live) = (style(theme, palette), hash(&SCRIPT), "", "");
        if options.setting == PageSetting::Live {
            style.push_str(live::STYLE);
            live = live::SCRIPT;
            scripts = format!("{scripts} {}", hash(live));
            more = "; connect-src 'self'";
        }
        Head {
            title: shown(title).into_owned(),
            // Images of the page's own making are what copies of its picture go through.
            policy: format!(
                "default-src 'none'; style-src {}; script-src {scripts}; img-src data: blob:; base-uri 'none'; form-action 'none'{more}",
                hash(&style),
            ),
            scheme: match theme {
                Theme::Light => "light",
                Theme::Dark => "dark",
                Theme::Auto => "light dark",
            },
            style,
            script: &SCRIPT,
            live,
        }
    }
}

/// Color variables from the palette of the pictures, then the rules that use them. The attribute `data-theme` of the
/// page, where it has one, says more than the reader's system.
fn style(theme: Theme, palette: Palette) -> String {
    let variables = |theme: Theme| {
        let all: Vec<String> = palette.paints().map(|p| format!("--{}:{}", p.word(), p.color(theme))).collect();
        let scheme = if theme == Theme::Dark { "dark" } else { "light" };
        format!("{{{};color-scheme:{scheme}}}", all.join(";"))
    };
    let (light, dark) = (variables(Theme::Light), variables(Theme::Dark));
    let mut text = format!("\n:root{light}\n");
    match theme {
        Theme::Light => {}
        Theme::Dark => text.push_str(&format!("@media screen{{:root{dark}}}\n")),
        Theme::Auto => text.push_str(&format!("@media screen and (prefers-color-scheme:dark){{:root{dark}}}\n")),
    }
    text.push_str(&format!("@media screen{{:root[data-theme=light]{light}:root[data-theme=dark]{dark}}}\n"));
    text.push_str(&variable_rules(palette));
    text.push_str(STYLE);
    text.push_str(APP);
    if palette == Palette::Changes {
        text.push_str(CHANGES);
    }
    text
}

/// The source expression that allows exactly this style or script.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_what_browsers_compute() {
        // The value of `printf 'abc' | openssl dgst -sha256 -binary | base64`.
        assert_eq!(hash("abc"), "'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='");
    }

    #[test]
    fn styles_hold_nothing_that_ends_them() {
        for theme in Theme::ALL {
            for palette in [Palette::State, Palette::Changes] {
                assert!(!style(*theme, palette).contains('<'));
            }
        }
    }
}
