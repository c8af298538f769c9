//! Distance from points of the front plane to the edges of polygons.
//!
//! A grid of square cells, each with the few edges that can be nearest to one of its points. An
//! edge stays in a cell's list if it is no farther from the cell's centre than the nearest edge
//! plus the cell's diagonal; lists are found by halving, each from that of the larger cell around
//! it. Far from all edges lists stay long however small the cells, since many edges are about as far;
//! there, where few points are asked for, cells share the list of a larger square. The sign comes from the normal of the nearest edge or, at a
//! corner, from the sum of both normals (Baerentzen, Aanaes, *Signed distance computation using
//! the angle weighted pseudonormal*, 2005; in the plane the weights do not matter).

use super::outline::Point;

/// Halvings from the square around everything down to a cell: 256 cells a side. Half as many make
/// lists twice as long.
const LEVELS: u32 = 8;
/// Side of that square in sides of the box around the polygons. Points outside of it look at every
/// edge, so some room around the blank keeps files that do not fit from being slow to check.
const ROOM: f64 = 1.5;
/// A square whose centre is farther from every edge than this many of its sides is not halved. For
/// the largest heart all halved take 116 ms to plan a job with; from 6 sides on not, 75 ms; from 3
/// sides on not, hardly less, and points near the surface then look at so many edges that measuring a
/// million takes half as long again.
const FAR_SIDES: f64 = 6.0;

#[derive(Clone, Copy, Debug)]
struct Edge {
    start: Point,
    along: Point,
    /// 1 / length².
    per_length2: f64,
    /// Unit normal toward the inside.
    normal: Point,
    /// Sum of the normals of this edge and the one before it.
    start_normal: Point,
    /// Sum of the normals of this edge and the one after it.
    end_normal: Point,
}

impl Edge {
    /// Squared distance, and the signed side on which the point lies.
    fn nearest(&self, point: Point) -> (f64, f64) {
        let from = [point[0] - self.start[0], point[1] - self.start[1]];
        let t = (from[0] * self.along[0] + from[1] * self.along[1]) * self.per_length2;
        let (t, normal) = if t <= 0.0 {
            (0.0, self.start_normal)
        } else if t >= 1.0 {
            (1.0, self.end_normal)
        } else {
            (t, self.normal)
        };
        let apart = [from[0] - t * self.along[0], from[1] - t * self.along[1]];
        (dot(apart, apart), dot(apart, normal))
    }
}

fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    first: u32,
    count: u32,
    /// No point of the cell has less signed distance.
    floor_mm: f64,
}

/// Edges in a grid of cells.
#[derive(Clone, Debug)]
pub(super) struct EdgeGrid {
    edges: Vec<Edge>,
    members: Vec<u32>,
    cells: Vec<Cell>,
    corner: Point,
    cells_per_mm: f64,
}

impl EdgeGrid {
    /// The grid for closed polygons whose inside lies on the left of their edges.
    pub(super) fn new(loops: &[Vec<Point>]) -> Self {
        let edges: Vec<Edge> = loops.iter().flat_map(|points| edges_of(points)).collect();
        let mut low = [f64::INFINITY; 2];
        let mut high = [f64::NEG_INFINITY; 2];
        for edge in &edges {
            for axis in 0..2 {
                low[axis] = low[axis].min(edge.start[axis]);
                high[axis] = high[axis].max(edge.start[axis]);
            }
        }
        let side = ROOM * (high[0] - low[0]).max(high[1] - low[1]);
        let centre = [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1])];
        let mut grid = Self {
            members: Vec::new(),
            cells: vec![Cell::default(); 1 << (2 * LEVELS)],
            corner: [centre[0] - 0.5 * side, centre[1] - 0.5 * side],
            cells_per_mm: f64::from(1u32 << LEVELS) / side,
            edges,
        };
        let all: Vec<u32> = (0..grid.edges.len() as u32).collect();
        grid.divide(0, 0, LEVELS, &all);
        grid
    }

    /// Fills the cells of the square of `1 << level` cells a side at (`column`, `row`).
    fn divide(&mut self, column: usize, row: usize, level: u32, around: &[u32]) {
        let side_mm = f64::from(1u32 << level) / self.cells_per_mm;
        let centre = [
            self.corner[0] + column as f64 / self.cells_per_mm + 0.5 * side_mm,
            self.corner[1] + row as f64 / self.cells_per_mm + 0.5 * side_mm,
        ];
        let found: Vec<(f64, f64)> = around
            .iter()
            .map(|&edge| self.edges[edge as usize].nearest(centre))
            .collect();
        let best = found.iter().copied().reduce(nearer).unwrap_or_default();
        let nearest = best.0.sqrt();
        // 1e-9 covers rounding: a list may be too long, never too short.
        let reach = nearest + side_mm * std::f64::consts::SQRT_2 + 1e-9;
        let list: Vec<u32> = around
            .iter()
            .zip(&found)
            .filter(|&(_, &(squared, _))| squared <= reach * reach)
            .map(|(&edge, _)| edge)
            .collect();
        if level > 0 && nearest < FAR_SIDES * side_mm {
            let half = 1usize << (level - 1);
            for (down, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                self.divide(column + right * half, row + down * half, level - 1, &list);
            }
            return;
        }
        let first = self.members.len() as u32;
        self.members.extend(&list);
        let half_diagonal = side_mm * std::f64::consts::FRAC_1_SQRT_2;
        let cell = Cell {
            first,
            count: list.len() as u32,
            floor_mm: nearest.copysign(best.1) - half_diagonal - 1e-9,
        };
        for row in row..row + (1 << level) {
            self.cells[(row << LEVELS) + column..][..1 << level].fill(cell);
        }
    }

    fn cell(&self, point: Point) -> Option<&Cell> {
        let column = (point[0] - self.corner[0]) * self.cells_per_mm;
        let row = (point[1] - self.corner[1]) * self.cells_per_mm;
        let cells = 0.0..f64::from(1u32 << LEVELS);
        (cells.contains(&column) && cells.contains(&row))
            .then(|| &self.cells[((row as usize) << LEVELS) + column as usize])
    }

    /// Signed distance to the nearest edge, mm, positive inside.
    pub(super) fn distance_mm(&self, point: Point) -> f64 {
        match self.cell(point) {
            Some(cell) => {
                let list = cell.first as usize..(cell.first + cell.count) as usize;
                self.listed(point, &self.members[list])
            }
            None => signed(point, self.edges.iter()),
        }
    }

    /// A value that the signed distance of the point is not below.
    pub(super) fn distance_floor_mm(&self, point: Point) -> f64 {
        self.cell(point)
            .map_or(f64::NEG_INFINITY, |cell| cell.floor_mm)
    }

    fn listed(&self, point: Point, list: &[u32]) -> f64 {
        signed(point, list.iter().map(|&edge| &self.edges[edge as usize]))
    }
}

