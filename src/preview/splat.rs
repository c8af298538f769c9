//! Points to a raster of light: each point adds the footprint of its disc.
//!
//! Footprints are whole numbers, so that the sum does not depend on the order of the points or on
//! the number of threads. Each worker has its own raster: memory is bounded by workers times
//! pixels, whatever the number of points.

use rayon::prelude::*;

use super::camera::Camera;
use crate::grid::Grid;

/// Diameter of a point. domain table: 0.02 to 0.08 mm for green lasers; the middle.
const POINT_DIAMETER_MM: f32 = 0.05;

/// The light of one point in whole units. 262,144 points may fall on one pixel before it is full; the
/// roundings of a footprint stay below a thousandth of a point.
const UNITS_PER_POINT: u32 = 1 << 14;

/// Positions within a pixel, along each axis, for which a footprint is kept. With 8, even light of a DXF showed
/// faint lines some 20 pixels apart, the beat of its grid of 0.01 mm with these positions.
const PHASES: usize = 32;

/// Spread of the lens, standard deviation in px: below 0.4 points flicker with their place in the
/// pixel, above 0.7 single points look soft.
const LENS_SIGMA_PX: f32 = 0.5;

/// Largest side of a footprint; points of crystals so small that this is too little are cut to it.
const MAX_SIDE: usize = 24;

/// Workers that get a raster of their own: bounds memory on machines with many cores.
const MAX_WORKERS: usize = 8;

/// What one point adds to the pixels around it, for each position within a pixel.
#[derive(Debug)]
pub(super) struct Footprint {
    side: usize,
    /// `PHASES * PHASES` squares of `side * side` units, phases row-major.
    units: Vec<u32>,
}

impl Footprint {
    fn new(radius_px: f32) -> Self {
        let radius_px = radius_px.clamp(0.0, MAX_SIDE as f32 / 2.0 - 2.0);
        let reach_px = radius_px + 3.0 * LENS_SIGMA_PX;
        let side = ((2.0 * reach_px).ceil() as usize + 1).clamp(3, MAX_SIDE);
        let units = (0..PHASES * PHASES)
            .flat_map(|phase| {
                let [x, y] = [phase % PHASES, phase / PHASES]
                    .map(|step| (side / 2) as f32 + (step as f32 + 0.5) / PHASES as f32);
                disc(side, [x, y], radius_px)
            })
            .collect();
        Self { side, units }
    }

    /// The footprint of a point as it is in the crystal.
    pub(super) fn of_point(px_per_mm: f32) -> Self {
        Self::new(POINT_DIAMETER_MM / 2.0 * px_per_mm)
    }

    /// A disc of the same size at any scale, for points that must be seen.
    pub(super) fn of_mark(radius_px: f32) -> Self {
        Self::new(radius_px)
    }

    /// The largest part of its light that a point puts on one pixel, 0 to 1.
    pub(super) fn peak_share(&self) -> f32 {
        let peak = self.units.iter().copied().max().unwrap_or(0);
        peak as f32 / UNITS_PER_POINT as f32
    }

    fn at_phase(&self, phase: usize) -> &[u32] {
        let area = self.side * self.side;
        &self.units[phase * area..(phase + 1) * area]
    }
}

/// The disc around `centre`, blurred by the lens, in units that sum to [`UNITS_PER_POINT`] exactly.
fn disc(side: usize, centre: [f32; 2], radius_px: f32) -> Vec<u32> {
    let weights: Vec<f32> = (0..side * side)
        .map(|index| {
            let dx = (index % side) as f32 + 0.5 - centre[0];
            let dy = (index / side) as f32 + 0.5 - centre[1];
            // The pixel's own area blurs too: variance 1/12.
            let sigma = (LENS_SIGMA_PX * LENS_SIGMA_PX + 1.0 / 12.0).sqrt();
            let beyond = ((dx * dx + dy * dy).sqrt() - radius_px) / sigma;
            // A logistic edge is near the blurred disc's and needs no error function.
            1.0 / (1.0 + (1.702 * beyond).exp())
        })
        .collect();
    let sum: f32 = weights.iter().sum();
    let mut units: Vec<u32> = weights
        .iter()
        .map(|weight| (weight / sum * UNITS_PER_POINT as f32).round() as u32)
        .collect();
    // What rounding gained or lost goes to the brightest pixel.
    let total: u32 = units.iter().sum();
    if let Some(peak) = units.iter_mut().max() {
        *peak = (*peak + UNITS_PER_POINT).saturating_sub(total);
    }
    units
}

/// Points per pixel, each spread over its footprint, on a raster of `width * height`, of the points
/// `point(0)` to `point(count - 1)` in mm.
///
/// Points outside the raster and points that are not finite add nothing. Cost: one footprint of
/// some 5 x 5 pixels for each point.
pub(super) fn points_per_px(
    count: usize,
    point: impl Fn(usize) -> [f32; 3] + Sync,
    camera: &Camera,
    footprint: &Footprint,
    [width, height]: [usize; 2],
) -> Grid<f32> {
    let workers = rayon::current_num_threads().clamp(1, MAX_WORKERS);
    let share = count.div_ceil(workers).max(1);
    let rasters: Vec<Vec<u32>> = (0..workers)
        .into_par_iter()
        .with_max_len(1)
        .map(|worker| {
            let mut raster = vec![0u32; width * height];
            let start = (worker * share).min(count);
            for index in start..(start + share).min(count) {
                let place = camera.project(point(index));
                stamp(&mut raster, [width, height], footprint, place);
            }
            raster
        })
        .collect();
    Grid::from_fn(width, height, |column, row| {
        let index = row * width + column;
        let units = rasters
            .iter()
            .fold(0u32, |sum, raster| sum.saturating_add(raster[index]));
        units as f32 / UNITS_PER_POINT as f32
    })
}

