//! How sure a cut is: measured on the cut itself, since there is no truth to compare with.
//!
//! The confidence estimates the chance that the mean absolute error of the matte is below 0.08. It
//! is a logistic function of six signs, fitted to the composites of `examples/matte_confidence` whose
//! matte is known (those before every second background) and to photos that were judged by eye; the
//! other composites were held out for the figures in the README. Where the eyes are known, one sign
//! says as much of the composites that were held out as all of them. Two signs that no composite shows,
//! a subject that is next to nothing or next to everything and one that lies along the border,
//! count as they did before: by limits set by eye.
//!
//! Not promised: that photos unlike these, of things or of many people, are judged as well.

use crate::grid::Grid;
use crate::subject::segment::{Cut, skin, squared};

/// Below this the cut is not used: a bad cut-out is worse than none.
pub(super) const SURE_FROM: f32 = 0.5;

/// Less of the picture than this in the colour of skin is no face.
const LEAST_SKIN: f64 = 0.003;

/// What a cut looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signs {
    /// Share of the pixels that colour alone would put on their side of the cut.
    pub separation: f32,
    /// Mean colour difference across the cut, over the mean in the whole picture.
    pub contrast: f32,
    /// Length of the cut over that of a circle around as much.
    pub roughness: f32,
    /// Share of the upper border and sides that the subject touches.
    pub contact: f32,
    /// Share of the picture.
    pub area: f32,
    /// Share of what has the colour of skin, near the centre, that is inside; 1 where there is none.
    pub skin: f32,
    /// Overlap with the cut from other seeds: intersection over union.
    pub stability: f32,
    /// Share of the lower border that the subject touches.
    pub foot: f32,
}

impl Signs {
    /// All of them with their names.
    #[must_use]
    pub fn named(&self) -> [(&'static str, f32); 8] {
        [
            ("separation", self.separation),
            ("contrast", self.contrast),
            ("roughness", self.roughness),
            ("contact", self.contact),
            ("area", self.area),
            ("skin", self.skin),
            ("stability", self.stability),
            ("foot", self.foot),
        ]
    }

    pub(super) fn of(colors: &Grid<[f32; 3]>, cut: &Cut, other: Option<&Cut>) -> Self {
        let (width, height) = (colors.width(), colors.height());
        let mask = &cut.mask;
        let (mut inside, mut right_in, mut right_out) = (0_u32, 0_u32, 0_u32);
        let (mut touching, mut border) = (0_u32, 0_u32);
        let (mut skin_in, mut skin_all) = (0.0_f64, 0.0_f64);
        let mut foot = 0_u32;
        let (mut across, mut cut_edges, mut all, mut edges) = (0.0_f64, 0_u32, 0.0_f64, 0_u32);
        for row in 0..height {
            for column in 0..width {
                let here = mask.at(column, row);
                inside += u32::from(here);
                let skin = skin(&colors.at(column, row));
                foot += u32::from(here && row + 1 == height);
                let skin = near_centre(column, width) * near_centre(row, height) * skin;
                skin_all += f64::from(skin);
                skin_in += if here { f64::from(skin) } else { 0.0 };
                right_in += u32::from(here && cut.odds.at(column, row) > 0.0);
                right_out += u32::from(!here && cut.odds.at(column, row) <= 0.0);
                if row == 0 || column == 0 || column + 1 == width {
                    border += 1;
                    touching += u32::from(here);
                }
                for (right, down) in [(1, 0), (0, 1)] {
                    let to = (column + right, row + down);
                    if to.0 < width && to.1 < height {
                        // Two steps apart: the edge of a photo is seldom sharper than a pixel.
                        let far = ((to.0 + right).min(width - 1), (to.1 + down).min(height - 1));
                        let off = squared(&colors.at(column, row), &colors.at(far.0, far.1));
                        let off = f64::from(off.sqrt());
                        all += off;
                        edges += 1;
                        if mask.at(to.0, to.1) != here {
                            across += off;
                            cut_edges += 1;
                        }
                    }
                }
            }
        }
        let pixels = (width * height) as u32;
        let share = |part: u32, of: u32| part as f32 / of.max(1) as f32;
        let mean = |sum: f64, count: u32| sum / f64::from(count.max(1));
        Self {
            roughness: cut_edges as f32
                / (inside.max(1) as f32 * 4.0 * std::f32::consts::PI).sqrt(),
            separation: 0.5 * (share(right_in, inside) + share(right_out, pixels - inside)),
            contrast: (mean(across, cut_edges) / mean(all, edges).max(1e-6)) as f32,
            contact: share(touching, border),
            area: share(inside, pixels),
            skin: if skin_all > LEAST_SKIN * f64::from(pixels) {
                (skin_in / skin_all) as f32
            } else {
                1.0
            },
            stability: other.map_or(0.0, |other| overlap(mask, &other.mask)),
            foot: share(foot, width as u32),
        }
    }

    /// How sure, 0 to 1; `by_eyes` where they told the subject's place, and what is left to doubt is whether
    /// colours told its outline.
    pub(super) fn confidence(&self, by_eyes: bool) -> f32 {
        let rise = |value: f32, none: f32, full: f32| {
            let t = ((value - none) / (full - none)).clamp(0.0, 1.0);
            t * t * (3.0 - 2.0 * t)
        };
        // A cut along edges much sharper than all others follows those inside the subject, or of
        // something behind it: from 3 to 5 times as sharp, the odds fall by nine.
        let by_signs = -20.67 + 22.84 * self.separation.max(0.8) + 3.7 * self.stability.max(0.4)
            - 4.2 * self.contrast.clamp(3.0, 5.0).ln()
            + 1.47 * self.foot.min(0.6)
            + 1.03 * self.skin.clamp(0.3, 0.9)
            - 0.24 * self.roughness.clamp(1.0, 3.0);
        let log_odds = if by_eyes {
            -17.48 + 22.02 * self.separation.max(0.7)
        } else {
            by_signs
        };
        rise(self.area, 0.005, 0.04) * rise(self.area, 0.95, 0.75) * rise(self.contact, 0.6, 0.15)
            / (1.0 + (-log_odds).exp())
    }
}

/// 1 in the middle of a side, 0 at its ends.
fn near_centre(at: usize, side: usize) -> f32 {
    let off = 2.0 * (at as f32 + 0.5) / side as f32 - 1.0;
    1.0 - off * off
}

/// Intersection over union.
pub(super) fn overlap(a: &Grid<bool>, b: &Grid<bool>) -> f32 {
    let pairs = a.values().iter().zip(b.values());
    let (both, either) = pairs.fold((0_u32, 0_u32), |(both, either), (&a, &b)| {
        (both + u32::from(a && b), either + u32::from(a || b))
    });
    both as f32 / either.max(1) as f32
}
