//! `--crop auto`: the part of the photo in which the subject is large and its head whole.
//!
//! Scales and places are tried from coarse to fine. Only those count in which no cell of the head
//! leaves the safe area, cleft and point included, and, where the background is kept, in which the
//! photo covers that area. Of those, the best has the largest product of the share of the subject
//! that is shown and the share of the safe area that the subject fills: a bust loses its shoulders,
//! a figure its feet. The head should stand near the middle, and the photo's own edges should not cut the
//! subject visibly.
//!
//! Where no place keeps the head whole, the one is taken that cuts least of it.

use crate::blank::SafeVolume;
use crate::placement::silhouette::{Cell, Silhouette};
use crate::settings::Crop;

/// The head keeps this share of the safe area's width from its border, where the picture fades.
const CLEAR: f64 = 0.02;

/// Scales, and places along each axis, of the coarse search.
const SCALES: usize = 18;
const PLACES: usize = 17;

/// Rounds of the fine search; each halves the steps.
const ROUNDS: usize = 7;

/// Groups of cells that stand for the subject while searching.
const GROUPS: f64 = 500.0;

/// How much of the head must be shown where it cannot be whole: its share to this power.
const HEAD_POWER: i32 = 12;

/// How much a head aside of the middle counts against a view: at a third of the way to the side, as
/// much as half of the subject. Without, a narrow head slips into one half of a heart, beside the
/// hole of a pendant, for being a little larger there.
const ASIDE: f64 = 9.0;

/// The crop is given in these parts of a pixel: short numbers that are exact in every file.
const STEPS_PER_PX: f64 = 16.0;

/// The part of a photo of `size_px` in which the subject is large and its head whole. With
/// `covers` it lies inside the photo, else it may hang over. `turn`: sine and cosine of the angle
/// by which the photo will be turned counter-clockwise about the middle of the crop.
pub(super) fn crop(
    silhouette: &Silhouette<'_>,
    size_px: [f64; 2],
    turn: (f64, f64),
    volume: &SafeVolume,
    covers: bool,
) -> Crop {
    let search = Search::new(silhouette, size_px, turn, volume, covers);
    let view = search
        .best(Head::Whole)
        .or_else(|| search.best(Head::Large))
        .unwrap_or_else(|| search.plain());
    search.crop(view)
}

/// What is asked of the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// No cell of it may leave the safe area.
    Whole,
    /// As much of it as can be.
    Large,
}

/// What the search knows.
struct Search<'a> {
    volume: &'a SafeVolume,
    /// Side of a cell, px.
    cell_px: f64,
    head: Vec<[f64; 2]>,
    head_extent: Extent,
    extent: Extent,
    /// Cells in groups: centre and weight.
    groups: Vec<([f64; 2], f64)>,
    /// The cells of the subject that lie at the photo's edge.
    edge: Vec<[f64; 2]>,
    weight: f64,
    size_px: [f64; 2],
    covers: bool,
    turn: (f64, f64),
    /// Centre and sides of the box around the safe area, mm, and the area itself, mm2.
    middle_mm: [f64; 2],
    sides_mm: [f64; 2],
    area_mm2: f64,
}

/// What the middle of the safe area's box shows, in turned px from the photo's centre, and how
/// large.
#[derive(Clone, Copy, Debug)]
struct View {
    mm_per_px: f64,
    at: [f64; 2],
}

/// The box around cells, turned px.
#[derive(Clone, Copy, Debug)]
struct Extent {
    low: [f64; 2],
    high: [f64; 2],
}

impl Extent {
    fn of<'a>(cells: impl Iterator<Item = &'a Cell>, half_px: f64) -> Self {
        let start = Self {
            low: [f64::INFINITY; 2],
            high: [f64::NEG_INFINITY; 2],
        };
        cells.fold(start, |mut all, cell| {
            for axis in 0..2 {
                all.low[axis] = all.low[axis].min(cell.at[axis] - half_px);
                all.high[axis] = all.high[axis].max(cell.at[axis] + half_px);
            }
            all
        })
    }

    fn side(&self, axis: usize) -> f64 {
        self.high[axis] - self.low[axis]
    }
}

