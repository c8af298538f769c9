//! How far each pixel stands out from the picture's border: the least barrier on the way there.
//!
//! The barrier of a way is the largest value on it less the smallest; a wall that is shaded evenly
//! has small barriers everywhere, the subject before it has not. Raster scans from the upper left
//! and the lower right find it nearly exactly in three passes.
//!
//! # Source
//!
//! J. Zhang et al., *Minimum barrier salient object detection at 80 fps*, ICCV 2015, algorithm 1.

use crate::grid::Grid;

/// Passes; the paper finds three enough for pictures of this size.
const PASSES: usize = 3;

/// The least barrier from every pixel to a seed, in the unit of the colours, summed over channels.
pub(super) fn barrier(colors: &Grid<[f32; 3]>, seeds: &Grid<bool>) -> Grid<f32> {
    let (width, height) = (colors.width(), colors.height());
    let channels: Vec<Vec<f32>> = (0..3).map(|channel| scan(colors, seeds, channel)).collect();
    Grid::from_fn(width, height, |column, row| {
        channels.iter().map(|of| of[row * width + column]).sum()
    })
}

fn scan(colors: &Grid<[f32; 3]>, seeds: &Grid<bool>, channel: usize) -> Vec<f32> {
    let (width, height) = (colors.width(), colors.height());
    let values: Vec<f32> = colors.values().iter().map(|color| color[channel]).collect();
    let mut low = values.clone();
    let mut high = values.clone();
    let seed = |&seed: &bool| if seed { 0.0 } else { f32::MAX };
    let mut least: Vec<f32> = seeds.values().iter().map(seed).collect();
    let mut step = |at: usize, from: usize| {
        if least[from] == f32::MAX {
            return;
        }
        let (lowest, highest) = (low[from].min(values[at]), high[from].max(values[at]));
        if highest - lowest < least[at] {
            least[at] = highest - lowest;
            low[at] = lowest;
            high[at] = highest;
        }
    };
    for pass in 0..PASSES {
        for row in 0..height {
            for column in 0..width {
                let at = row * width + column;
                if pass % 2 == 0 {
                    if column > 0 {
                        step(at, at - 1);
                    }
                    if row > 0 {
                        step(at, at - width);
                    }
                } else {
                    let at = width * height - 1 - at;
                    if column > 0 {
                        step(at, at + 1);
                    }
                    if row > 0 {
                        step(at, at + width);
                    }
                }
            }
        }
    }
    for value in &mut least {
        // No seed at all: nothing stands out.
        *value = if *value == f32::MAX { 0.0 } else { *value };
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_stands_out_of_a_shaded_wall() {
        let colors = Grid::from_fn(60, 40, |column, row| {
            let inside = (column as f32 - 30.0).hypot(row as f32 - 20.0) < 10.0;
            let wall = 0.2 + 0.01 * column as f32;
            [if inside { 0.9 } else { wall }, 0.0, 0.0]
        });
        let seeds = Grid::from_fn(60, 40, |column, row| {
            [0, 59].contains(&column) || [0, 39].contains(&row)
        });
        let far = barrier(&colors, &seeds);
        assert!(
            far.at(30, 20) > 0.25 && far.at(10, 20) < 0.12,
            "{}",
            far.at(10, 20)
        );
        let none = barrier(&colors, &Grid::filled(60, 40, false));
        assert!(none.values().iter().all(|&value| value == 0.0));
    }
}