fn stamp(raster: &mut [u32], [width, height]: [usize; 2], footprint: &Footprint, place: [f32; 2]) {
    let side = footprint.side as i32;
    let [u, v] = place;
    // Also false for places that are not numbers.
    let near =
        |value: f32, size: usize| value > -(side as f32) && value < size as f32 + side as f32;
    if !(near(u, width) && near(v, height)) {
        return;
    }
    let phase_of =
        |value: f32| (((value - value.floor()) * PHASES as f32) as usize).min(PHASES - 1);
    let units = footprint.at_phase(phase_of(v) * PHASES + phase_of(u));
    let left = u.floor() as i32 - side / 2;
    let top = v.floor() as i32 - side / 2;
    let first = (-left).clamp(0, side) as usize;
    let last = (width as i32 - left).clamp(0, side) as usize;
    if first >= last {
        return;
    }
    for (step, line) in units.chunks_exact(footprint.side).enumerate() {
        let row = top + step as i32;
        if row < 0 || row >= height as i32 {
            continue;
        }
        let start = (row as usize * width) as i32 + left;
        let target = &mut raster[(start + first as i32) as usize..(start + last as i32) as usize];
        for (sum, &unit) in target.iter_mut().zip(&line[first..last]) {
            *sum = sum.saturating_add(unit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Cloud;

    fn cloud(points: &[[f32; 3]]) -> Cloud {
        let mut cloud = Cloud::default();
        points.iter().for_each(|&point| cloud.push(point));
        cloud
    }

    fn points_on(cloud: &Cloud, camera: &Camera, size: [usize; 2]) -> Grid<f32> {
        let footprint = Footprint::of_point(camera.px_per_mm);
        points_per_px(
            cloud.len(),
            |index| cloud.point(index),
            camera,
            &footprint,
            size,
        )
    }

    fn sum(grid: &Grid<f32>) -> f32 {
        grid.values().iter().sum()
    }

    #[test]
    fn every_point_brings_the_same_light_wherever_it_falls() {
        for px_per_mm in [2.0, 15.0, 30.0, 60.0, 5000.0] {
            let camera = Camera::new(0.0, 0.0).placed(px_per_mm, [40.0, 40.0]);
            for step in 0..40 {
                let place = step as f32 * 0.037 / px_per_mm;
                let light = points_on(&cloud(&[[place, -place, 1.0]]), &camera, [80, 80]);
                assert!(
                    (sum(&light) - 1.0).abs() < 1e-5,
                    "{px_per_mm}: {}",
                    sum(&light)
                );
            }
        }
    }

    #[test]
    fn footprints_stand_at_their_point() {
        let camera = Camera::new(0.0, 0.0).placed(20.0, [30.0, 30.0]);
        let light = points_on(&cloud(&[[0.5, 0.25, 0.0]]), &camera, [60, 60]);
        let centre = |axis: fn(usize) -> usize| -> f32 {
            light
                .values()
                .iter()
                .enumerate()
                .map(|(index, value)| (axis(index) as f32 + 0.5) * value)
                .sum()
        };
        // Half a phase of a pixel is the most that a footprint may be off.
        assert!((centre(|index| index % 60) - 40.0).abs() < 0.08);
        assert!((centre(|index| index / 60) - 25.0).abs() < 0.08);
    }

    #[test]
    fn the_grid_of_a_file_shows_no_lines() {
        let line: Vec<[f32; 3]> = (-400..400).map(|k| [k as f32 * 0.01, 0.0, 0.0]).collect();
        for px_per_mm in [26.4, 31.3, 35.7] {
            let camera = Camera::new(0.0, 0.0).placed(px_per_mm, [100.0, 10.0]);
            let light = points_on(&cloud(&line), &camera, [200, 20]);
            let columns =
                (40..160).map(|column| (0..20).map(|row| light.at(column, row)).sum::<f32>());
            let (low, high) = columns.fold((f32::INFINITY, 0.0f32), |(low, high), light| {
                (low.min(light), high.max(light))
            });
            // 1.85 % at the most; with half as many phases, 3.3 %.
            assert!(high < 1.022 * low, "{px_per_mm}: {low} to {high}");
        }
    }

    #[test]
    fn points_that_are_nowhere_add_nothing() {
        let camera = Camera::new(0.0, 0.0).placed(1e30, [5.0, 5.0]);
        let lost = [
            [f32::NAN, 0.0, 0.0],
            [0.0, f32::INFINITY, 0.0],
            [f32::MAX, -f32::MAX, 0.0],
            [1.0, 1.0, 1.0],
        ];
        assert_eq!(sum(&points_on(&cloud(&lost), &camera, [10, 10])), 0.0);
    }

    #[test]
    fn points_at_the_border_are_cut_not_wrapped() {
        let camera = Camera::new(0.0, 0.0).placed(20.0, [0.0, 5.0]);
        let light = points_on(&cloud(&[[0.0, 0.0, 0.0]]), &camera, [10, 10]);
        assert!((sum(&light) - 0.5).abs() < 0.1);
        assert!((0..10).all(|row| light.at(9, row) == 0.0));
    }
}
