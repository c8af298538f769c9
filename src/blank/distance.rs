//! Distance from points of the front plane to the edges of polygons.
//!
//! A grid of square cells, each with the few edges that can be nearest to one of its points, found by
//! halving: each list from that of the larger cell around it. Let the nearest edge be D away from a
//! cell's centre, and another edge d, in the directions u and w. Distance to an edge is convex, so at a place
//! p off the centre the other is at least d + w·p away, and the nearest at most |D u + p| <= D + u·p +
//! p² / 2D. So the other is nowhere nearer in a cell of half a diagonal h if d - D > h |w - u| + h² / 2D. An edge
//! that is seen in about the same direction goes as soon as it is a little farther: lists are a few edges,
//! however far the outline is. Far from all edges, where few points are asked for, cells share the list of a larger
//! square.
//!
//! The sign comes from the normal of the nearest edge or, at a corner, from the sum of both normals (Baerentzen, Aanaes, *Signed distance computation using
//! the angle weighted pseudonormal*, 2005; in the plane the weights do not matter).

use super::outline::Point;

/// Halvings from the square around everything down to a cell: 256 cells a side. Half as many make
/// lists twice as long.
const LEVELS: u32 = 8;
/// Side of that square in sides of the box around the polygons. Points outside of it look at every
/// edge, so some room around the blank keeps files that do not fit from being slow to check.
const ROOM: f64 = 1.5;
/// A square whose centre is farther from every edge than this many of its sides is not halved: few
/// points are asked for there, and their lists are hardly longer.
const FAR_SIDES: f64 = 6.0;
/// Covers rounding, mm: a list may be too long, never too short.
const ROUNDING_MM: f64 = 1e-9;

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
        let (apart, normal) = self.apart(point);
        (dot(apart, apart), dot(apart, normal))
    }

    /// From the nearest place of the edge to the point, and the normal there.
    fn apart(&self, point: Point) -> (Point, Point) {
        let from = [point[0] - self.start[0], point[1] - self.start[1]];
        let t = (from[0] * self.along[0] + from[1] * self.along[1]) * self.per_length2;
        let (t, normal) = if t <= 0.0 {
            (0.0, self.start_normal)
        } else if t >= 1.0 {
            (1.0, self.end_normal)
        } else {
            (t, self.normal)
        };
        (
            [from[0] - t * self.along[0], from[1] - t * self.along[1]],
            normal,
        )
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

/// What halving works with.
struct Halving {
    /// The lists of the squares around, one behind another.
    lists: Vec<u32>,
    /// How the edges of the last list lie from its square's centre.
    found: Vec<(Point, Point)>,
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
        let all = (0..grid.edges.len() as u32).collect();
        grid.divide(
            0,
            0,
            LEVELS,
            &mut Halving {
                lists: all,
                found: Vec::new(),
            },
            0,
        );
        grid
    }

    /// Fills the cells of the square of `1 << level` cells a side at (`column`, `row`); the edges that
    /// can be nearest there are the last list, which begins at `start`.
    fn divide(
        &mut self,
        column: usize,
        row: usize,
        level: u32,
        halving: &mut Halving,
        start: usize,
    ) {
        let side_mm = f64::from(1u32 << level) / self.cells_per_mm;
        let centre = [
            self.corner[0] + column as f64 / self.cells_per_mm + 0.5 * side_mm,
            self.corner[1] + row as f64 / self.cells_per_mm + 0.5 * side_mm,
        ];
        let half_diagonal = side_mm * std::f64::consts::FRAC_1_SQRT_2;
        let end = halving.lists.len();
        let best = self.keep_near(centre, half_diagonal, halving, start);
        let nearest = best.0.sqrt();
        if level > 0 && nearest < FAR_SIDES * side_mm {
            let half = 1usize << (level - 1);
            for (down, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                self.divide(
                    column + right * half,
                    row + down * half,
                    level - 1,
                    halving,
                    end,
                );
            }
            halving.lists.truncate(end);
            return;
        }
        let first = self.members.len() as u32;
        self.members.extend(&halving.lists[end..]);
        halving.lists.truncate(end);
        let cell = Cell {
            first,
            count: self.members.len() as u32 - first,
            floor_mm: nearest.copysign(best.1) - half_diagonal - ROUNDING_MM,
        };
        for row in row..row + (1 << level) {
            self.cells[(row << LEVELS) + column..][..1 << level].fill(cell);
        }
    }

    /// Adds a list of those of the last list that can be nearest within `reach` of a place, and tells the
    /// nearest to the place itself.
    fn keep_near(
        &self,
        place: Point,
        reach: f64,
        halving: &mut Halving,
        start: usize,
    ) -> (f64, f64) {
        let Halving { lists, found } = halving;
        let edge = |&index: &u32| &self.edges[index as usize];
        found.clear();
        found.extend(lists[start..].iter().map(|index| edge(index).apart(place)));
        let sides = found
            .iter()
            .map(|&(apart, normal)| (dot(apart, apart), dot(apart, normal)));
        let (which, best) = sides
            .enumerate()
            .reduce(|a, b| if b.1.0 < a.1.0 { b } else { a })
            .unwrap_or_default();
        let nearest = best.0.sqrt();
        // No edge beyond is nearest anywhere within reach; what is left goes by its direction.
        let most = nearest + 2.0 * reach + ROUNDING_MM;
        let toward = |apart: Point, length: f64| apart.map(|part| part / length);
        let to_nearest = found
            .get(which)
            .map_or([0.0; 2], |&(apart, _)| toward(apart, nearest));
        let curved = reach * reach / (2.0 * nearest);
        for (index, &(apart, _)) in (start..).zip(&*found) {
            let squared = dot(apart, apart);
            if squared > most * most {
                continue;
            }
            let length = squared.sqrt();
            let way = toward(apart, length);
            let turn = [way[0] - to_nearest[0], way[1] - to_nearest[1]];
            // Not a number where the place lies on an edge: it stays.
            let farther = length - nearest - reach * dot(turn, turn).sqrt() - curved > ROUNDING_MM;
            if !farther {
                lists.push(lists[index]);
            }
        }
        best
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
