//! The safe volume: what lies deeper inside the blank than the margin, and in reach of the beam.
//!
//! Held as rasters over the front plane, so that the sampler asks one question of every blank,
//! whatever its shape: prism, bevelled heart, mesh. Every answer is conservative.

use crate::grid::{Grid, Raster};

/// The part of a blank that may hold points.
///
/// # Guarantees
///
/// - [`SafeVolume::contains`] is only true for points that are farther than the margin from the
///   blank's surface; near the border it may say no to points up to a few micrometres inside.
#[derive(Clone, Debug)]
pub struct SafeVolume {
    /// Signed distance in mm to the border of the safe area in the front plane, positive inside,
    /// already reduced by the error of bilinear interpolation; the frame covers the whole area.
    pub inset_mm: Raster,
    /// Least z allowed, mm.
    pub z_min_mm: Bound,
    /// Largest z allowed, mm.
    pub z_max_mm: Bound,
}

/// A bound of z over the front plane, mm.
#[derive(Clone, Debug)]
pub enum Bound {
    /// The same everywhere.
    Constant(f32),
    /// Bilinear between pixel centres, already conservative.
    Varying(Raster),
}

impl Bound {
    /// The bound at a point, mm.
    #[must_use]
    pub fn at_mm(&self, x_mm: f64, y_mm: f64) -> f32 {
        match self {
            Self::Constant(z_mm) => *z_mm,
            Self::Varying(raster) => raster.at_mm(x_mm, y_mm),
        }
    }
}

impl SafeVolume {
    /// Whether a point may stand at this place.
    #[must_use]
    pub fn contains(&self, x_mm: f64, y_mm: f64, z_mm: f32) -> bool {
        self.inset_mm.at_mm(x_mm, y_mm) >= 0.0
            && z_mm >= self.z_min_mm.at_mm(x_mm, y_mm)
            && z_mm <= self.z_max_mm.at_mm(x_mm, y_mm)
    }

    /// The safe area, to whole pixels, mm2.
    #[must_use]
    pub fn area_mm2(&self) -> f64 {
        let grid = &self.inset_mm.grid;
        let safe = grid.values().iter().filter(|&&inset_mm| inset_mm >= 0.0);
        safe.count() as f64 * self.inset_mm.frame.mm_per_px.powi(2)
    }

    /// The bounding box of the safe area, `[x_min, y_min, x_max, y_max]` in mm: of where the inset,
    /// bilinear between pixel centres, is not negative. Where nothing is safe, a box without area
    /// at the raster's centre.
    #[must_use]
    pub fn bounds_mm(&self) -> [f64; 4] {
        let (grid, frame) = (&self.inset_mm.grid, &self.inset_mm.frame);
        let (width, height) = (grid.width(), grid.height());
        // Inside a cell the border is a hyperbola, monotone in both directions, so its outermost
        // points stand on the lines between neighbouring pixel centres: those are enough, and of
        // each line its first and last pixel inside, with the ones before and behind them.
        let inside = |inset: &f32| *inset >= 0.0;
        let mut u = Span::default();
        let mut v = Span::default();
        let mut rows = None;
        for row in 0..height {
            let insets = grid.row(row);
            let Some(first) = insets.iter().position(inside) else {
                continue;
            };
            let last = insets.iter().rposition(inside).unwrap_or(first);
            u.pass(first, last, width, |column| insets[column]);
            rows = Some((rows.map_or(row, |(first, _)| first), row));
        }
        if let Some((first, last)) = rows {
            for column in 0..width {
                for row in [first, last]
                    .into_iter()
                    .filter(|&row| inside(&grid.at(column, row)))
                {
                    v.pass(row, row, height, |row| grid.at(column, row));
                }
            }
        }
        let (u, v) = match (u.inside(), v.inside()) {
            (Some(u), Some(v)) => (u, v),
            _ => {
                let centre = (width as f64 / 2.0, height as f64 / 2.0);
                ((centre.0, centre.0), (centre.1, centre.1))
            }
        };
        let (x_min_mm, y_max_mm) = frame.to_mm(u.0, v.0);
        let (x_max_mm, y_min_mm) = frame.to_mm(u.1, v.1);
        [x_min_mm, y_min_mm, x_max_mm, y_max_mm]
    }
}

impl SafeVolume {
    /// Least and largest z that any of its points may have, mm; the first is infinite, and the
    /// second negative, where nothing is safe.
    #[must_use]
    pub fn z_range_mm(&self) -> (f64, f64) {
        let extreme = |bound: &Bound, start: f32, pick: fn(f32, f32) -> f32| match bound {
            Bound::Constant(z_mm) => *z_mm,
            Bound::Varying(raster) => {
                let values = raster.grid.values().iter().copied();
                values.filter(|z| z.is_finite()).fold(start, pick)
            }
        };
        (
            f64::from(extreme(&self.z_min_mm, f32::INFINITY, f32::min)),
            f64::from(extreme(&self.z_max_mm, f32::NEG_INFINITY, f32::max)),
        )
    }
}

