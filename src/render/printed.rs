//! What may be asked of PNG and PDF and what can go wrong with them, whether or not the program is built with them.

use std::fmt;
use std::str::FromStr;

use crate::layout::Layout;
use crate::net::UnknownName;

/// A bitmap has at most this many pixels: 96 MB while it is drawn.
pub const MAX_PIXELS: u64 = 24_000_000;
/// Neither side of a bitmap is longer than this: more is not opened by many viewers.
pub const MAX_SIDE: u32 = 32_767;

/// Pixels of a bitmap for each unit of the picture, from 0.05 to 10.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct PixelScale(f64);

impl PixelScale {
    /// `None` if it is out of range.
    pub fn new(scale: f64) -> Option<PixelScale> {
        (0.05..=10.0).contains(&scale).then_some(PixelScale(scale))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The scale for a picture if none is given: two, or the largest at which its bitmap is not too large.
    pub fn of(layout: &Layout) -> PixelScale {
        let usual = PixelScale::default();
        match usual.size(layout) {
            Err(PrintError::TooLarge { fitting: Some(fitting), .. }) => fitting,
            _ => usual,
        }
    }

    /// Width and height of the bitmap of a picture, in pixels.
    pub(super) fn size(self, layout: &Layout) -> Result<(u32, u32), PrintError> {
        let pixels = |length: f64, scale: f64| (length * scale).ceil().max(1.0);
        let fits = |scale: f64| {
            let (w, h) = (pixels(layout.width, scale), pixels(layout.height, scale));
            w <= f64::from(MAX_SIDE) && h <= f64::from(MAX_SIDE) && w * h <= MAX_PIXELS as f64
        };
        let (width, height) = (pixels(layout.width, self.0), pixels(layout.height, self.0));
        if fits(self.0) {
            return Ok((width as u32, height as u32));
        }
        // The largest of the scales that fit, in hundredths.
        let fitting = (1..=1000).rev().map(|n| f64::from(n) / 100.0).find(|s| fits(*s)).and_then(PixelScale::new);
        Err(PrintError::TooLarge { width: width as u64, height: height as u64, fitting })
    }
}

impl Default for PixelScale {
    /// Two: sharp on screens with many pixels and in print.
    fn default() -> Self {
        PixelScale(2.0)
    }
}

impl fmt::Display for PixelScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for PixelScale {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownName::new("scale", text, "write a number from 0.05 to 10");
        text.parse().ok().and_then(PixelScale::new).ok_or_else(unknown)
    }
}

/// Why there is no bitmap or page.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PrintError {
    /// The bitmap would be too large.
    #[error(
        "the bitmap would be {width} × {height} pixels, and more than {} million pixels or {MAX_SIDE} on a side are not made: {}",
        MAX_PIXELS / 1_000_000,
        advice(*.fitting)
    )]
    TooLarge {
        /// Pixels from left to right.
        width: u64,
        /// Pixels from top to bottom.
        height: u64,
        /// The largest scale that fits.
        fitting: Option<PixelScale>,
    },
    /// What a library said.
    #[error("{0}")]
    Library(String),
    /// This program was built without the format.
    #[error("this kubesketch was built without {0}: build it with the feature `{0}`, or use svg")]
    NotBuilt(&'static str),
}

fn advice(fitting: Option<PixelScale>) -> String {
    match fitting {
        Some(scale) => format!("--scale {scale} fits, and svg or pdf need no pixels"),
        None => "svg and pdf need no pixels".into(),
    }
}

/// Says that the program was built without PNG.
///
/// # Errors
///
/// Always.
#[cfg(not(feature = "png"))]
pub fn png(
    _: &Layout,
    _: &crate::graph::Graph,
    _: &super::PictureOptions,
    _: PixelScale,
) -> Result<Vec<u8>, PrintError> {
    Err(PrintError::NotBuilt("png"))
}

/// Says that the program was built without PDF.
///
/// # Errors
///
/// Always.
#[cfg(not(feature = "pdf"))]
pub fn pdf(_: &Layout, _: &crate::graph::Graph, _: &super::PictureOptions) -> Result<Vec<u8>, PrintError> {
    Err(PrintError::NotBuilt("pdf"))
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
        assert_eq!(scale.size(&empty(100.2, 50.0)).unwrap(), (201, 100));
        assert_eq!(PixelScale::of(&empty(100.2, 50.0)), scale);
    }

    #[test]
    fn what_is_too_large_is_refused_with_a_scale_that_fits() {
        for (width, height) in [(9000.0, 9000.0), (40_000.0, 10.0)] {
            let picture = empty(width, height);
            let Err(PrintError::TooLarge { fitting: Some(fitting), .. }) = PixelScale::default().size(&picture) else {
                panic!("{width} × {height} is not refused");
            };
            assert!(fitting.size(&picture).is_ok() && fitting < PixelScale::default());
            assert_eq!(PixelScale::of(&picture), fitting);
        }
        let Err(PrintError::TooLarge { fitting: None, .. }) = PixelScale::default().size(&empty(1e8, 1e8)) else {
            panic!("it fits")
        };
    }

    #[test]
    fn scales_are_numbers_in_range() {
        assert_eq!("1.5".parse::<PixelScale>().unwrap().get(), 1.5);
        for wrong in ["0", "-1", "11", "NaN", "inf", "two", ""] {
            assert!(wrong.parse::<PixelScale>().unwrap_err().to_string().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let error = PrintError::TooLarge { width: 20_000, height: 18_000, fitting: PixelScale::new(1.05) };
        assert_eq!(
            error.to_string(),
            "the bitmap would be 20000 × 18000 pixels, and more than 24 million pixels or 32767 on a side are not made: \
             --scale 1.05 fits, and svg or pdf need no pixels"
        );
    }
}
