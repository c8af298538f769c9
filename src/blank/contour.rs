//! Contours: where a raster passes a level, as closed polygons. For pictures only; what is safe is
//! asked of the raster itself.
//!
//! Marching squares with linear interpolation along the lines between pixel centres; squares
//! whose inside corners are opposite are cut apart.

use std::collections::BTreeMap;

use super::outline::Outline;
use crate::grid::{Frame, Grid, Raster};

/// Pixels along the longer side when an outline is moved inward: a curve of a pixel's radius is
/// still smooth on a screen.
const PX: f64 = 600.0;

/// The polygons inside of which an outline is farther than `level_mm`.
pub(super) fn at_distance(outline: &Outline, level_mm: f64) -> Vec<Vec<[f32; 2]>> {
    let (low, high) = outline.bounds();
    let sides = [high[0] - low[0], high[1] - low[1]];
    let mm_per_px = sides[0].max(sides[1]) / PX;
    let frame = Frame {
        x_min_mm: low[0] - 2.0 * mm_per_px,
        y_max_mm: high[1] + 2.0 * mm_per_px,
        mm_per_px,
    };
    let [width, height] = sides.map(|side| (side / mm_per_px).ceil() as usize + 4);
    let grid = Grid::from_fn(width, height, |column, row| {
        let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
        outline.distance_mm([x, y]) as f32
    });
    at_level(&Raster { frame, grid }, level_mm as f32)
}

/// A line between neighbouring pixel centres: from (column, row) to the right or down.
type Line = (usize, usize, bool);

/// The polygons inside of which a raster is above `level`, in mm, the inside on the left; values at
/// the raster's border should be below it.
pub(super) fn at_level(raster: &Raster, level: f32) -> Vec<Vec<[f32; 2]>> {
    let mut next = steps(&raster.grid, level);
    let mut polygons = Vec::new();
    while let Some((start, mut line)) = next.pop_first() {
        let mut polygon = vec![crossing(raster, start, level)];
        while line != start {
            polygon.push(crossing(raster, line, level));
            // Nothing follows where the contour leaves the raster.
            let Some(following) = next.remove(&line) else {
                break;
            };
            line = following;
        }
        polygons.push(polygon);
    }
    polygons
}

/// For every line that a contour crosses, the line that it crosses next.
fn steps(grid: &Grid<f32>, level: f32) -> BTreeMap<Line, Line> {
    let mut next = BTreeMap::new();
    for row in 0..grid.height() - 1 {
        for column in 0..grid.width() - 1 {
            let inside = |right: usize, down: usize| grid.at(column + right, row + down) > level;
            let corners = [inside(0, 0), inside(1, 0), inside(1, 1), inside(0, 1)];
            // The square's lines clockwise as seen on the screen; line i joins corners i and i + 1.
            let lines = [
                (column, row, true),
                (column + 1, row, false),
                (column, row + 1, true),
                (column, row, false),
            ];
            for i in 0..4 {
                // Enter where the next corner clockwise is inside, leave at the first line after
                // it whose next corner is not: the inside is on the left with y running up.
                if !corners[i] && corners[(i + 1) % 4] {
                    let leave = (1..4)
                        .map(|on| (i + on) % 4)
                        .find(|&j| corners[j] && !corners[(j + 1) % 4]);
                    if let Some(leave) = leave {
                        next.insert(lines[i], lines[leave]);
                    }
                }
            }
        }
    }
    next
}

fn crossing(raster: &Raster, (column, row, right): Line, level: f32) -> [f32; 2] {
    let (next_column, next_row) = if right {
        (column + 1, row)
    } else {
        (column, row + 1)
    };
    let (a, b) = (
        raster.grid.at(column, row),
        raster.grid.at(next_column, next_row),
    );
    let t = f64::from((level - a) / (b - a));
    let u = column as f64 + 0.5 + t * (next_column - column) as f64;
    let v = row as f64 + 0.5 + t * (next_row - row) as f64;
    let (x, y) = raster.frame.to_mm(u, v);
    [x as f32, y as f32]
}

#[cfg(test)]
mod tests {
    use super::super::outline::signed_area;
    use super::*;

    #[test]
    fn a_contour_is_one_closed_polygon_at_its_level() {
        let polygons = at_distance(&Outline::ellipse(20.0, 20.0), 2.0);
        assert_eq!(polygons.len(), 1);
        let points = polygons[0].iter();
        assert!(
            points
                .clone()
                .all(|p| (p[0].hypot(p[1]) - 8.0).abs() < 0.001)
        );
        let wide: Vec<_> = points.map(|p| p.map(f64::from)).collect();
        let area = signed_area(&wide);
        assert!((area - 64.0 * std::f64::consts::PI).abs() < 0.05, "{area}");
    }

    #[test]
    fn openings_run_the_other_way() {
        let square = |half: f64| vec![[half, half], [-half, half], [-half, -half], [half, -half]];
        let outline = Outline::new(vec![square(10.0), square(3.0)]);
        let mut areas: Vec<f64> = at_distance(&outline, 1.0)
            .iter()
            .map(|polygon| signed_area(&Vec::from_iter(polygon.iter().map(|p| p.map(f64::from)))))
            .collect();
        areas.sort_by(f64::total_cmp);
        assert_eq!(areas.len(), 2);
        // Around the opening, corners become quarter circles: 8 x 8 less (4 - pi).
        assert!((areas[0] + 64.0 - 0.858).abs() < 0.1, "{areas:?}");
        assert!((areas[1] - 324.0).abs() < 0.1, "{areas:?}");
    }
}
