//! Outlines: closed polygons in the front plane, in mm, finely flattened from curves.
//!
//! The polygon is the outline: distances are exact to it, and it differs from the curve that it
//! was made from by less than [`FLATTENING_MM`].

use super::distance::EdgeGrid;

/// A point of the front plane, mm.
pub(super) type Point = [f64; 2];

/// Largest distance between a curve and its polygon, mm. A fiftieth of the 0.01 mm that a file
/// resolves; ten times finer would triple the edges and change nothing that can be written.
pub(super) const FLATTENING_MM: f64 = 0.0002;

/// A region of the front plane between closed polygons.
///
/// # Guarantees
///
/// - Outer polygons run counter-clockwise, the polygons of openings clockwise: the inside lies on
///   the left of every edge.
/// - Every polygon has at least three different points.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    loops: Vec<Vec<Point>>,
    edges: EdgeGrid,
}

impl Outline {
    /// The region inside the polygons by the even-odd rule; polygons may run either way.
    ///
    /// # Panics
    ///
    /// If there is no polygon with three different points and an area.
    pub(super) fn new(loops: Vec<Vec<Point>>) -> Self {
        Self::from_drawing(loops).expect("an outline has at least one polygon")
    }

    /// As [`Outline::new`], `None` if there is no polygon with an area.
    pub(super) fn from_drawing(loops: Vec<Vec<Point>>) -> Option<Self> {
        let mut loops: Vec<_> = loops.into_iter().map(without_repeats).collect();
        // A thousandth of a square millimetre is less than a point covers.
        loops.retain(|points| points.len() >= 3 && signed_area(points).abs() > 1e-3);
        if loops.is_empty() {
            return None;
        }
        loops.sort_by(|a, b| signed_area(b).abs().total_cmp(&signed_area(a).abs()));
        for index in 0..loops.len() {
            let around = loops[..index]
                .iter()
                .filter(|outer| encloses(outer, loops[index][0]))
                .count();
            let is_opening = around % 2 == 1;
            if (signed_area(&loops[index]) < 0.0) != is_opening {
                loops[index].reverse();
            }
        }
        let edges = EdgeGrid::new(&loops);
        Some(Self { loops, edges })
    }

    /// A rectangle about the origin with rounded corners; a radius of 0 leaves them sharp.
    pub(super) fn rectangle(width_mm: f64, height_mm: f64, radius_mm: f64) -> Self {
        let (x, y) = (width_mm / 2.0, height_mm / 2.0);
        let corners = [[x, y], [-x, y], [-x, -y], [x, -y]];
        if radius_mm <= 0.0 {
            return Self::new(vec![corners.to_vec()]);
        }
        let mut points = Vec::new();
        for (quarter, corner) in corners.iter().enumerate() {
            let centre = [
                corner[0] - radius_mm.copysign(corner[0]),
                corner[1] - radius_mm.copysign(corner[1]),
            ];
            let start = quarter as f64 * std::f64::consts::FRAC_PI_2;
            arc(
                centre,
                [radius_mm; 2],
                start,
                std::f64::consts::FRAC_PI_2,
                &mut points,
            );
        }
        Self::new(vec![points])
    }

    /// An ellipse about the origin.
    pub(super) fn ellipse(width_mm: f64, height_mm: f64) -> Self {
        let mut points = Vec::new();
        let radii = [width_mm / 2.0, height_mm / 2.0];
        arc([0.0; 2], radii, 0.0, std::f64::consts::TAU, &mut points);
        Self::new(vec![points])
    }

    /// The polygons: outer ones first, by falling area.
    pub(super) fn loops(&self) -> &[Vec<Point>] {
        &self.loops
    }

    /// Number of outer polygons.
    pub(super) fn parts(&self) -> usize {
        let outer = self.loops.iter().filter(|points| signed_area(points) > 0.0);
        outer.count()
    }

    /// Whether polygons cross themselves or one another, as far as a lattice of points shows it: by
    /// the sign of the distance and by the even-odd rule they are then on different sides.
    pub(super) fn crosses_itself(&self) -> bool {
        const STEPS: usize = 48;
        let (low, high) = self.bounds();
        let at = |index: usize, axis: usize| {
            low[axis] + (index as f64 + 0.5) / STEPS as f64 * (high[axis] - low[axis])
        };
        (0..STEPS * STEPS).any(|index| {
            let point = [at(index % STEPS, 0), at(index / STEPS, 1)];
            let around = self.loops.iter().filter(|points| encloses(points, point));
            let distance = self.distance_mm(point);
            distance.abs() > 1e-6 && (distance > 0.0) != (around.count() % 2 == 1)
        })
    }

    /// Signed distance to the nearest edge, mm, positive inside.
    pub(super) fn distance_mm(&self, point: Point) -> f64 {
        self.edges.distance_mm(point)
    }

    /// A value that the signed distance of this point is not below; some nanoseconds.
    pub(super) fn distance_floor_mm(&self, point: Point) -> f64 {
        self.edges.distance_floor_mm(point)
    }