impl<'a> Search<'a> {
    fn new(
        silhouette: &Silhouette<'_>,
        size_px: [f64; 2],
        turn: (f64, f64),
        volume: &'a SafeVolume,
        covers: bool,
    ) -> Self {
        let cells = &silhouette.cells;
        let cell_px = silhouette.cell_px as f64;
        let mut head = silhouette.head();
        let head_extent = Extent::of(head.iter().copied(), 0.5 * cell_px);
        // The outermost first: they leave the safe area before the others do.
        let middle =
            [0, 1].map(|axis| f64::midpoint(head_extent.low[axis], head_extent.high[axis]));
        let off = |cell: &Cell| (cell.at[0] - middle[0]).hypot(cell.at[1] - middle[1]);
        head.sort_by(|a, b| off(b).total_cmp(&off(a)));
        let [x_min_mm, y_min_mm, x_max_mm, y_max_mm] = volume.bounds_mm();
        Self {
            volume,
            cell_px,
            head_extent,
            extent: Extent::of(cells.iter().filter(|cell| cell.opaque), 0.5 * cell_px),
            head: head.iter().map(|cell| cell.at).collect(),
            groups: grouped(cells, cell_px),
            edge: cells
                .iter()
                .filter(|cell| cell.at_edge && cell.opaque)
                .map(|cell| cell.at)
                .collect(),
            weight: cells.iter().map(|cell| cell.weight).sum(),
            size_px,
            covers,
            turn,
            middle_mm: [
                f64::midpoint(x_min_mm, x_max_mm),
                f64::midpoint(y_min_mm, y_max_mm),
            ],
            sides_mm: [x_max_mm - x_min_mm, y_max_mm - y_min_mm],
            area_mm2: volume.area_mm2(),
        }
    }

    /// The best view, coarse to fine; `None` where there is none.
    fn best(&self, head: Head) -> Option<View> {
        let [smallest, largest] = self.scales(head);
        let step = (largest / smallest).powf(1.0 / (SCALES - 1) as f64);
        let mut best: Option<(f64, View)> = None;
        for scale in 0..SCALES {
            let mm_per_px = smallest * step.powi(scale as i32);
            let Some([low, high]) = self.places(head, mm_per_px) else {
                continue;
            };
            for across in 0..PLACES {
                for along in 0..PLACES {
                    let place = |axis: usize, number: usize| {
                        let part = number as f64 / (PLACES - 1) as f64;
                        low[axis] + (high[axis] - low[axis]) * part
                    };
                    let at = [place(0, across), place(1, along)];
                    self.improve(head, View { mm_per_px, at }, &mut best);
                }
            }
        }
        // Half a step of the scale, and of the places on average.
        let mut factor = step.sqrt();
        let mut shift = self.head_extent.side(0).max(self.head_extent.side(1)) / PLACES as f64;
        for _ in 0..ROUNDS {
            let (_, middle) = best?;
            for across in [-1.0, 0.0, 1.0] {
                for along in [-1.0, 0.0, 1.0] {
                    for scale in [-1, 0, 1] {
                        let view = View {
                            mm_per_px: middle.mm_per_px * factor.powi(scale),
                            at: [middle.at[0] + shift * across, middle.at[1] + shift * along],
                        };
                        self.improve(head, view, &mut best);
                    }
                }
            }
            factor = factor.sqrt();
            shift *= 0.5;
        }
        best.map(|(_, view)| view)
    }

    fn improve(&self, head: Head, view: View, best: &mut Option<(f64, View)>) {
        if let Some(score) = self.score(head, view)
            && best.is_none_or(|(most, _)| score > most)
        {
            *best = Some((score, view));
        }
    }

