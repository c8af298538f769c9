//! The front view as a raster of square cells: how dense the points stand in it, how full it is,
//! and which points are shot through others.

use crate::cloud::Cloud;

/// The most cells of a raster; beyond, cells get larger: a file may hold a point a hundred metres
/// away. 128 MB where a cell holds four bytes.
const MOST_CELLS: f64 = (1_u32 << 25) as f64;

/// Side of the windows in which density is counted, mm.
const WINDOW_MM: f64 = 1.0;

/// Cells along the side of a window: windows are tried at every quarter of their side.
const WINDOW_CELLS: usize = 4;

/// Where the cells lie.
#[derive(Clone, Copy, Debug)]
struct Front {
    x_min_mm: f64,
    y_min_mm: f64,
    side_mm: f64,
    columns: usize,
    rows: usize,
}

impl Front {
    /// Cells of at least this side over all points, which are finite; `None` without points. The
    /// first points stand at the part `lead` of a cell: with one half, points on a grid of the
    /// cells' own pitch do not fall to either side of an edge by their last digits.
    fn over(cloud: &Cloud, side_mm: f64, lead: f64) -> Option<Self> {
        let (least, most) = cloud.bounds()?;
        let extent = |axis: usize| f64::from(most[axis]) - f64::from(least[axis]);
        let (width, height) = (extent(0), extent(1));
        // The longer side alone may have too many cells, whatever the area.
        let area = (width * height / MOST_CELLS).sqrt();
        let side_mm = side_mm.max(area).max(width.max(height) / MOST_CELLS);
        Some(Self {
            x_min_mm: f64::from(least[0]) - lead * side_mm,
            y_min_mm: f64::from(least[1]) - lead * side_mm,
            side_mm,
            columns: (width / side_mm + lead) as usize + 1,
            rows: (height / side_mm + lead) as usize + 1,
        })
    }

    /// Column and row of a point.
    fn cell(&self, x: f32, y: f32) -> (usize, usize) {
        let index = |value: f32, least: f64, count: usize| {
            (((f64::from(value) - least) / self.side_mm) as usize).min(count - 1)
        };
        (
            index(x, self.x_min_mm, self.columns),
            index(y, self.y_min_mm, self.rows),
        )
    }
}

/// The fullest window of the front view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Densest {
    pub(super) per_mm2: f64,
    /// The window's centre, mm.
    pub(super) at_mm: [f64; 2],
}

/// Where most points stand in a square millimetre.
pub(super) fn densest(cloud: &Cloud) -> Option<Densest> {
    let front = Front::over(cloud, WINDOW_MM / WINDOW_CELLS as f64, 0.0)?;
    let mut counts = vec![0_u32; front.columns * front.rows];
    for (&x, &y) in cloud.x_mm().iter().zip(cloud.y_mm()) {
        let (column, row) = front.cell(x, y);
        counts[row * front.columns + column] += 1;
    }
    // Windows may hang over the edges: a file of few millimetres has no whole one.
    let sums = |line: &mut dyn Iterator<Item = u32>| -> Vec<u32> {
        let line: Vec<u32> = line.collect();
        (0..line.len())
            .map(|i| line[i..line.len().min(i + WINDOW_CELLS)].iter().sum())
            .collect()
    };
    for row in counts.chunks_exact_mut(front.columns) {
        let summed = sums(&mut row.iter().copied());
        row.copy_from_slice(&summed);
    }
    let mut best = (0_u32, 0, 0);
    for column in 0..front.columns {
        let mut cells = (0..front.rows).map(|row| counts[row * front.columns + column]);
        for (row, count) in sums(&mut cells).into_iter().enumerate() {
            if count > best.0 {
                best = (count, column, row);
            }
        }
    }
    let (count, column, row) = best;
    let window_mm = front.side_mm * WINDOW_CELLS as f64;
    Some(Densest {
        per_mm2: f64::from(count) / (window_mm * window_mm),
        at_mm: [
            front.x_min_mm + column as f64 * front.side_mm + window_mm / 2.0,
            front.y_min_mm + row as f64 * front.side_mm + window_mm / 2.0,
        ],
    })
}

/// The share of the cells of `side_mm` in the box around all points that hold one, seen from the
/// front; 0 without points.
pub(super) fn filled_share(cloud: &Cloud, side_mm: f64) -> f64 {
    let Some(front) = Front::over(cloud, side_mm, 0.5) else {
        return 0.0;
    };
    let mut filled = vec![false; front.columns * front.rows];
    for (&x, &y) in cloud.x_mm().iter().zip(cloud.y_mm()) {
        let (column, row) = front.cell(x, y);
        filled[row * front.columns + column] = true;
    }
    let count = filled.iter().filter(|&&filled| filled).count();
    count as f64 / filled.len() as f64
}