    /// The least and the largest corner of the box around it.
    pub(super) fn bounds(&self) -> (Point, Point) {
        let mut bounds = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for point in self.loops.iter().flatten() {
            for (axis, &value) in point.iter().enumerate() {
                bounds.0[axis] = bounds.0[axis].min(value);
                bounds.1[axis] = bounds.1[axis].max(value);
            }
        }
        bounds
    }

    /// Its area without openings, mm2.
    #[cfg(test)]
    pub(super) fn area(&self) -> f64 {
        self.loops.iter().map(|points| signed_area(points)).sum()
    }
}

/// Area of a polygon, positive if it runs counter-clockwise.
pub(super) fn signed_area(points: &[Point]) -> f64 {
    let next = points.iter().cycle().skip(1);
    let twice: f64 = points
        .iter()
        .zip(next)
        .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
        .sum();
    0.5 * twice
}

/// Adds the points of a cubic Bézier after its first to `points`, at most `tolerance` beside it.
pub(super) fn subdivided(curve: &[Point; 4], tolerance: f64, points: &mut Vec<Point>) {
    // A chord over 1/n of the parameter deviates by at most |B''| / (8 n^2), and |B''| is at most
    // 6 times the largest second difference of the control points.
    let second =
        |i: usize, axis: usize| curve[i][axis] - 2.0 * curve[i + 1][axis] + curve[i + 2][axis];
    let bend = (0..2)
        .map(|i| second(i, 0).hypot(second(i, 1)))
        .fold(0.0, f64::max);
    let pieces = ((0.75 * bend / tolerance).sqrt().ceil() as usize).clamp(1, 4096);
    for piece in 1..pieces {
        let t = piece as f64 / pieces as f64;
        let s = 1.0 - t;
        let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
        let axis = |axis: usize| (0..4).map(|i| weights[i] * curve[i][axis]).sum();
        points.push([axis(0), axis(1)]);
    }
    points.push(curve[3]);
}

/// Adds the points of an arc from the angle `start` over `sweep` radians, both ends included.
fn arc(centre: Point, radii: Point, start: f64, sweep: f64, points: &mut Vec<Point>) {
    // Sagitta r (1 - cos(step / 2)) of the larger radius, to second order.
    let step = (8.0 * FLATTENING_MM / radii[0].max(radii[1])).sqrt();
    let pieces = (sweep / step).ceil().clamp(2.0, 8192.0) as usize;
    points.extend((0..=pieces).map(|piece| {
        let (sin, cos) = (start + sweep * piece as f64 / pieces as f64).sin_cos();
        [centre[0] + radii[0] * cos, centre[1] + radii[1] * sin]
    }));
}

/// A polygon without edges too short to have a direction: under a picometre.
fn without_repeats(points: Vec<Point>) -> Vec<Point> {
    let near = |a: Point, b: Point| (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-9;
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if kept.last().is_none_or(|&last| !near(last, point)) {
            kept.push(point);
        }
    }
    while kept.len() > 1 && near(kept[0], kept[kept.len() - 1]) {
        kept.pop();
    }
    kept
}

/// Whether a point lies inside a polygon.
fn encloses(polygon: &[Point], point: Point) -> bool {
    let next = polygon.iter().cycle().skip(1);
    polygon
        .iter()
        .zip(next)
        .filter(|(a, b)| {
            (a[1] > point[1]) != (b[1] > point[1])
                && point[0] < a[0] + (b[0] - a[0]) * (point[1] - a[1]) / (b[1] - a[1])
        })
        .count()
        % 2
        == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arcs_stay_within_the_flattening() {
        let outline = Outline::ellipse(50.0, 50.0);
        let area = std::f64::consts::PI * 625.0;
        // An inscribed polygon loses at most perimeter * flattening.
        assert!(outline.area() < area);
        assert!(area - outline.area() < 50.0 * std::f64::consts::PI * FLATTENING_MM);
    }

    #[test]
    fn rounded_corners_take_their_part_of_the_area() {
        let outline = Outline::rectangle(30.0, 20.0, 4.0);
        let expected = 600.0 - (4.0 - std::f64::consts::PI) * 16.0;
        assert!((outline.area() - expected).abs() < 0.01);
        assert!((outline.distance_mm([11.0, 6.0]) - 4.0).abs() < 0.001);
        assert!((outline.distance_mm([15.0, 10.0]) + 4.0 * (2f64.sqrt() - 1.0)).abs() < 0.001);
    }

    #[test]
    fn polygons_inside_others_are_openings() {
        let square = |half: f64| vec![[half, half], [half, -half], [-half, -half], [-half, half]];
        let outline = Outline::new(vec![square(2.0), square(10.0), square(1.0)]);
        assert_eq!(outline.area(), 400.0 - 16.0 + 4.0);
        assert_eq!(outline.distance_mm([0.0, 5.0]), 3.0);
        assert_eq!(outline.distance_mm([0.0, 1.75]), -0.25);
        assert_eq!(outline.distance_mm([0.0, 0.5]), 0.5);
    }
}
