//! What every page begins with: its title, its styles, and the policy that forbids all else.
//!
//! The policy names the styles by their hash, so that not even a style that slipped in somewhere would count.

use sha2::{Digest, Sha256};

use crate::graph::ChangeKind;

use super::base64;
use super::theme::{Hue, Paint, Palette, Theme, dark_rules};
use super::xml::shown;

/// The rules of every page; the colors are variables that come before them.
const STYLE: &str = include_str!("../../templates/page.css");
/// The rules of pages about changes, after these.
const CHANGES: &str = include_str!("../../templates/changes.css");

/// What `templates/head.html` needs.
pub(super) struct Head {
    pub(super) title: String,
    /// The Content-Security-Policy.
    pub(super) policy: String,
    pub(super) scheme: &'static str,
    pub(super) style: String,
}

impl Head {
    /// The beginning of a page whose picture has this palette.
    pub(super) fn new(title: &str, theme: Theme, palette: Palette) -> Head {
        let style = style(theme, palette);
        let mut hashes = vec![hash(&style)];
        if theme == Theme::Auto {
            hashes.push(hash(&dark_rules(palette)));
        }
        Head {
            title: shown(title).into_owned(),
            policy: format!(
                "default-src 'none'; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
                hashes.join(" ")
            ),
            scheme: match theme {
                Theme::Light => "light",
                Theme::Dark => "dark",
                Theme::Auto => "light dark",
            },
            style,
        }
    }
}

/// Color variables from the palette of the pictures, then the rules that use them.
fn style(theme: Theme, palette: Palette) -> String {
    let variables = |theme: Theme| {
        let paints = [
            ("canvas", Paint::Canvas),
            ("panel", Paint::Frame),
            ("line", Paint::FrameLine),
            ("card", Paint::Card),
            ("ink", Paint::Ink),
            ("muted", Paint::Muted),
            ("link", Paint::Strong(Hue::Blue)),
            ("error", Paint::Strong(Hue::Vermilion)),
            ("warning", Paint::Strong(Hue::Amber)),
            ("info", Paint::Strong(Hue::Blue)),
            ("tls", Paint::Strong(Hue::Violet)),
        ];
        let changes = [ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed].map(|kind| (kind.as_str(), Paint::Change(kind)));
        let changes = changes.into_iter().filter(|_| palette == Palette::Changes);
        let paints: Vec<(&str, Paint)> = paints.into_iter().chain(changes).collect();
        let all: Vec<String> = paints.iter().map(|(name, paint)| format!("--{name}:{}", paint.color(theme))).collect();
        format!(":root{{{}}}\n", all.join(";"))
    };
    let mut text = String::from("\n");
    text.push_str(&variables(theme));
    if theme == Theme::Auto {
        text.push_str(&format!(
            "@media screen and (prefers-color-scheme:dark){{{}}}\n",
            variables(Theme::Dark).trim_end()
        ));
    }
    if theme == Theme::Dark {
        text.push_str(&format!("@media print{{{}}}\n", variables(Theme::Light).trim_end()));
    }
    text.push_str(STYLE);
    if palette == Palette::Changes {
        text.push_str(CHANGES);
    }
    text
}

/// The source expression that allows exactly this style.
fn hash(style: &str) -> String {
    format!("'sha256-{}'", base64::encode(&Sha256::digest(style.as_bytes())))
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
