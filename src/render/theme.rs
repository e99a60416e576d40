//! Colors as data: what is painted, and how it looks in light and in dark.
//!
//! Every color stands in the picture as a presentation attribute, because sanitisers strip `<style>`. [`Theme::Auto`]
//! writes the light colors and adds one style element whose rules, by class, override them where the reader prefers
//! dark and is not printing.

use std::fmt::Write;
use std::str::FromStr;

use crate::graph::{ChangeKind, EdgeKind, Graph, Mark, NodeKind};
use crate::net::{UnknownName, choice};

/// Which colors a picture has.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, strum::IntoStaticStr, strum::VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on dark.
    Dark,
    /// As the reader's system is set; light where styles are stripped.
    Auto,
}

impl Theme {
    /// Every theme.
    pub const ALL: &[Theme] = <Theme as strum::VariantArray>::VARIANTS;

    /// The name of the theme.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl FromStr for Theme {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        choice::named("theme", text)
    }
}

/// A family of colors. Families differ in lightness as well as in hue, so that they stay apart for people who see few
/// hues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Hue {
    /// What routes: Ingress, Gateway, route.
    Violet,
    /// Services.
    Blue,
    /// What runs.
    Teal,
    /// What runs and keeps state, and other things that hold data.
    Amber,
    /// What policies allow.
    Green,
    /// What is outside.
    Grey,
    /// What is not there.
    Vermilion,
}

impl Hue {
    /// Every family.
    pub(crate) const ALL: [Hue; 7] =
        [Hue::Violet, Hue::Blue, Hue::Teal, Hue::Amber, Hue::Green, Hue::Grey, Hue::Vermilion];

    /// The family of a node. `label` is its kind as people know it.
    pub(crate) fn of_node(kind: NodeKind, label: &str) -> Hue {
        match kind {
            NodeKind::Internet | NodeKind::External | NodeKind::ExternalName | NodeKind::Summary => Hue::Grey,
            NodeKind::Ingress | NodeKind::Gateway | NodeKind::Route => Hue::Violet,
            NodeKind::Service => Hue::Blue,
            NodeKind::Workload if label == "StatefulSet" => Hue::Amber,
            NodeKind::Workload => Hue::Teal,
            NodeKind::ConfigMap => Hue::Blue,
            NodeKind::Secret => Hue::Violet,
            NodeKind::Claim | NodeKind::Resource => Hue::Amber,
            NodeKind::ServiceAccount => Hue::Grey,
            NodeKind::Peers | NodeKind::Junction | NodeKind::Scaler => Hue::Green,
            NodeKind::Missing => Hue::Vermilion,
        }
    }

    /// The word for the family: that of its strong color.
    pub(crate) fn word(self) -> &'static str {
        Paint::Strong(self).word()
    }

    /// The family of a badge.
    pub(crate) fn of_mark(mark: Mark) -> Hue {
        match mark {
            Mark::Isolated | Mark::Ruled => Hue::Green,
            Mark::Open | Mark::Exposed => Hue::Grey,
            Mark::Blocked | Mark::NoNames | Mark::Unevaluated | Mark::Broken => Hue::Vermilion,
            Mark::Doubtful => Hue::Amber,
        }
    }

    /// The family of an edge.
    pub(crate) fn of_edge(kind: EdgeKind) -> Hue {
        match kind {
            EdgeKind::Exposes | EdgeKind::Resolves | EdgeKind::Uses => Hue::Grey,
            EdgeKind::Routes => Hue::Violet,
            EdgeKind::Selects => Hue::Blue,
            EdgeKind::Calls => Hue::Teal,
            EdgeKind::Allows | EdgeKind::Scales => Hue::Green,
            EdgeKind::Denied => Hue::Vermilion,
        }
    }
}

/// What a color is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Paint {
    /// The background of the picture.
    Canvas,
    /// The inside of a frame.
    Frame,
    /// The border of a frame.
    FrameLine,
    /// The title of a frame.
    FrameText,
    /// The inside of a card.
    Card,
    /// Text that matters most.
    Ink,
    /// Text that matters less.
    Muted,
    /// Bars, glyphs, lines and ports of a family.
    Strong(Hue),
    /// Borders of a family.
    Soft(Hue),
    /// Rows of a family.
    Tint(Hue),
    /// What was added, removed or changed between two states: lines, signs and words. The colors stay apart for people
    /// who see few hues.
    Change(ChangeKind),
    /// The inside of what changed.
    Fresh,
    /// Lines, bars and glyphs of what did not.
    Faded,
}