/// The nearer of two edges as [`Edge::nearest`] tells them, the first of two as near.
fn nearer(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    if b.0 < a.0 { b } else { a }
}

fn signed<'a>(point: Point, edges: impl Iterator<Item = &'a Edge>) -> f64 {
    let found = edges.map(|edge| edge.nearest(point));
    let best = found.reduce(nearer).unwrap_or((f64::INFINITY, 0.0));
    best.0.sqrt().copysign(best.1)
}

fn edges_of(points: &[Point]) -> Vec<Edge> {
    let count = points.len();
    let normals: Vec<Point> = (0..count)
        .map(|i| {
            let (a, b) = (points[i], points[(i + 1) % count]);
            let length = (b[0] - a[0]).hypot(b[1] - a[1]);
            [-(b[1] - a[1]) / length, (b[0] - a[0]) / length]
        })
        .collect();
    let sum = |i: usize, j: usize| [normals[i][0] + normals[j][0], normals[i][1] + normals[j][1]];
    (0..count)
        .map(|i| {
            let (next, before) = ((i + 1) % count, (i + count - 1) % count);
            let along = [
                points[next][0] - points[i][0],
                points[next][1] - points[i][1],
            ];
            Edge {
                start: points[i],
                along,
                per_length2: 1.0 / dot(along, along),
                normal: normals[i],
                start_normal: sum(before, i),
                end_normal: sum(i, next),
            }
        })
        .collect()
}

#[cfg(test)]
mod reference {
    //! The slow twin: every edge, and the sign by counting crossings.
    use super::Point;

    pub(super) fn distance_mm(polygon: &[Point], point: Point) -> f64 {
        let (mut nearest, mut inside) = (f64::INFINITY, false);
        for (i, &a) in polygon.iter().enumerate() {
            let b = polygon[(i + 1) % polygon.len()];
            let (along, from) = (
                [b[0] - a[0], b[1] - a[1]],
                [point[0] - a[0], point[1] - a[1]],
            );
            let t = (from[0] * along[0] + from[1] * along[1])
                / (along[0] * along[0] + along[1] * along[1]);
            let t = t.clamp(0.0, 1.0);
            nearest = (from[0] - t * along[0])
                .hypot(from[1] - t * along[1])
                .min(nearest);
            if (a[1] > point[1]) != (b[1] > point[1])
                && point[0] < a[0] + along[0] * from[1] / along[1]
            {
                inside = !inside;
            }
        }
        if inside { nearest } else { -nearest }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::reference;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn the_grid_agrees_with_every_edge(
            which in 0..5usize,
            points in prop::collection::vec((-25.0..25.0f64, -25.0..25.0f64), 1..60),
        ) {
            let outline = table::hearts()[which].outline(24.0, 20.0, 0.0002);
            for (x, y) in points {
                let expected = reference::distance_mm(&outline.loops()[0], [x, y]);
                let found = outline.distance_mm([x, y]);
                prop_assert!((found - expected).abs() < 1e-9, "{found} for {expected} at {x} {y}");
                prop_assert!(outline.distance_floor_mm([x, y]) <= found);
            }
        }
    }
}
