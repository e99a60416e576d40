//! PNG: the picture as a bitmap, with the density that makes a document show it in the size of the SVG.
//!
//! Opaque, three bytes for each pixel, no date and no name of a program. A bitmap beyond
//! [`MAX_PIXELS`](super::MAX_PIXELS) or [`MAX_SIDE`](super::MAX_SIDE) is refused before any memory is taken for it.

use ::png::{BitDepth, ColorType, Compression, Encoder, Filter, PixelDimensions, Unit};
use resvg::tiny_skia::{Color, Pixmap, Transform};

use crate::graph::Graph;
use crate::layout::Layout;

use super::theme::{Paint, Theme};
use super::{PictureOptions, PixelScale, PrintError, print};

/// Pixels of one unit of the picture at scale 1, for each meter: 96 for each inch, as in CSS.
const PIXELS_PER_METER: f64 = 96.0 / 0.0254;

/// The picture as a PNG file. [`Theme::Auto`](super::Theme::Auto) is drawn light.
///
/// # Errors
///
/// [`PrintError::TooLarge`] when the bitmap would have more than [`MAX_PIXELS`](super::MAX_PIXELS) pixels or a side of
/// more than [`MAX_SIDE`](super::MAX_SIDE).
pub fn png(layout: &Layout, graph: &Graph, options: &PictureOptions, scale: PixelScale) -> Result<Vec<u8>, PrintError> {
    let (width, height) = scale.size(layout)?;
    let tree = print::tree(layout, graph, options)?;
    let mut bitmap = Pixmap::new(width, height).ok_or_else(|| PrintError::Library("the picture has no size".into()))?;
    // The last row and column may lie half outside the picture.
    bitmap.fill(canvas(print::theme(options)));
    let factor = scale.get() as f32;
    resvg::render(&tree, Transform::from_scale(factor, factor), &mut bitmap.as_mut());
    encode(bitmap, scale).map_err(|e| PrintError::Library(e.to_string()))
}

fn canvas(theme: Theme) -> Color {
    let text = Paint::Canvas.color(theme);
    let part = |at: usize| text.get(at..at + 2).and_then(|t| u8::from_str_radix(t, 16).ok()).unwrap_or(255);
    Color::from_rgba8(part(1), part(3), part(5), 255)
}

fn encode(bitmap: Pixmap, scale: PixelScale) -> Result<Vec<u8>, ::png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, bitmap.width(), bitmap.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    // Plain areas and text: rows as they are pack a quarter better than rows that are predicted.
    encoder.set_filter(Filter::NoFilter);
    let density = (PIXELS_PER_METER * scale.get()).round() as u32;
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: density, yppu: density, unit: Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&without_alpha(bitmap.take()))?;
    writer.finish()?;
    Ok(file)
}

/// Three bytes of every four, in place. Every pixel is opaque, so its colors are as they were painted.
fn without_alpha(mut bytes: Vec<u8>) -> Vec<u8> {
    let pixels = bytes.len() / 4;
    for i in 0..pixels {
        bytes.copy_within(4 * i..4 * i + 3, 3 * i);
    }
    bytes.truncate(3 * pixels);
    bytes
}
