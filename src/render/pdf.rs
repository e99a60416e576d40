//! PDF: one page as large as the picture, drawn with lines and set in an embedded part of the fonts; text can be
//! selected and searched.
//!
//! No date and no random number goes into the file. A screen reader gets the description of the picture, as in the SVG.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Point, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{ContentTag, Tag, TagGroup, TagTree};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use usvg::layout::PositionedGlyph;
use usvg::tiny_skia_path::{self, PathSegment};

use crate::graph::Graph;
use crate::layout::Layout;

use super::{PictureOptions, PrintError, print, words};
use crate::inert::shown;

/// Points of one unit of the picture.
const POINTS: f32 = 0.75;
/// No side of a page is longer than this many points: 200 inches, the most that Acrobat shows. A larger picture is made
/// smaller.
const MAX_POINTS: f32 = 14_400.0;

/// The picture as a PDF file of one page. [`Theme::Auto`](super::Theme::Auto) is drawn light.
///
/// # Errors
///
/// [`PrintError::Library`] when the libraries refuse the picture, which no picture is known to make them do.
pub fn pdf(layout: &Layout, graph: &Graph, options: &PictureOptions) -> Result<Vec<u8>, PrintError> {
    let tree = print::tree(layout, graph, options)?;
    let (width, height) = (tree.size().width(), tree.size().height());
    let scale = POINTS.min(MAX_POINTS / width.max(height));
    let settings = PageSettings::from_wh(width * scale, height * scale)
        .ok_or_else(|| PrintError::Library("the picture has no size".into()))?;

    let title = shown(&words::title(layout, graph, options)).into_owned();
    let description = shown(&words::description(graph)).into_owned();
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(title)
            .description(description.clone())
            .language("en".into())
            .creator("kubesketch".into()),
    );
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    let drawn = surface.start_tagged(ContentTag::Other);
    surface.push_transform(&Transform::from_scale(scale, scale));
    let mut writer = Writer { surface: &mut surface, tree: &tree, fonts: Vec::new() };
    writer.group(tree.root());
    surface.pop();
    surface.end_tagged();
    surface.finish();
    page.finish();

    let mut figure = TagGroup::new(Tag::Figure(Some(description)));
    figure.push(drawn);
    let mut tags = TagTree::new();
    tags.push(figure);
    document.set_tag_tree(tags);
    document.finish().map_err(|e| PrintError::Library(format!("{e:?}")))
}

/// Draws a tree on a page.
struct Writer<'a, 'b> {
    surface: &'a mut Surface<'b>,
    tree: &'a usvg::Tree,
    fonts: Vec<(usvg::fontdb::ID, Font)>,
}

impl Writer<'_, '_> {
    fn group(&mut self, group: &usvg::Group) {
        let moved = group.transform();
        self.surface.push_transform(&Transform::from_row(moved.sx, moved.ky, moved.kx, moved.sy, moved.tx, moved.ty));
        for node in group.children() {
            match node {
                usvg::Node::Group(inner) => self.group(inner),
                usvg::Node::Path(path) => self.path(path),
                usvg::Node::Text(text) => self.text(text),
                // Our pictures hold no images.
                usvg::Node::Image(_) => {}
            }
        }
        self.surface.pop();
    }

    fn path(&mut self, path: &usvg::Path) {
        let Some(shape) = path_of(path.data()) else { return };
        self.surface.set_fill(path.fill().and_then(fill_of));
        self.surface.set_stroke(path.stroke().and_then(stroke_of));
        if path.is_visible() && (path.fill().is_some() || path.stroke().is_some()) {
            self.surface.draw_path(&shape);
        }
    }

    fn text(&mut self, text: &usvg::Text) {
        for span in text.layouted().iter().filter(|s| s.visible) {
            let Some(fill) = span.fill.as_ref().and_then(fill_of) else { continue };
            self.surface.set_fill(Some(fill));
            self.surface.set_stroke(None);
            let size = span.font_size.get();
            let glyphs = span.positioned_glyphs.as_slice();
            for run in glyphs.chunk_by(|a, b| a.font == b.font && same_line(a, b)) {
                self.run(run, size);
            }
        }
    }

