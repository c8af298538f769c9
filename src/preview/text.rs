//! Text: one embedded font, outlines by skrifa, filled by tiny-skia.
//!
//! The font is Inter, cut down to ASCII and a few signs; its licence (SIL OFL 1.1) lies beside it in
//! `font/`. Letters stand one after the other by their advance widths: captions need no shaping.

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia::{Path, PathBuilder};

const FONT: &[u8] = include_bytes!("font/inter-regular.ttf");

/// Shown for characters that the font lacks.
const STAND_IN: char = '?';

/// A line of text as one path, its baseline starting at (`x`, `baseline`), with its width in px;
/// the path is `None` when nothing is to be seen.
pub(super) fn line(text: &str, size_px: f32, x: f32, baseline: f32) -> (Option<Path>, f32) {
    let font = FontRef::new(FONT).expect("the embedded font is whole");
    let outlines = font.outline_glyphs();
    let metrics = font.glyph_metrics(Size::new(size_px), LocationRef::default());
    let mut pen = Pen {
        path: PathBuilder::new(),
        x,
        baseline,
    };
    for glyph in glyphs(&font, text) {
        let settings = DrawSettings::unhinted(Size::new(size_px), LocationRef::default());
        if let Some(outline) = outlines.get(glyph) {
            outline
                .draw(settings, &mut pen)
                .expect("every glyph of the embedded font draws");
        }
        pen.x += metrics.advance_width(glyph).unwrap_or(0.0);
    }
    let width = pen.x - x;
    (pen.path.finish(), width)
}

/// Width of a line of text, px.
pub(super) fn width(text: &str, size_px: f32) -> f32 {
    let font = FontRef::new(FONT).expect("the embedded font is whole");
    let metrics = font.glyph_metrics(Size::new(size_px), LocationRef::default());
    glyphs(&font, text)
        .map(|glyph| metrics.advance_width(glyph).unwrap_or(0.0))
        .sum()
}

/// `text`, or as much of its beginning as fits with `…` behind it.
pub(super) fn fitted(text: &str, size_px: f32, width_px: f32) -> String {
    if width(text, size_px) <= width_px {
        return text.to_owned();
    }
    let room = width_px - width("…", size_px);
    let mut short = String::new();
    let mut used = 0.0;
    for letter in text.chars() {
        used += width(letter.encode_utf8(&mut [0; 4]), size_px);
        if used > room {
            break;
        }
        short.push(letter);
    }
    short.push('…');
    short
}

fn glyphs(font: &FontRef<'_>, text: &str) -> impl Iterator<Item = GlyphId> {
    let map = font.charmap();
    text.chars()
        .map(|letter| if letter.is_whitespace() { ' ' } else { letter })
        .filter(|letter| !letter.is_control())
        .map(move |letter| {
            map.map(letter)
                .or_else(|| map.map(STAND_IN))
                .unwrap_or_default()
        })
}

/// Turns glyphs upright: fonts count y upward, pictures downward.
struct Pen {
    path: PathBuilder,
    x: f32,
    baseline: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, self.baseline - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, self.baseline - y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let (left, baseline) = (self.x, self.baseline);
        self.path
            .quad_to(left + cx, baseline - cy, left + x, baseline - y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (left, baseline) = (self.x, self.baseline);
        self.path.cubic_to(
            left + cx0,
            baseline - cy0,
            left + cx1,
            baseline - cy1,
            left + x,
            baseline - y,
        );
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_ascii_letter_is_in_the_font() {
        let font = FontRef::new(FONT).unwrap();
        for letter in (' '..='~').chain(['×', '·', '–', '°', 'µ', '…']) {
            assert!(font.charmap().map(letter).is_some(), "{letter}");
        }
    }

    #[test]
    fn letters_stand_on_the_baseline_upright() {
        let (path, width) = line("L", 100.0, 50.0, 200.0);
        let bounds = path.unwrap().bounds();
        assert!((bounds.bottom() - 200.0).abs() < 0.5, "{bounds:?}");
        assert!((110.0..140.0).contains(&bounds.top()), "{bounds:?}");
        assert!(bounds.left() > 50.0 && bounds.right() < 50.0 + width);
    }

    #[test]
    fn long_lines_are_cut_to_their_room() {
        let long = "heart ".repeat(50);
        let short = fitted(&long, 20.0, 300.0);
        assert!(short.ends_with('…') && width(&short, 20.0) <= 300.0);
        assert_eq!(fitted("heart", 20.0, 300.0), "heart");
    }

    #[test]
    fn odd_text_does_not_panic() {
        for text in ["", " ", "\u{0}\n\t", "心 ♥ 🫀", "\u{202e}abc"] {
            let (path, width) = line(text, 20.0, 0.0, 0.0);
            assert!(width >= 0.0 && path.is_none_or(|path| path.bounds().width() >= 0.0));
        }
    }
}