    /// The smallest and the largest scale that can be the best, mm per px.
    fn scales(&self, head: Head) -> [f64; 2] {
        let fits = |extent: &Extent| {
            (self.sides_mm[0] / extent.side(0)).min(self.sides_mm[1] / extent.side(1))
        };
        // Half of what fits in the box fits in every heart.
        let smallest = if self.covers {
            let [across, along] = self.shown_px(1.0);
            (across / self.size_px[0]).max(along / self.size_px[1])
        } else {
            0.5 * fits(&self.extent)
        };
        let largest = match head {
            Head::Whole => fits(&self.head_extent),
            Head::Large => 2.0 * fits(&self.head_extent),
        };
        [smallest, largest.max(smallest)]
    }

    /// Sides of the part of the unturned photo that covers the safe area's box, px.
    fn shown_px(&self, mm_per_px: f64) -> [f64; 2] {
        let [across, along] = self.sides_mm.map(|side| side / mm_per_px);
        let (sin, cos) = (self.turn.0.abs(), self.turn.1.abs());
        [across * cos + along * sin, across * sin + along * cos]
    }

    /// The box of places worth trying at a scale.
    fn places(&self, head: Head, mm_per_px: f64) -> Option<[[f64; 2]; 2]> {
        let (mut lows, mut highs) = ([0.0; 2], [0.0; 2]);
        let shown = self.shown_px(mm_per_px);
        let (sin, cos) = (self.turn.0.abs(), self.turn.1.abs());
        for (axis, (lowest, highest)) in lows.iter_mut().zip(&mut highs).enumerate() {
            let half = 0.5 * self.sides_mm[axis] / mm_per_px;
            let of = &self.head_extent;
            let (mut low, mut high) = (of.high[axis] - half, of.low[axis] + half);
            if head == Head::Large {
                // At least the middle of the head is to be seen.
                let middle = f64::midpoint(of.low[axis], of.high[axis]);
                (low, high) = (middle - half, middle + half);
            }
            if self.covers {
                let room = [0, 1].map(|side| 0.5 * (self.size_px[side] - shown[side]));
                let [most, other] = if axis == 0 { [cos, sin] } else { [sin, cos] };
                let most = (room[0] * most + room[1] * other).max(0.0);
                (low, high) = (low.max(-most), high.min(most));
            }
            if low > high {
                return None;
            }
            (*lowest, *highest) = (low, high);
        }
        Some([lows, highs])
    }

    /// How good a view is; `None` where it is not allowed.
    fn score(&self, head: Head, view: View) -> Option<f64> {
        if self.covers && !self.is_covered(view) {
            return None;
        }
        let head_shown = match head {
            Head::Whole => {
                // All of a cell, and the clearance; see Silhouette::reach_mm.
                let reach_mm = self.cell_px * view.mm_per_px + self.volume.inset_mm.frame.mm_per_px;
                let needed_mm = (reach_mm + CLEAR * self.sides_mm[0]) as f32;
                let whole = self
                    .head
                    .iter()
                    .all(|&at| self.inset_mm(view, at) >= needed_mm);
                whole.then_some(1.0)?
            }
            Head::Large => {
                let shown = self.head.iter();
                let shown = shown.filter(|&&at| self.inset_mm(view, at) >= 0.0).count();
                shown as f64 / self.head.len() as f64
            }
        };
        let shown = self.groups.iter();
        let shown = shown.filter(|(at, _)| self.inset_mm(view, *at) >= 0.0);
        let shown: f64 = shown.map(|(_, weight)| weight).sum();
        let subject = shown / self.weight;
        let filled = shown * view.mm_per_px * view.mm_per_px / self.area_mm2;
        let edge = self.edge.iter();
        let edge = edge.filter(|&&at| self.inset_mm(view, at) >= 0.0).count();
        let edge = edge as f64 * self.cell_px * view.mm_per_px / self.sides_mm[0];
        let middle = f64::midpoint(self.head_extent.low[0], self.head_extent.high[0]);
        let aside = (middle - view.at[0]) * view.mm_per_px / (0.5 * self.sides_mm[0]);
        let whole = subject * filled * head_shown.powi(HEAD_POWER);
        Some(whole / ((1.0 + edge) * (1.0 + ASIDE * aside * aside)))
    }

