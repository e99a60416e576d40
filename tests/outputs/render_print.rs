//! PNG and PDF: of the right size, with their text, in every theme, and the same bytes each time.

use crate::support::shop;
use crate::support::skip::program;
use kubesketch::graph::{Graph, GraphBuilder};
use kubesketch::layout::{self, Layout};
use kubesketch::render::{PictureOptions, PixelScale, PrintError, Theme, pdf, png};

struct Bitmap {
    width: u32,
    height: u32,
    density: Option<u32>,
    /// Red, green, blue.
    pixels: Vec<[u8; 3]>,
}

impl Bitmap {
    fn read(file: &[u8]) -> Bitmap {
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (::png::ColorType::Rgb, ::png::BitDepth::Eight));
        Bitmap {
            width: info.width,
            height: info.height,
            density: reader.info().pixel_dims.map(|d| d.xppu),
            pixels: bytes.as_chunks().0.to_vec(),
        }
    }

    /// How many pixels of a box of the picture are of no color of the ground.
    fn ink(&self, area: layout::Rect, scale: f64, ground: [u8; 3]) -> usize {
        let range = |from: f64, to: f64| (from * scale) as u32..(to * scale) as u32;
        range(area.y, area.bottom())
            .flat_map(|y| range(area.x, area.right()).map(move |x| (x, y)))
            .filter(|(x, y)| self.pixels[(y * self.width + x) as usize] != ground)
            .count()
    }
}

fn options(theme: Theme) -> PictureOptions {
    PictureOptions { theme, ..PictureOptions::default() }
}

fn shop(title: &str) -> (Graph, Layout) {
    let graph = shop::shop();
    let options = layout::Options { title: Some(title.into()), ..layout::Options::default() };
    let layout = layout::layout(&graph, &options);
    (graph, layout)
}

fn scale(number: f64) -> PixelScale {
    PixelScale::new(number).unwrap()
}

#[test]
fn a_bitmap_has_the_size_and_density_of_its_scale() {
    let (graph, layout) = shop("The shop");
    for number in [0.5, 1.0, 2.0, 3.3] {
        let picture = Bitmap::read(&png(&layout, &graph, &options(Theme::Light), scale(number)).unwrap());
        let pixels = |length: f64| (length * number).ceil() as u32;
        assert_eq!((picture.width, picture.height), (pixels(layout.width), pixels(layout.height)));
        assert_eq!(picture.density, Some((96.0 / 0.0254 * number).round() as u32));
    }
}

#[test]
fn every_text_of_a_bitmap_is_there() {
    // The fonts of the program have Arabic and Greek; of Chinese and emoji a box is drawn.
    let (graph, layout) = shop("Shop Ωμέγα مرحبا 漢字 🎉");
    for (theme, ground) in [(Theme::Light, [255; 3]), (Theme::Dark, [0x0f, 0x15, 0x20]), (Theme::Auto, [255; 3])] {
        let file = png(&layout, &graph, &options(theme), scale(2.0)).unwrap();
        let picture = Bitmap::read(&file);
        assert_eq!(picture.pixels[0], ground);
        assert_eq!(*picture.pixels.last().unwrap(), ground, "the last pixel is no half one");
        for text in &layout.heading {
            let mut x = text.at.x;
            for c in text.content.chars() {
                let width = layout::text_width(&c.to_string(), text.role);
                let area =
                    layout::Rect { x, y: text.at.y - text.role.size(), w: width + 4.0, h: text.role.size() * 1.2 };
                // Kerning moves letters a little; boxes are narrower than their place.
                assert!(
                    c == ' ' || x > 180.0 || picture.ink(area, 2.0, ground) > 0,
                    "{c} of {:?} is not there",
                    text.content
                );
                x += width;
            }
        }
        for text in layout.cards.iter().flat_map(|c| &c.texts) {
            let area = layout::Rect {
                x: text.at.x,
                y: text.at.y - text.role.size() * 0.8,
                w: text.width,
                h: text.role.size() * 0.8,
            };
            let inside = picture.pixels[((area.y * 2.0) as u32 * picture.width + (area.x * 2.0) as u32 - 2) as usize];
            assert!(picture.ink(area, 2.0, inside) > 20, "{} is not there", text.content);
        }
        assert_eq!(file, png(&layout, &graph, &options(theme), scale(2.0)).unwrap());
    }
}

#[test]
fn a_page_holds_its_text_and_fonts_and_no_date() {
    let (graph, layout) = shop("Shop Ωμέγα");
    let file = pdf(&layout, &graph, &options(Theme::Light)).unwrap();
    assert_eq!(file, pdf(&layout, &graph, &options(Theme::Light)).unwrap());
    assert_ne!(file, pdf(&layout, &graph, &options(Theme::Dark)).unwrap());
    assert_eq!(file, pdf(&layout, &graph, &options(Theme::Auto)).unwrap());
    let raw = String::from_utf8_lossy(&file);
    assert!(raw.starts_with("%PDF-1.7"));
    for (word, there) in [
        ("/CreationDate", false),
        ("/ModDate", false),
        ("xmp:CreateDate", false),
        ("/JavaScript", false),
        ("+DejaVuSans", true),
        ("+DejaVuSans-Bold", true),
        ("/Figure", true),
        ("/StructTreeRoot", true),
    ] {
        assert_eq!(raw.contains(word), there, "{word}");
    }
    let path = shop::folder("print").join("shop.pdf");
    std::fs::write(&path, &file).unwrap();
    let Some(mut reader) = program("pdftotext") else { return };
    let text =
        String::from_utf8(reader.args(["-raw".as_ref(), path.as_os_str(), "-".as_ref()]).output().unwrap().stdout)
            .unwrap();
    for text_of in layout
        .cards
        .iter()
        .flat_map(|c| &c.texts)
        .chain(&layout.heading)
        .chain(layout.frames.iter().flat_map(|f| &f.title))
    {
        assert!(text.contains(text_of.content.trim()), "{} cannot be selected in\n{text}", text_of.content);
    }
}

#[test]
fn what_has_no_size_or_too_much_of_it_is_an_error() {
    let graph = GraphBuilder::new().build();
    let huge = Layout { width: 60_000.0, height: 60_000.0, ..Layout::default() };
    let refused = png(&huge, &graph, &options(Theme::Light), scale(1.0));
    assert!(matches!(refused, Err(PrintError::TooLarge { .. })));
    // A page is made smaller instead; no side is longer than 200 inches.
    let page = pdf(&huge, &graph, &options(Theme::Light)).unwrap();
    assert!(String::from_utf8_lossy(&page).contains("[0 0 14400 14400]"));
    assert!(png(&Layout::default(), &graph, &options(Theme::Light), scale(1.0)).is_err());
    assert!(pdf(&Layout::default(), &graph, &options(Theme::Light)).is_err());
    let empty = layout::layout(&graph, &layout::Options::default());
    assert!(
        png(&empty, &graph, &options(Theme::Light), scale(1.0)).is_ok()
            && pdf(&empty, &graph, &options(Theme::Light)).is_ok()
    );
}
