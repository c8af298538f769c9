//! Blur: the picture as polish sees it, a raster of its error and the pixels that a point reaches.

use super::super::candidates::Dot;
use super::super::target::Target;
use super::super::work::Bell;
use crate::grid::Grid;

/// Places within a pixel for which the bell is tabulated.
const PLACES: usize = 128;

/// Parts of a pixel in which places are counted: of a cloud a kilometre wide, the rounding of its
/// length in units takes up less than a place.
const PARTS_PER_PX: u64 = 1 << 36;

/// The bell around one place along an axis.
#[derive(Clone, Copy, Debug)]
struct Taps<const TAPS: usize> {
    /// Its values at the pixels, which add up to 1.
    value: [f32; TAPS],
    /// Their derivatives by the place.
    slope: [f32; TAPS],
}

/// The bell through which the picture is seen; a point reaches `TAPS` pixels along a side.
#[derive(Debug)]
pub(super) struct Blur<const TAPS: usize> {
    /// Standard deviation in its own pixels.
    pub(super) sigma_px: f64,
    /// Side of a pixel, units.
    pub(super) pixel: f64,
    /// The target's pixels in a pixel, along a side.
    stride: usize,
    /// Where the first places of the first pixels lie, and places in a unit: in parts of a place, since
    /// whole numbers are split faster.
    corner: [i64; 2],
    parts_per_unit: i64,
    /// Lower edge of the target's raster, units.
    y_min: f64,
    places: Vec<Taps<TAPS>>,
    /// What makes a pixel of the blurred wish: weights of the target's pixels, and how many of
    /// them come before the first one below it.
    weights: Vec<f32>,
    lead: usize,
}

impl Blur<8> {
    /// A Gaussian 1.25 of the target's pixels wide, standard deviation: 0.05 mm for eight layers at
    /// 0.08 mm, two thirds of what an eye resolves at 250 mm; `work.rs` keeps it near that for fewer.
    pub(super) fn gaussian(target: &Target<'_>) -> Self {
        let sigma_px = Bell::Gaussian.sigma_px();
        let bell = |away: f64| (-0.5 * (away / sigma_px).powi(2)).exp();
        let slope = |away: f64| -away / (sigma_px * sigma_px) * bell(away);
        // Wishes are means over pixels already, which blurs by 1/12.
        let variance = sigma_px * sigma_px - 1.0 / 12.0;
        let weight = |k: i32| (-0.5 * f64::from(k - 4).powi(2) / variance).exp();
        let weights: Vec<f64> = (0..9).map(weight).collect();
        Self::new(target, sigma_px, 1, &bell, &slope, &weights)
    }
}

impl Blur<4> {
    /// A cubic B-spline on pixels twice as wide, 1.15 of the target's pixels in standard deviation: a
    /// quarter of the work, for a picture that is not quite as even.
    pub(super) fn spline(target: &Target<'_>) -> Self {
        let bell = |away: f64| {
            let a = away.abs();
            if a < 1.0 {
                (4.0 - 6.0 * a * a + 3.0 * a * a * a) / 6.0
            } else {
                (2.0 - a).max(0.0).powi(3) / 6.0
            }
        };
        let slope = |away: f64| {
            let a = away.abs();
            let falling = if a < 1.0 {
                1.5 * a * a - 2.0 * a
            } else {
                -0.5 * (2.0 - a).max(0.0).powi(2)
            };
            falling.copysign(-away)
        };
        let weights: Vec<f64> = (0..8).map(|k| bell(0.5 * f64::from(k) - 1.75)).collect();
        let own_px = Bell::Spline.sigma_px() / 2.0;
        Self::new(target, own_px, 2, &bell, &slope, &weights)
    }
}

impl<const TAPS: usize> Blur<TAPS> {
    /// Pixels around the target's raster, so that every point reaches pixels only.
    pub(super) const BORDER_PX: usize = TAPS;

