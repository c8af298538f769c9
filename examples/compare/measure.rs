//! How well a cloud shows a tone map: both are blurred as an eye would, and compared.

use glyptic::grid::Grid;
use glyptic::tone::ToneMap;
use glyptic::{Cloud, grid::Frame};

use crate::descent;

/// Standard deviations of the blur; 0.073 mm is one arc minute at 250 mm.
pub(crate) const BLURS_MM: [f64; 3] = [0.05, 0.073, 0.146];

/// Side of a pixel of the measuring raster.
const PX_MM: f64 = 0.0125;

/// What a cloud is measured against.
pub(crate) struct Measure {
    frame: Frame,
    /// Wanted part of the largest density, on the measuring raster.
    wish: Grid<f32>,
    density_per_mm2: f64,
}

impl Measure {
    pub(crate) fn new(tone: &ToneMap, density_per_mm2: f64) -> Self {
        let scale = tone.frame.mm_per_px / PX_MM;
        let side = |px: usize| (px as f64 * scale).round() as usize;
        let values = tone
            .grid
            .map(|value| f32::from(value) / f32::from(ToneMap::FULL));
        let wish = Grid::from_fn(
            side(tone.grid.width()),
            side(tone.grid.height()),
            |column, row| {
                let at = |px: usize| ((px as f64 + 0.5) / scale) as f32;
                values.bilinear(at(column), at(row))
            },
        );
        let frame = Frame {
            mm_per_px: PX_MM,
            ..tone.frame
        };
        Self {
            frame,
            wish,
            density_per_mm2,
        }
    }

    /// Points that the tone asks for.
    pub(crate) fn wanted(&self) -> f64 {
        let sum: f64 = self
            .wish
            .values()
            .iter()
            .map(|&value| f64::from(value))
            .sum();
        sum * self.density_per_mm2 * PX_MM * PX_MM
    }

    /// Peak signal to noise ratio of the projected density, in dB, but for four standard deviations at
    /// the raster's edges, where the blur knows only one side.
    pub(crate) fn psnr_db(&self, cloud: &Cloud, blur_mm: f64) -> f64 {
        let (width, height) = (self.wish.width(), self.wish.height());
        let share = (1.0 / (self.density_per_mm2 * PX_MM * PX_MM)) as f32;
        let mut error = self.wish.map(|wish| -wish);
        for [x, y, _] in cloud.points() {
            let (u, v) = self.frame.to_px(f64::from(x), f64::from(y));
            let (u, v) = ((u - 0.5) as f32, (v - 0.5) as f32);
            if u < 0.0 || v < 0.0 || u as usize + 1 >= width || v as usize + 1 >= height {
                continue;
            }
            let (i, j) = (u as usize, v as usize);
            let (fx, fy) = (u - i as f32, v - j as f32);
            for (j, down) in [(j, 1.0 - fy), (j + 1, fy)] {
                for (i, across) in [(i, 1.0 - fx), (i + 1, fx)] {
                    error.set(i, j, error.at(i, j) + share * down * across);
                }
            }
        }
        let blurred = blurred_both_ways(&error, blur_mm);
        let edge = (4.0 * blur_mm / PX_MM) as usize;
        let square = |&value: &f32| f64::from(value) * f64::from(value);
        let sum: f64 = (edge..height - edge)
            .flat_map(|row| &blurred.row(row)[edge..width - edge])
            .map(square)
            .sum();
        -10.0 * (sum / ((width - 2 * edge) * (height - 2 * edge)) as f64).log10()
    }

    /// The cloud after its points went down the slope of the error at one blur, spacing or not (`descent.rs`).
    pub(crate) fn descended(&self, cloud: &Cloud, blur_mm: f64) -> Cloud {
        let per_px = (self.density_per_mm2 * PX_MM * PX_MM) as f32;
        let mut error = blurred_both_ways(&self.wish.map(|wish| -wish * per_px), blur_mm);
        let in_px = |[x, y, _]: [f32; 3]| {
            let (u, v) = self.frame.to_px(f64::from(x), f64::from(y));
            [u, v]
        };
        let mut points: Vec<[f64; 2]> = cloud.points().map(in_px).collect();
        descent::descend(&mut points, &mut error, blur_mm / PX_MM);
        let mut descended = Cloud::default();
        for ([u, v], [.., z]) in points.into_iter().zip(cloud.points()) {
            let (x, y) = self.frame.to_mm(u, v);
            descended.push([x as f32, y as f32, z]);
        }
        descended
    }
}

fn blurred_both_ways(grid: &Grid<f32>, blur_mm: f64) -> Grid<f32> {
    blurred(&blurred(grid, blur_mm), blur_mm)
}

/// A Gaussian along the rows; the result is turned, so that twice of it blurs both ways.
fn blurred(grid: &Grid<f32>, blur_mm: f64) -> Grid<f32> {
    let sigma = blur_mm / PX_MM;
    let reach = (4.0 * sigma).ceil() as usize;
    let bell = |k: usize| (-0.5 * ((k as f64 - reach as f64) / sigma).powi(2)).exp();
    let total: f64 = (0..=2 * reach).map(bell).sum();
    let weights: Vec<f32> = (0..=2 * reach).map(|k| (bell(k) / total) as f32).collect();
    Grid::from_fn(grid.height(), grid.width(), |row, column| {
        let line = grid.row(row);
        let at = |k: usize| line[(column + k).saturating_sub(reach).min(line.len() - 1)];
        weights
            .iter()
            .enumerate()
            .map(|(k, weight)| weight * at(k))
            .sum()
    })
}