/// The outermost pixel coordinates found so far.
#[derive(Default)]
struct Span(Option<(f64, f64)>);

impl Span {
    fn take(&mut self, coordinate: f64) {
        let (low, high) = self.0.unwrap_or((coordinate, coordinate));
        self.0 = Some((low.min(coordinate), high.max(coordinate)));
    }

    /// Takes the ends of what is inside on a line of `count` pixels whose centres are inside from the first
    /// to the last of those two.
    fn pass(&mut self, first: usize, last: usize, count: usize, inset: impl Fn(usize) -> f32) {
        let centre = |pixel: usize| pixel as f64 + 0.5;
        // Where the border lies, in pixels from the centre of one inside toward one outside.
        let way = |inside: usize, outside: usize| {
            let [a, b] = [inside, outside].map(|pixel| f64::from(inset(pixel)));
            if b < 0.0 { a / (a - b) } else { 0.0 }
        };
        // The raster keeps its outermost values up to its edges.
        self.take(match first {
            0 => 0.0,
            _ => centre(first) - way(first, first - 1),
        });
        self.take(if last + 1 == count {
            count as f64
        } else {
            centre(last) + way(last, last + 1)
        });
    }

    fn inside(&self) -> Option<(f64, f64)> {
        self.0
    }
}

impl SafeVolume {
    /// The part of it inside a box; `None` if there is none.
    pub(super) fn within_box(mut self, low: [f64; 3], high: [f64; 3]) -> Option<Self> {
        let frame = self.inset_mm.frame;
        // Distances to the walls of a box are concave, interpolation does not exceed them; the
        // rest is rounding.
        let rounding = 1e-5 + frame.mm_per_px * 2f64.powi(-12);
        let inset = Grid::from_fn(
            self.inset_mm.grid.width(),
            self.inset_mm.grid.height(),
            |column, row| {
                let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
                let walls = (x - low[0])
                    .min(high[0] - x)
                    .min(y - low[1])
                    .min(high[1] - y);
                self.inset_mm
                    .grid
                    .at(column, row)
                    .min((walls - rounding) as f32)
            },
        );
        let clamp = |bound: Bound, change: &(dyn Fn(f32) -> f32 + Sync)| match bound {
            Bound::Constant(z) => Bound::Constant(change(z)),
            Bound::Varying(raster) => Bound::Varying(Raster {
                frame: raster.frame,
                grid: raster.grid.map(change),
            }),
        };
        // A little inside, since interpolating equal values may exceed them by some last digits.
        let room = 1e-6 * (high[2] - low[2]) as f32;
        self.z_min_mm = clamp(self.z_min_mm, &|z| z.max(low[2] as f32 + room));
        self.z_max_mm = clamp(self.z_max_mm, &|z| z.min(high[2] as f32 - room));
        let deep = |(index, &inset): (usize, &f32)| {
            let (column, row) = (index % inset_width(&self), index / inset_width(&self));
            let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
            inset >= 0.0 && self.z_max_mm.at_mm(x, y) >= self.z_min_mm.at_mm(x, y)
        };
        let some = inset.values().iter().enumerate().any(deep);
        self.inset_mm.grid = inset;
        some.then_some(self)
    }
}

fn inset_width(volume: &SafeVolume) -> usize {
    volume.inset_mm.grid.width()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Frame, Grid};

    fn volume(grid: Grid<f32>, frame: Frame) -> SafeVolume {
        SafeVolume {
            inset_mm: Raster { frame, grid },
            z_min_mm: Bound::Constant(-1.0),
            z_max_mm: Bound::Constant(1.0),
        }
    }

    #[test]
    fn bounds_touch_the_safe_outline() {
        let frame = Frame {
            x_min_mm: -6.0,
            y_max_mm: 5.0,
            mm_per_px: 0.1,
        };
        // An ellipse's implicit function, linear along the axes: 4 mm by 2.5 mm, centre (1, -1).
        let grid = Grid::from_fn(140, 100, |column, row| {
            let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
            (1.0 - ((x - 1.0) / 4.0).hypot((y + 1.0) / 2.5)) as f32
        });
        let bounds = volume(grid, frame).bounds_mm();
        for (bound, wanted) in bounds.into_iter().zip([-3.0, -3.5, 5.0, 1.5]) {
            // Half a pixel beside the axis, an ellipse of 4 by 2.5 mm lies 0.0008 mm lower.
            assert!((bound - wanted).abs() < 2e-3, "{bounds:?}");
        }
    }

    #[test]
    fn a_raster_that_is_safe_everywhere_is_its_own_bounds() {
        let frame = Frame {
            x_min_mm: -1.0,
            y_max_mm: 2.0,
            mm_per_px: 0.5,
        };
        let bounds = volume(Grid::filled(4, 6, 1.0), frame).bounds_mm();
        assert_eq!(bounds, [-1.0, -1.0, 1.0, 2.0]);
        let empty = volume(Grid::filled(4, 6, -1.0), frame).bounds_mm();
        assert_eq!(empty, [0.0, 0.5, 0.0, 0.5]);
    }
}