    fn new(
        target: &Target<'_>,
        sigma_px: f64,
        stride: usize,
        bell: &dyn Fn(f64) -> f64,
        slope: &dyn Fn(f64) -> f64,
        weights: &[f64],
    ) -> Self {
        let taps = |place: usize| {
            let fraction = (place as f64 + 0.5) / PLACES as f64;
            let away = |k: usize| k as f64 - (TAPS / 2 - 1) as f64 - fraction;
            let all: f64 = (0..TAPS).map(|k| bell(away(k))).sum();
            Taps {
                value: std::array::from_fn(|k| (bell(away(k)) / all) as f32),
                // By the place, which is where the distance falls.
                slope: std::array::from_fn(|k| (-slope(away(k)) / all) as f32),
            }
        };
        let all: f64 = weights.iter().sum();
        // The wish in a pixel is that of all the target's pixels in it.
        let share = stride as f64 / all;
        let pixel = target.pixel * stride as f64;
        Self {
            sigma_px,
            pixel,
            stride,
            corner: [target.x_min, target.y_min].map(|edge| {
                let px = Self::BORDER_PX as f64 - 0.5 - edge / pixel;
                (px * PARTS_PER_PX as f64) as i64
            }),
            parts_per_unit: (PARTS_PER_PX as f64 / pixel).round() as i64,
            y_min: target.y_min,
            places: (0..PLACES).map(taps).collect(),
            lead: (weights.len() - stride) / 2,
            weights: weights
                .iter()
                .map(|weight| (weight * share) as f32)
                .collect(),
        }
    }

    /// The blurred wish, negative, with a border: the error of a picture without points.
    pub(super) fn of(&self, target: &Target<'_>) -> Grid<f32> {
        let (wish, stride) = (&target.wish, self.stride);
        let side = |length: usize| length.div_ceil(stride) + 2 * Self::BORDER_PX;
        let (width, height) = (side(wish.width()), side(wish.height()));
        // Where the first weight of the first pixel lies before the first wish.
        let before = stride * Self::BORDER_PX + self.lead;
        let mut out = Grid::filled(width, height, 0.0f32);
        out.for_each_row(|row, values| {
            let mut column = vec![0.0f32; stride * width + self.weights.len()];
            for (k, weight) in self.weights.iter().enumerate() {
                let source = (stride * row + k).checked_sub(before);
                if let Some(source) = source.filter(|&source| source < wish.height()) {
                    for (sum, wish) in column[before..].iter_mut().zip(wish.row(source)) {
                        *sum += weight * wish;
                    }
                }
            }
            let windows = column.windows(self.weights.len()).step_by(stride);
            for (value, near) in values.iter_mut().zip(windows) {
                let sum: f32 = near.iter().zip(&self.weights).map(|(a, b)| a * b).sum();
                *value = -sum;
            }
        });
        out
    }

    /// The row of pixels at a height in units; the first below all.
    pub(super) fn row_at(&self, y: f64) -> usize {
        ((y - self.y_min) / self.pixel).max(0.0) as usize + Self::BORDER_PX
    }

    /// The pixels that a point reaches.
    pub(super) fn reach(&self, dot: &Dot) -> Reach<'_, TAPS> {
        let place = |at: i32, first: i64| {
            let parts = (first + i64::from(at) * self.parts_per_unit) as u64;
            let (whole, part) = (parts / PARTS_PER_PX, parts % PARTS_PER_PX);
            let taps = &self.places[(part / (PARTS_PER_PX / PLACES as u64)) as usize];
            (whole as usize + 1 - TAPS / 2, taps)
        };
        let (column, x) = place(dot.x, self.corner[0]);
        let (row, y) = place(dot.y, self.corner[1]);
        Reach { column, row, x, y }
    }
}

fn dot<const TAPS: usize>(a: &[f32; TAPS], b: &[f32; TAPS]) -> f32 {
    let mut sums = [0.0; 4];
    for (a, b) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
        for k in 0..4 {
            sums[k] += a[k] * b[k];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// The pixels that a point reaches: the first column and row, and its bell along both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach<'a, const TAPS: usize> {
    column: usize,
    row: usize,
    x: &'a Taps<TAPS>,
    y: &'a Taps<TAPS>,
}

/// Rows of the error that one band may change.
#[derive(Debug)]
pub(super) struct Pixels<'a, const TAPS: usize> {
    pub(super) values: &'a mut [f32],
    pub(super) width: usize,
    /// Number of the first row.
    pub(super) first: usize,
}