    /// Whether the photo covers the safe area's box.
    fn is_covered(&self, view: View) -> bool {
        let shown = self.shown_px(view.mm_per_px);
        let at = self.unturned(view.at);
        (0..2).all(|axis| at[axis].abs() <= 0.5 * (self.size_px[axis] - shown[axis]) + 1e-6)
    }

    /// The inset at the nearest pixel of its raster, mm.
    fn inset_mm(&self, view: View, at: [f64; 2]) -> f32 {
        let raster = &self.volume.inset_mm;
        let place =
            |axis: usize| self.middle_mm[axis] + (at[axis] - view.at[axis]) * view.mm_per_px;
        let (u, v) = raster.frame.to_px(place(0), place(1));
        if u < 0.0 || v < 0.0 {
            return f32::NEG_INFINITY;
        }
        let (column, row) = (u as usize, v as usize);
        if column >= raster.grid.width() || row >= raster.grid.height() {
            return f32::NEG_INFINITY;
        }
        raster.grid.at(column, row)
    }

    /// Turned px from the photo's centre, v up, as px right and down of it.
    fn unturned(&self, [u, v]: [f64; 2]) -> [f64; 2] {
        let (sin, cos) = self.turn;
        [cos * u + sin * v, sin * u - cos * v]
    }

    /// The middle of the subject, fitted into the box: where the safe area shows nothing.
    fn plain(&self) -> View {
        let [mm_per_px, _] = self.scales(Head::Large);
        let middle = |axis: usize| f64::midpoint(self.extent.low[axis], self.extent.high[axis]);
        let at = if self.covers {
            [0.0; 2]
        } else {
            [middle(0), middle(1)]
        };
        View { mm_per_px, at }
    }

    /// The crop that shows a view, on whole parts of a pixel.
    fn crop(&self, view: View) -> Crop {
        let stepped = |px: f64| (px * STEPS_PER_PX).floor() / STEPS_PER_PX;
        // Rounded down: what is shown stays inside the photo where it must. Never nothing.
        let side = |axis: usize| stepped(self.sides_mm[axis] / view.mm_per_px).max(1.0);
        let (width_px, height_px) = (side(0), side(1));
        let mut at = self.unturned(view.at);
        if self.covers {
            let shown = self.shown_px(view.mm_per_px);
            for axis in 0..2 {
                let room = (0.5 * (self.size_px[axis] - shown[axis])).max(0.0);
                at[axis] = at[axis].clamp(-room, room);
            }
        }
        let from = |axis: usize, side: f64| {
            stepped(0.5 * (self.size_px[axis] - side) + at[axis]).max(
                // An upright photo has no pixel left of its first.
                if self.covers && self.turn == (0.0, 1.0) {
                    0.0
                } else {
                    f64::NEG_INFINITY
                },
            )
        };
        Crop {
            x_px: from(0, width_px),
            y_px: from(1, height_px),
            width_px,
            height_px,
        }
    }
}

/// Neighbouring cells as one: centre of weight, and weight.
fn grouped(cells: &[Cell], cell_px: f64) -> Vec<([f64; 2], f64)> {
    let side = cell_px * (cells.len() as f64 / GROUPS).sqrt().max(1.0);
    let key = |cell: &Cell| cell.at.map(|at| (at / side).floor() as i64);
    let mut sorted: Vec<&Cell> = cells.iter().collect();
    sorted.sort_by_key(|cell| key(cell));
    let groups = sorted.chunk_by(|a, b| key(a) == key(b));
    groups
        .map(|group| {
            let weight: f64 = group.iter().map(|cell| cell.weight).sum();
            let mean = |axis: usize| {
                group
                    .iter()
                    .map(|cell| cell.at[axis] * cell.weight)
                    .sum::<f64>()
                    / weight
            };
            ([mean(0), mean(1)], weight)
        })
        .collect()
}

#[cfg(test)]
mod tests;