    /// Glyphs of one font on one line: they are one text for whoever selects it.
    fn run(&mut self, run: &[PositionedGlyph], size: f32) {
        let Some(first) = run.first() else { return };
        let Some(font) = self.font(first.font) else { return };
        let mut text = String::new();
        let mut set: Vec<KrillaGlyph> = Vec::with_capacity(run.len());
        for (i, glyph) in run.iter().enumerate() {
            let x = glyph.transform().tx;
            let advance = run.get(i + 1).map_or(0.0, |next| (next.transform().tx - x) / size);
            let range = match set.last() {
                // A further glyph of the characters before it.
                Some(before) if glyph.text.is_empty() => before.text_range.clone(),
                _ => text.len()..text.len() + glyph.text.len(),
            };
            text.push_str(&glyph.text);
            set.push(KrillaGlyph::new(GlyphId::new(glyph.id.0), advance, 0.0, 0.0, 0.0, range, None));
        }
        let at = first.transform();
        self.surface.draw_glyphs(Point::from_xy(at.tx, at.ty), &set, font, &text, size, false);
    }

    fn font(&mut self, id: usvg::fontdb::ID) -> Option<Font> {
        if let Some((_, font)) = self.fonts.iter().find(|(known, _)| *known == id) {
            return Some(font.clone());
        }
        let (data, index) = self.tree.fontdb().with_face_data(id, |data, index| (data.to_vec(), index))?;
        let font = Font::new(data.into(), index)?;
        self.fonts.push((id, font.clone()));
        Some(font)
    }
}

fn same_line(a: &PositionedGlyph, b: &PositionedGlyph) -> bool {
    (a.transform().ty - b.transform().ty).abs() < 1e-3
}

fn color_of(paint: &usvg::Paint) -> Option<krilla::paint::Paint> {
    match paint {
        usvg::Paint::Color(c) => Some(rgb::Color::new(c.red, c.green, c.blue).into()),
        // Our pictures hold plain colors only.
        _ => None,
    }
}

fn opacity_of(opacity: usvg::Opacity) -> NormalizedF32 {
    NormalizedF32::new(opacity.get()).unwrap_or(NormalizedF32::ONE)
}

fn fill_of(fill: &usvg::Fill) -> Option<Fill> {
    Some(Fill {
        paint: color_of(fill.paint())?,
        opacity: opacity_of(fill.opacity()),
        rule: match fill.rule() {
            usvg::FillRule::NonZero => FillRule::NonZero,
            usvg::FillRule::EvenOdd => FillRule::EvenOdd,
        },
    })
}

fn stroke_of(stroke: &usvg::Stroke) -> Option<Stroke> {
    Some(Stroke {
        paint: color_of(stroke.paint())?,
        width: stroke.width().get(),
        miter_limit: stroke.miterlimit().get(),
        line_cap: match stroke.linecap() {
            usvg::LineCap::Butt => LineCap::Butt,
            usvg::LineCap::Round => LineCap::Round,
            usvg::LineCap::Square => LineCap::Square,
        },
        line_join: match stroke.linejoin() {
            usvg::LineJoin::Round => LineJoin::Round,
            usvg::LineJoin::Bevel => LineJoin::Bevel,
            _ => LineJoin::Miter,
        },
        opacity: opacity_of(stroke.opacity()),
        dash: stroke.dasharray().map(|array| StrokeDash { array: array.to_vec(), offset: stroke.dashoffset() }),
    })
}

fn path_of(data: &tiny_skia_path::Path) -> Option<Path> {
    let mut path = PathBuilder::new();
    for segment in data.segments() {
        match segment {
            PathSegment::MoveTo(p) => path.move_to(p.x, p.y),
            PathSegment::LineTo(p) => path.line_to(p.x, p.y),
            PathSegment::QuadTo(a, p) => path.quad_to(a.x, a.y, p.x, p.y),
            PathSegment::CubicTo(a, b, p) => path.cubic_to(a.x, a.y, b.x, b.y, p.x, p.y),
            PathSegment::Close => path.close(),
        }
    }
    path.finish()
}