impl<const TAPS: usize> Pixels<'_, TAPS> {
    /// The pixels in one row that a point reaches.
    fn row(&self, reach: &Reach<'_, TAPS>, k: usize) -> &[f32; TAPS] {
        let start = (reach.row - self.first + k) * self.width + reach.column;
        self.values[start..start + TAPS]
            .try_into()
            .expect("so many")
    }

    fn row_mut(&mut self, reach: &Reach<'_, TAPS>, k: usize) -> &mut [f32; TAPS] {
        let start = (reach.row - self.first + k) * self.width + reach.column;
        (&mut self.values[start..start + TAPS])
            .try_into()
            .expect("so many")
    }

    pub(super) fn add(&mut self, reach: &Reach<'_, TAPS>, sign: f32) {
        for k in 0..TAPS {
            let weight = sign * reach.y.value[k];
            for (value, bell) in self.row_mut(reach, k).iter_mut().zip(&reach.x.value) {
                *value += weight * bell;
            }
        }
    }

    /// Takes a point from one place to another.
    pub(super) fn shift(&mut self, from: &Reach<'_, TAPS>, to: &Reach<'_, TAPS>) {
        if (from.column, from.row) != (to.column, to.row) {
            self.add(from, -1.0);
            self.add(to, 1.0);
            return;
        }
        for k in 0..TAPS {
            let (less, more) = (from.y.value[k], to.y.value[k]);
            let row = self.row_mut(to, k);
            for (value, (old, new)) in row.iter_mut().zip(from.x.value.iter().zip(&to.x.value)) {
                *value += more * new - less * old;
            }
        }
    }

    /// The slope of half the squared error of all pixels by the place of a point.
    pub(super) fn slope(&self, reach: &Reach<'_, TAPS>) -> [f32; 2] {
        let (x, y) = (reach.x, reach.y);
        let mut sums = [[0.0f32; TAPS]; 2];
        for k in 0..TAPS {
            let row = self.row(reach, k);
            for (sum, weight) in sums.iter_mut().zip([y.value[k], y.slope[k]]) {
                for (sum, error) in sum.iter_mut().zip(row) {
                    *sum += weight * error;
                }
            }
        }
        [dot(&sums[0], &x.slope), dot(&sums[1], &x.value)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Spacing;
    use super::super::super::spacing::Rule;
    use super::*;
    use crate::grid::Frame;
    use crate::random;
    use crate::tone::ToneMap;

    const SIDE: usize = 40;

    fn target(tone: &ToneMap) -> Target<'_> {
        let spacing = Spacing {
            xy_mm: 0.08,
            z_mm: 0.09,
            precision_mm: 0.001,
            single_precision_to_mm: None,
        };
        let density = 8.0 / (80.0 * 80.0);
        Target::new(tone, &Rule::new(&spacing), density, 1.4 / density.sqrt())
    }

    fn tone() -> ToneMap {
        let frame = Frame {
            x_min_mm: -0.4,
            y_max_mm: 0.4,
            mm_per_px: 0.03,
        };
        let grid = Grid::from_fn(27, 26, |column, row| u16::MAX - (column * row * 41) as u16);
        ToneMap { frame, grid }
    }

    fn reach<const TAPS: usize>(blur: &Blur<TAPS>, [x, y]: [usize; 2]) -> Reach<'_, TAPS> {
        Reach {
            column: 14,
            row: 15,
            x: &blur.places[x],
            y: &blur.places[y],
        }
    }

    /// Half the squared error of all pixels.
    fn half_squared(values: &[f32]) -> f64 {
        let squares = values.iter().map(|&value| f64::from(value).powi(2));
        0.5 * squares.sum::<f64>()
    }

    fn pixels<const TAPS: usize>(values: &mut [f32]) -> Pixels<'_, TAPS> {
        Pixels {
            values,
            width: SIDE,
            first: 0,
        }
    }

    fn slopes_are_those_of_the_squared_error<const TAPS: usize>(blur: &Blur<TAPS>) {
        let mut values: Vec<f32> = (0..(SIDE * SIDE) as u64)
            .map(|k| random::unit(7, k) - 0.5)
            .collect();
        let mut pixels = pixels(&mut values);
        let place = [60, 70];
        let mut squared = |by: [i32; 2]| {
            let there = [0, 1].map(|axis| (place[axis] as i32 + by[axis]) as usize);
            pixels.add(&reach(blur, there), 1.0);
            let squared = half_squared(pixels.values);
            pixels.add(&reach(blur, there), -1.0);
            squared
        };
        // Differences over a sixteenth of a pixel.
        let step = 8.0 / PLACES as f64;
        let [right, left, up, down] = [[8, 0], [-8, 0], [0, 8], [0, -8]].map(&mut squared);
        pixels.add(&reach(blur, place), 1.0);
        let slope = pixels.slope(&reach(blur, place));
        let near = |a: f32, b: f64| (f64::from(a) - b).abs() < 2e-3;
        assert!(near(slope[0], (right - left) / (2.0 * step)));
        assert!(near(slope[1], (up - down) / (2.0 * step)));
    }

    fn shifting_is_taking_away_and_adding<const TAPS: usize>(blur: &Blur<TAPS>) {
        for (column, row) in [(14, 15), (15, 15), (14, 14), (13, 16)] {
            let start = vec![0.25f32; SIDE * SIDE];
            let (mut once, mut twice) = (start.clone(), start);
            let from = reach(blur, [10, 100]);
            let to = Reach {
                column,
                row,
                ..reach(blur, [90, 20])
            };
            pixels(&mut once).shift(&from, &to);
            pixels(&mut twice).add(&from, -1.0);
            pixels(&mut twice).add(&to, 1.0);
            let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-6;
            assert!(once.iter().zip(&twice).all(close));
        }
    }

    /// A point adds one to its picture, and the wish is blurred into as many as are wanted, where
    /// they are wanted.
    fn blurring_keeps_counts_and_places<const TAPS: usize>(blur: &Blur<TAPS>, target: &Target<'_>) {
        let mut error = blur.of(target);
        let width = error.width();
        let moments = |values: &[f32]| {
            let mut sums = [0.0; 3];
            for (index, &value) in values.iter().enumerate() {
                let (column, row) = ((index % width) as f64, (index / width) as f64);
                for (sum, factor) in sums.iter_mut().zip([1.0, column, row]) {
                    *sum += factor * f64::from(value);
                }
            }
            [sums[0], sums[1] / sums[0], sums[2] / sums[0]]
        };
        let [wished, column, row] = moments(error.values());
        let all: f32 = target.wish.values().iter().sum();
        assert!((wished + f64::from(all)).abs() < 1e-3 * f64::from(all));
        // A point where the wish has its middle.
        let middle = |at: f64| (at + 0.5 - Blur::<TAPS>::BORDER_PX as f64) * blur.pixel;
        let dot = Dot {
            x: (middle(column) + target.x_min).round() as i32,
            y: (middle(row) + target.y_min).round() as i32,
            ..Dot::default()
        };
        error.values_mut().fill(0.0);
        let values = error.values_mut();
        let mut pixels = Pixels {
            values,
            width,
            first: 0,
        };
        pixels.add(&blur.reach(&dot), 1.0);
        let [one, at_column, at_row] = moments(error.values());
        assert!((one - 1.0).abs() < 1e-5);
        // Half a unit by rounding, 1/128 of a pixel by the table.
        assert!((at_column - column).abs() < 0.03, "{at_column} {column}");
        assert!((at_row - row).abs() < 0.03, "{at_row} {row}");
    }

    fn holds<const TAPS: usize>(blur_of: impl Fn(&Target<'_>) -> Blur<TAPS>) {
        let tone = tone();
        let target = target(&tone);
        let blur = blur_of(&target);
        slopes_are_those_of_the_squared_error(&blur);
        shifting_is_taking_away_and_adding(&blur);
        blurring_keeps_counts_and_places(&blur, &target);
    }

    #[test]
    fn the_gaussian_is_a_blur() {
        holds(Blur::gaussian);
    }

    #[test]
    fn the_spline_is_a_blur() {
        holds(Blur::spline);
    }
}
