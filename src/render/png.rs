//! PNG: the picture as a bitmap, with the density that makes a document show it in the size of the SVG.
//!
//! Opaque, three bytes for each pixel, no date and no name of a program. A bitmap beyond [`MAX_PIXELS`] or [`MAX_SIDE`]
//! is refused before any memory is taken for it.

use ::png::{BitDepth, ColorType, Compression, Encoder, Filter, PixelDimensions, Unit};
use resvg::tiny_skia::{Color, Pixmap, Transform};

use crate::graph::Graph;
use crate::layout::Layout;

use super::theme::{Paint, Theme};
use super::{MAX_PIXELS, MAX_SIDE, PictureOptions, PixelScale, PrintError, print};

/// Pixels of one unit of the picture at scale 1, for each meter: 96 for each inch, as in CSS.
const PIXELS_PER_METER: f64 = 96.0 / 0.0254;

/// The picture as a PNG file. [`Theme::Auto`](super::Theme::Auto) is drawn light.
///
/// # Errors
///
/// [`PrintError::TooLarge`] when the bitmap would have more than [`MAX_PIXELS`] pixels or a side of more than
/// [`MAX_SIDE`].
pub fn png(layout: &Layout, graph: &Graph, options: &PictureOptions, scale: PixelScale) -> Result<Vec<u8>, PrintError> {
    let (width, height) = size(layout, scale)?;
    let tree = print::tree(layout, graph, options)?;
    let mut bitmap = Pixmap::new(width, height).ok_or_else(|| PrintError::Library("the picture has no size".into()))?;
    // The last row and column may lie half outside the picture.
    bitmap.fill(canvas(print::theme(options)));
    let factor = scale.get() as f32;
    resvg::render(&tree, Transform::from_scale(factor, factor), &mut bitmap.as_mut());
    encode(bitmap, scale).map_err(|e| PrintError::Library(e.to_string()))
}

/// Width and height in pixels.
fn size(layout: &Layout, scale: PixelScale) -> Result<(u32, u32), PrintError> {
    let pixels = |length: f64, scale: f64| (length * scale).ceil().max(1.0);
    let fits = |scale: f64| {
        let (w, h) = (pixels(layout.width, scale), pixels(layout.height, scale));
        w <= f64::from(MAX_SIDE) && h <= f64::from(MAX_SIDE) && w * h <= MAX_PIXELS as f64
    };
    let (width, height) = (pixels(layout.width, scale.get()), pixels(layout.height, scale.get()));
    if fits(scale.get()) {
        return Ok((width as u32, height as u32));
    }
    // The largest of the scales that fit, in hundredths.
    let fitting = (1..=1000).rev().map(|n| f64::from(n) / 100.0).find(|s| fits(*s)).and_then(PixelScale::new);
    Err(PrintError::TooLarge { width: width as u64, height: height as u64, fitting })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn empty(width: f64, height: f64) -> Layout {
        Layout { width, height, ..Layout::default() }
    }

    #[test]
    fn the_size_is_that_of_the_picture_times_the_scale() {
        let scale = PixelScale::new(2.0).unwrap();
        assert_eq!(size(&empty(100.2, 50.0), scale).unwrap(), (201, 100));
    }

    #[test]
    fn what_is_too_large_is_refused_with_a_scale_that_fits() {
        for (width, height) in [(9000.0, 9000.0), (40_000.0, 10.0)] {
            let picture = empty(width, height);
            let Err(PrintError::TooLarge { fitting: Some(fitting), .. }) = size(&picture, PixelScale::default()) else {
                panic!("{width} × {height} is not refused");
            };
            assert!(size(&picture, fitting).is_ok() && fitting < PixelScale::default());
        }
        let Err(PrintError::TooLarge { fitting: None, .. }) = size(&empty(1e8, 1e8), PixelScale::default()) else {
            panic!("it fits")
        };
    }
}