/// The two looks of a color and the word that represents it in class names.
struct Swatch(&'static str, &'static str, &'static str);

impl Paint {
    /// Every paint.
    pub(crate) fn all() -> impl Iterator<Item = Paint> {
        let plain =
            [Paint::Canvas, Paint::Frame, Paint::FrameLine, Paint::FrameText, Paint::Card, Paint::Ink, Paint::Muted];
        let hued = Hue::ALL.into_iter().flat_map(|h| [Paint::Strong(h), Paint::Soft(h), Paint::Tint(h)]);
        plain.into_iter().chain(hued)
    }

    /// Those that only a union of two states needs.
    pub(crate) fn of_changes() -> impl Iterator<Item = Paint> {
        let kinds = [ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed].map(Paint::Change);
        kinds.into_iter().chain([Paint::Fresh, Paint::Faded])
    }

    /// The color in light or dark; [`Theme::Auto`] starts from light.
    pub(crate) fn color(self, theme: Theme) -> &'static str {
        let Swatch(_, light, dark) = self.swatch();
        if theme == Theme::Dark { dark } else { light }
    }

    /// The word for this paint in class names.
    pub(crate) fn word(self) -> &'static str {
        self.swatch().0
    }

    fn swatch(self) -> Swatch {
        match self {
            Paint::Canvas => Swatch("canvas", "#ffffff", "#0f1520"),
            Paint::Frame => Swatch("frame", "#f5f7fa", "#161e2c"),
            Paint::FrameLine => Swatch("frame-line", "#ccd5e0", "#364560"),
            Paint::FrameText => Swatch("frame-text", "#465468", "#aab8cd"),
            Paint::Card => Swatch("card", "#ffffff", "#1d2738"),
            Paint::Ink => Swatch("ink", "#1c2738", "#e9eef6"),
            Paint::Muted => Swatch("muted", "#56647a", "#a6b4c8"),
            Paint::Change(ChangeKind::Added) => Swatch("added", "#007e85", "#19e6d4"),
            Paint::Change(ChangeKind::Removed) => Swatch("removed", "#cb4b0b", "#f2460d"),
            Paint::Change(ChangeKind::Changed) => Swatch("changed", "#992ce8", "#b752ff"),
            Paint::Change(ChangeKind::Same) | Paint::Faded => Swatch("faded", "#758296", "#8391a6"),
            // Darker than a card, for the colors of changes stand on it.
            Paint::Fresh => Swatch("fresh", "#ffffff", "#0b111a"),
            Paint::Strong(Hue::Violet) => Swatch("violet", "#6a3bc2", "#b9a0f8"),
            Paint::Soft(Hue::Violet) => Swatch("violet-soft", "#c3b0ea", "#5f4e8c"),
            Paint::Tint(Hue::Violet) => Swatch("violet-tint", "#f5f1fd", "#282441"),
            Paint::Strong(Hue::Blue) => Swatch("blue", "#0d6ab8", "#6fb8f4"),
            Paint::Soft(Hue::Blue) => Swatch("blue-soft", "#9fc5e8", "#335f86"),
            Paint::Tint(Hue::Blue) => Swatch("blue-tint", "#edf5fc", "#1a2e44"),
            Paint::Strong(Hue::Teal) => Swatch("teal", "#0b7a6b", "#52d3be"),
            Paint::Soft(Hue::Teal) => Swatch("teal-soft", "#93cfc4", "#2b6d63"),
            Paint::Tint(Hue::Teal) => Swatch("teal-tint", "#ecf8f5", "#183331"),
            Paint::Strong(Hue::Amber) => Swatch("amber", "#995700", "#f0b65e"),
            Paint::Soft(Hue::Amber) => Swatch("amber-soft", "#e3bf86", "#805d28"),
            Paint::Tint(Hue::Amber) => Swatch("amber-tint", "#fcf5e9", "#352b1b"),
            Paint::Strong(Hue::Green) => Swatch("green", "#4a7300", "#a9d24a"),
            Paint::Soft(Hue::Green) => Swatch("green-soft", "#bcd394", "#587128"),
            Paint::Tint(Hue::Green) => Swatch("green-tint", "#f3f8e9", "#26311a"),
            Paint::Strong(Hue::Grey) => Swatch("grey", "#44526a", "#b3c0d2"),
            Paint::Soft(Hue::Grey) => Swatch("grey-soft", "#b4bfcd", "#516077"),
            Paint::Tint(Hue::Grey) => Swatch("grey-tint", "#f2f4f7", "#232e3e"),
            Paint::Strong(Hue::Vermilion) => Swatch("vermilion", "#c23a0a", "#ff8f63"),
            Paint::Soft(Hue::Vermilion) => Swatch("vermilion-soft", "#efa385", "#8d4c32"),
            Paint::Tint(Hue::Vermilion) => Swatch("vermilion-tint", "#fdf1ec", "#3b241c"),
        }
    }
}

/// Which colors a picture uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Palette {
    /// Those of one state.
    State,
    /// Also those of changes between two.
    Changes,
}

impl Palette {
    /// Every paint of the palette.
    pub(crate) fn paints(self) -> impl Iterator<Item = Paint> {
        Paint::all().chain(Paint::of_changes().filter(move |_| self == Palette::Changes))
    }

