//! What may be asked of PNG and PDF and what can go wrong with them, whether or not the program is built with them.

use std::fmt;
use std::str::FromStr;

use crate::net::UnknownName;

/// A bitmap has at most this many pixels: 400 MB while it is drawn.
pub const MAX_PIXELS: u64 = 100_000_000;
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
    _: &crate::layout::Layout,
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
pub fn pdf(
    _: &crate::layout::Layout,
    _: &crate::graph::Graph,
    _: &super::PictureOptions,
) -> Result<Vec<u8>, PrintError> {
    Err(PrintError::NotBuilt("pdf"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            "the bitmap would be 20000 × 18000 pixels, and more than 100 million pixels or 32767 on a side are not made: \
             --scale 1.05 fits, and svg or pdf need no pixels"
        );
    }
}