/// The number of points that are shot through an earlier one.
///
/// An earlier point stands in the way if it lies more than `along_mm` nearer to the lens, in the
/// cell of `across_mm` in the front view that holds the later one or in one of the eight around
/// it. The cone of light is wider than that a few millimetres above its point, so that this counts
/// the earlier points that take most of its light, not all that touch it.
pub(super) fn shot_through(cloud: &Cloud, across_mm: f64, along_mm: f64) -> u64 {
    let Some(front) = Front::over(cloud, across_mm, 0.5) else {
        return 0;
    };
    // A free cell around, so that each one has eight neighbours.
    let stride = front.columns + 2;
    let mut foremost = vec![f32::NEG_INFINITY; stride * (front.rows + 2)];
    // Single precision, and slabs that begin half a micrometre early.
    let along_mm = (along_mm + 0.001) as f32;
    let mut count = 0;
    for [x, y, z] in cloud.points() {
        let (column, row) = front.cell(x, y);
        let corner = row * stride + column;
        let in_the_way = (0..3).any(|down| {
            let start = corner + down * stride;
            foremost[start..start + 3]
                .iter()
                .any(|&front| front > z + along_mm)
        });
        count += u64::from(in_the_way);
        let own = &mut foremost[corner + stride + 1];
        *own = own.max(z);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{order, random};

    fn scattered(count: u64) -> Cloud {
        let mut cloud = Cloud::default();
        for i in 0..count {
            cloud.push([1, 2, 3].map(|axis| 10.0 * random::unit(axis, i)));
        }
        cloud
    }

    #[test]
    fn deepest_first_is_never_shot_through_and_foremost_first_mostly_is() {
        let cloud = scattered(20_000);
        let mut order = order::deepest_first(&cloud, 0.09);
        assert_eq!(shot_through(&cloud.permuted(&order), 0.08, 0.09), 0);
        order.reverse();
        // Nine cells of 0.0064 mm2 hold 11 points, any of them in the way of those behind.
        let share = shot_through(&cloud.permuted(&order), 0.08, 0.09) as f64 / 20_000.0;
        assert!((0.75..1.0).contains(&share), "{share}");
    }

    #[test]
    fn an_earlier_point_is_in_the_way_only_in_front_and_near() {
        let count = |later: [f32; 3]| {
            let mut cloud = Cloud::default();
            cloud.push([0.0, 0.0, 1.0]);
            cloud.push(later);
            shot_through(&cloud, 0.08, 0.09)
        };
        assert_eq!(count([0.0, 0.05, 0.5]), 1);
        assert_eq!(count([0.0, 0.0, 0.95]), 0, "in the same slab");
        assert_eq!(count([0.0, 0.0, 1.5]), 0, "in front");
        assert_eq!(count([0.5, 0.0, 0.5]), 0, "beside");
    }

    #[test]
    fn the_densest_window_is_found_where_it_is() {
        let mut cloud = Cloud::default();
        for i in 0..400_u16 {
            // 20 x 20 points in a square millimetre around (5, 3), and a sparse rest.
            let [u, v] = [i % 20, i / 20].map(f32::from);
            cloud.push([4.51 + u * 0.05, 2.51 + v * 0.05, 0.0]);
            cloud.push([u, v * 0.5, 1.0]);
        }
        let densest = densest(&cloud).unwrap();
        assert!((400.0..=404.0).contains(&densest.per_mm2), "{densest:?}");
        assert!((densest.at_mm[0] - 5.0).abs() < 0.3 && (densest.at_mm[1] - 3.0).abs() < 0.3);
    }

    #[test]
    fn filled_cells_are_a_share_of_the_box() {
        let mut cloud = Cloud::default();
        for i in 0..50_u16 {
            cloud.push([f32::from(i % 10), f32::from(i / 10), 0.0]);
            cloud.push([f32::from(i % 10), f32::from(i / 10), 1.0]);
        }
        assert_eq!(filled_share(&cloud, 1.0), 1.0);
        cloud.push([9.0, 9.0, 0.0]);
        assert_eq!(filled_share(&cloud, 1.0), 0.51);
        assert_eq!(filled_share(&Cloud::default(), 1.0), 0.0);
    }

    #[test]
    fn a_point_far_away_costs_bounded_memory() {
        let mut cloud = scattered(1000);
        cloud.push([-1e5, 1e5, 0.0]);
        cloud.push([1e5, 1e5, 0.0]);
        assert!(shot_through(&cloud, 0.08, 0.09) > 0);
        assert!(densest(&cloud).is_some());
        assert!(filled_share(&cloud, 0.08) < 1e-6);
        let mut line = Cloud::default();
        line.push([-1e5, 0.0, 0.0]);
        line.push([1e5, 0.0, 0.0]);
        assert!(filled_share(&line, 1e-3) > 0.0);
    }
}