    /// Those that a graph needs.
    pub(crate) fn of(graph: &Graph) -> Palette {
        if graph.is_comparison() { Palette::Changes } else { Palette::State }
    }

    /// The family of a kind of edge in a legend: where changes have the colors, the kind has none.
    pub(crate) fn of_sample(self, kind: EdgeKind) -> Hue {
        match self {
            Palette::State => Hue::of_edge(kind),
            Palette::Changes => Hue::Grey,
        }
    }
}

/// The rules by which the pictures of a page take their colors from its variables, which have the words of the paints
/// for names.
pub(crate) fn variable_rules(palette: Palette) -> String {
    let mut rules = String::new();
    for word in palette.paints().map(Paint::word) {
        // Writing to a String cannot fail.
        let _ = write!(rules, ".ks-f-{word}{{fill:var(--{word})}}.ks-s-{word}{{stroke:var(--{word})}}");
    }
    rules.push('\n');
    rules
}

/// The rules that turn a light picture dark. Kept in one line, as every element is.
pub(crate) fn dark_rules(palette: Palette, under: Option<&str>) -> String {
    let asks = if under.is_some() { "" } else { " and (prefers-color-scheme:dark)" };
    let under = under.map_or(String::new(), |selector| format!("{selector} "));
    let mut rules = format!("@media screen{asks}{{");
    for paint in palette.paints() {
        let (word, color) = (paint.word(), paint.color(Theme::Dark));
        // Writing to a String cannot fail.
        let _ = write!(rules, "{under}.ks-f-{word}{{fill:{color}}}{under}.ks-s-{word}{{stroke:{color}}}");
    }
    rules.push('}');
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2 defines it.
    #[allow(
        clippy::disallowed_methods,
        reason = "a test may use the machine's math library: nothing of this is output"
    )]
    fn luminance(color: &str) -> f64 {
        let part = |i: usize| {
            let v = f64::from(u8::from_str_radix(&color[i..i + 2], 16).unwrap()) / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(a: Paint, b: Paint, theme: Theme) -> f64 {
        let (a, b) = (luminance(a.color(theme)), luminance(b.color(theme)));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_has_contrast_of_at_least_four_and_a_half() {
        for theme in [Theme::Light, Theme::Dark] {
            let mut pairs = vec![(Paint::FrameText, Paint::Frame)];
            for text in [Paint::Ink, Paint::Muted] {
                pairs.extend([Paint::Canvas, Paint::Frame, Paint::Card].map(|ground| (text, ground)));
                pairs.extend(Hue::ALL.map(|h| (text, Paint::Tint(h))));
            }
            for h in Hue::ALL {
                pairs.extend([
                    (Paint::Strong(h), Paint::Card),
                    (Paint::Strong(h), Paint::Tint(h)),
                    (Paint::Strong(h), Paint::Fresh),
                ]);
            }
            for text in [Paint::Ink, Paint::Muted, Paint::FrameText] {
                pairs.push((text, Paint::Fresh));
            }
            for change in [ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed] {
                pairs.extend([Paint::Fresh, Paint::Canvas].map(|ground| (Paint::Change(change), ground)));
            }
            for (text, ground) in pairs {
                let found = contrast(text, ground, theme);
                assert!(found >= 4.5, "{theme:?}: {text:?} on {ground:?} has {found:.2}");
            }
        }
    }

    #[test]
    fn lines_and_glyphs_have_contrast_of_at_least_three() {
        for theme in [Theme::Light, Theme::Dark] {
            for h in Hue::ALL {
                for ground in [Paint::Canvas, Paint::Frame, Paint::Card] {
                    assert!(contrast(Paint::Strong(h), ground, theme) >= 3.0, "{theme:?} {h:?} on {ground:?}");
                }
            }
            for paint in Paint::of_changes().filter(|p| *p != Paint::Fresh) {
                for ground in [Paint::Canvas, Paint::Frame, Paint::Card, Paint::Fresh, Paint::Tint(Hue::Grey)] {
                    assert!(contrast(paint, ground, theme) >= 3.0, "{theme:?} {paint:?} on {ground:?}");
                }
            }
        }
    }

    #[test]
    fn classes_are_unique_and_rules_cover_every_paint() {
        let mut words: Vec<&str> = Paint::all().chain(Paint::of_changes()).map(Paint::word).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        let rules = dark_rules(Palette::Changes, None);
        assert!(!dark_rules(Palette::State, None).contains("removed"));
        assert!(words.iter().all(|w| rules.contains(&format!(".ks-f-{w}{{"))));
        assert!(!rules.contains(['<', '&', '"', '\n']));
    }

    #[test]
    fn themes_are_read_by_name() {
        for theme in Theme::ALL {
            assert_eq!(theme.as_str().parse(), Ok(*theme));
        }
        assert!("neon".parse::<Theme>().unwrap_err().to_string().contains("`neon`"));
    }
}
