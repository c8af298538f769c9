//! The scale bar: a round number of millimetres at the scale of a view.

use tiny_skia::{Path, PathBuilder, Rect};

use super::light::{Light, Rgb, paint};
use super::text;

/// Colour of bar and label.
const INK: Rgb = [0.42, 0.45, 0.50];

/// A length to draw, and how long it is in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScaleBar {
    /// What it stands for, mm: 1, 2 or 5 times a power of ten.
    pub(super) mm: f32,
    /// Its length in the picture.
    pub(super) px: f32,
}

impl ScaleBar {
    /// The longest bar of 1, 2 or 5 times a power of ten that is at most `room_px` long.
    pub(super) fn fitting(px_per_mm: f32, room_px: f32) -> Option<Self> {
        let room_mm = room_px / px_per_mm;
        if !(room_mm.is_finite() && room_mm > 1e-6) {
            return None;
        }
        let decade = 10f32.powi(room_mm.log10().floor() as i32);
        // A room of a hair under 10 may count as the decade below: 10 stands for it.
        let factor = [10.0, 5.0, 2.0, 1.0]
            .into_iter()
            .find(|factor| factor * decade <= room_mm)?;
        let mm = factor * decade;
        Some(Self {
            mm,
            px: mm * px_per_mm,
        })
    }

    /// The label: `10 mm`.
    pub(super) fn label(&self) -> String {
        format!("{} mm", self.mm)
    }

    /// Draws the bar with its right end at (`right`, `y`) and its label centred beneath.
    pub(super) fn draw(&self, light: &mut Light, right: f32, y: f32, text_px: f32) {
        let left = right - self.px;
        let (half_bar, half_tick) = (1.5, text_px * 0.28);
        let parts = [
            (left, y - half_bar, right, y + half_bar),
            (left, y - half_tick, left + 3.0, y + half_tick),
            (right - 3.0, y - half_tick, right, y + half_tick),
        ];
        for part in parts.into_iter().filter_map(rectangle) {
            paint(light, &part, INK);
        }
        let label = self.label();
        let start = (left + right - text::width(&label, text_px)) / 2.0;
        if let (Some(path), _) = text::line(&label, text_px, start, y + half_tick + text_px * 1.1) {
            paint(light, &path, INK);
        }
    }
}

fn rectangle((left, top, right, bottom): (f32, f32, f32, f32)) -> Option<Path> {
    Rect::from_ltrb(left, top, right, bottom).map(PathBuilder::from_rect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_round_and_use_the_room() {
        for (px_per_mm, room, mm) in [
            (30.0, 320.0, 10.0),
            (30.0, 299.0, 5.0),
            (8.5, 320.0, 20.0),
            (52.0, 300.0, 5.0),
            (4000.0, 300.0, 0.05),
        ] {
            let bar = ScaleBar::fitting(px_per_mm, room).unwrap();
            assert!((bar.mm - mm).abs() < 1e-6 * mm, "{bar:?}");
            assert!(bar.px <= room && bar.px > room * 0.39, "{bar:?}");
        }
        for odd in [0.0, f32::NAN, f32::INFINITY, -1.0] {
            assert_eq!(ScaleBar::fitting(odd, 300.0), None);
        }
    }

    #[test]
    fn the_drawn_bar_is_as_long_as_its_millimetres() {
        let mut light = Light::filled(400, 80, [0.0; 3]);
        let bar = ScaleBar::fitting(31.3, 320.0).unwrap();
        bar.draw(&mut light, 390.0, 30.0, 20.0);
        let drawn: f32 = light.row(30).iter().map(|rgb| rgb[0] / INK[0]).sum();
        assert_eq!(bar.label(), "10 mm");
        assert!((drawn - 10.0 * 31.3).abs() < 0.3, "{drawn} px");
    }
}
