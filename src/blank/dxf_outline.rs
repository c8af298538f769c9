//! Outlines from DXF files: polylines with bulges, lines, arcs, circles, ellipses and splines of the
//! section ENTITIES, joined end to end.
//!
//! Units are those of `$INSUNITS`, else millimetres. Blocks are not looked into. Coordinates are
//! those of the plane of drawing; entities seen from behind (extrusion 0 0 -1) are mirrored, as the
//! format says.

use std::f64::consts::TAU;

use super::outline::{FLATTENING_MM, Point};

/// Ends this near are one place, mm: half of what two decimals can be off.
const JOINED_MM: f64 = 0.02;
/// Most points of all curves together.
const MOST_POINTS: usize = 1_000_000;

/// The closed polygons of a DXF file in mm, or what is wrong with it.
pub(super) fn polygons(bytes: &[u8]) -> Result<Vec<Vec<Point>>, String> {
    if bytes.starts_with(b"AutoCAD Binary DXF") {
        return Err("is a binary DXF".to_owned());
    }
    let text = String::from_utf8_lossy(bytes);
    let groups = groups(&text)?;
    let mm_per_unit = units(&groups);
    let mut closed = Vec::new();
    let mut open = Vec::new();
    let mut count = 0;
    for entity in entities(&groups) {
        let Some(curve) = curve(&entity, mm_per_unit) else {
            continue;
        };
        count += curve.points.len();
        if count > MOST_POINTS {
            return Err(format!("has curves of more than {MOST_POINTS} points"));
        }
        if !curve.points.iter().flatten().all(|value| value.abs() < 1e6) {
            return Err(format!(
                "has a {} that is not at a finite place",
                entity.name
            ));
        }
        if curve.closed {
            closed.push(curve.points);
        } else if curve.points.len() > 1 {
            open.push(curve.points);
        }
    }
    closed.extend(joined(open)?);
    closed.retain(|points| points.len() >= 3);
    if closed.is_empty() {
        return Err("holds no closed polyline, lines, arcs, circle, ellipse or spline".to_owned());
    }
    Ok(closed)
}

/// Group codes and their values.
fn groups(text: &str) -> Result<Vec<(i32, &str)>, String> {
    let mut lines = (1..).zip(text.lines());
    let mut groups = Vec::new();
    while let Some((number, code)) = lines.next() {
        let code = code.trim();
        if code.is_empty() && lines.clone().all(|(_, line)| line.trim().is_empty()) {
            break;
        }
        let code = code
            .parse()
            .map_err(|_| format!("line {number}: `{code:.20}` is not a group code"))?;
        let (_, value) = lines
            .next()
            .ok_or_else(|| format!("ends after the group code of line {number}"))?;
        groups.push((code, value.trim()));
    }
    Ok(groups)
}

/// Millimetres in the units of the drawing.
fn units(groups: &[(i32, &str)]) -> f64 {
    let named = groups.windows(2).find(|pair| pair[0] == (9, "$INSUNITS"));
    match named.map(|pair| pair[1].1) {
        Some("1") => 25.4,
        Some("2") => 304.8,
        Some("5") => 10.0,
        Some("6") => 1000.0,
        Some("13") => 0.001,
        _ => 1.0,
    }
}

struct Entity<'a> {
    name: &'a str,
    values: Vec<(i32, f64)>,
}

impl Entity<'_> {
    fn get(&self, code: i32) -> Option<f64> {
        self.all(code).next()
    }

    fn all(&self, code: i32) -> impl Iterator<Item = f64> + '_ {
        self.values
            .iter()
            .filter(move |(c, _)| *c == code)
            .map(|(_, value)| *value)
    }

    fn point(&self, code: i32) -> Option<Point> {
        Some([self.get(code)?, self.get(code + 10)?])
    }

    fn flag(&self, bit: u32) -> bool {
        (self.get(70).unwrap_or(0.0) as u32) & bit != 0
    }
}

/// The entities of the section ENTITIES; the vertices of a polyline are appended to it.
fn entities<'a>(groups: &[(i32, &'a str)]) -> Vec<Entity<'a>> {
    let start = groups
        .windows(2)
        .position(|pair| pair == [(0, "SECTION"), (2, "ENTITIES")]);
    let mut entities: Vec<Entity> = Vec::new();
    let mut skip = false;
    for &(code, value) in &groups[start.map_or(groups.len(), |at| at + 2)..] {
        match (code, value) {
            (0, "ENDSEC" | "EOF") => break,
            (0, "SEQEND") => skip = true,
            (0, "VERTEX") => skip = false,
            (0, name) => {
                skip = false;
                entities.push(Entity {
                    name,
                    values: Vec::new(),
                });
            }
            _ if skip => {}
            _ => {
                if let (Some(entity), Ok(number)) = (entities.last_mut(), value.parse()) {
                    entity.values.push((code, number));
                }
            }
        }
    }
    entities
}

struct Curve {
    points: Vec<Point>,
    closed: bool,
}

fn curve(entity: &Entity, mm_per_unit: f64) -> Option<Curve> {
    // Flattening happens in the drawing's units.
    let tolerance = FLATTENING_MM / mm_per_unit;
    let mut curve = match entity.name {
        "LINE" => Curve {
            points: vec![entity.point(10)?, entity.point(11)?],
            closed: false,
        },
        "ARC" => {
            let (start, end) = (entity.get(50)?.to_radians(), entity.get(51)?.to_radians());
            let sweep = (end - start).rem_euclid(TAU);
            let sweep = if sweep == 0.0 { TAU } else { sweep };
            let radius = entity.get(40)?;
            let axes = ([radius, 0.0], [0.0, radius]);
            Curve {
                points: elliptic(entity.point(10)?, axes, start, sweep, tolerance),
                closed: false,
            }
        }
        "CIRCLE" => {
            let radius = entity.get(40)?;
            let axes = ([radius, 0.0], [0.0, radius]);
            Curve {
                points: elliptic(entity.point(10)?, axes, 0.0, TAU, tolerance),
                closed: true,
            }
        }
        "ELLIPSE" => {
            let (major, ratio) = (entity.point(11)?, entity.get(40)?);
            let minor = [-major[1] * ratio, major[0] * ratio];
            let (start, end) = (entity.get(41).unwrap_or(0.0), entity.get(42).unwrap_or(TAU));
            let sweep = if end - start >= TAU - 1e-6 {
                TAU
            } else {
                (end - start).rem_euclid(TAU)
            };
            Curve {
                points: elliptic(entity.point(10)?, (major, minor), start, sweep, tolerance),
                closed: sweep == TAU,
            }
        }
        "LWPOLYLINE" | "POLYLINE" => polyline(entity, tolerance),
        "SPLINE" => spline(entity)?,
        _ => return None,
    };
    let seen_from_behind = entity.get(230).is_some_and(|z| z < 0.0) && entity.name != "LINE";
    let mirror = if seen_from_behind {
        -mm_per_unit
    } else {
        mm_per_unit
    };
    for point in &mut curve.points {
        *point = [point[0] * mirror, point[1] * mm_per_unit];
    }
    Some(curve)
}

/// Points of `centre + axes.0 cos t + axes.1 sin t`, both ends included.
fn elliptic(
    centre: Point,
    axes: (Point, Point),
    start: f64,
    sweep: f64,
    tolerance: f64,
) -> Vec<Point> {
    let radius = axes.0[0].hypot(axes.0[1]).max(axes.1[0].hypot(axes.1[1]));
    let step = (8.0 * tolerance / radius).sqrt();
    let pieces = (sweep.abs() / step).ceil().clamp(2.0, 8192.0) as usize;
    let at = |piece: usize| {
        let (sin, cos) = (start + sweep * piece as f64 / pieces as f64).sin_cos();
        [0, 1].map(|i| centre[i] + axes.0[i] * cos + axes.1[i] * sin)
    };
    (0..=pieces).map(at).collect()
}

/// Vertices with bulges; an edge with bulge b is an arc of 4 atan(b).
fn polyline(entity: &Entity, tolerance: f64) -> Curve {
    // A POLYLINE's own 10 and 20 are a dummy point before its vertices.
    let dummy = usize::from(entity.name == "POLYLINE");
    let mut corners: Vec<(Point, f64)> = Vec::new();
    for &(code, value) in &entity.values {
        match (code, corners.last_mut()) {
            (10, _) => corners.push(([value, 0.0], 0.0)),
            (20, Some(corner)) => corner.0[1] = value,
            (42, Some(corner)) => corner.1 = value,
            _ => {}
        }
    }
    corners.drain(..dummy.min(corners.len()));
    let closed = entity.flag(1);
    let mut points = Vec::new();
    for (i, &(from, bulge)) in corners.iter().enumerate() {
        points.push(from);
        let is_last = i + 1 == corners.len();
        if bulge == 0.0 || (is_last && !closed) {
            continue;
        }
        let to = corners[(i + 1) % corners.len()].0;
        let chord = [to[0] - from[0], to[1] - from[1]];
        // The centre lies beside the middle of the chord.
        let beside = (1.0 - bulge * bulge) / (4.0 * bulge);
        let centre = [
            0.5 * (from[0] + to[0]) - beside * chord[1],
            0.5 * (from[1] + to[1]) + beside * chord[0],
        ];
        let out = [from[0] - centre[0], from[1] - centre[1]];
        let axes = (out, [-out[1], out[0]]);
        let arc = elliptic(centre, axes, 0.0, 4.0 * bulge.atan(), tolerance);
        points.extend(&arc[1..arc.len() - 1]);
    }
    Curve { points, closed }
}

/// A B-spline, rational or not, at evenly spaced parameters (de Boor's algorithm).
fn spline(entity: &Entity) -> Option<Curve> {
    /// Pieces between two knots: a span of 30 mm at a radius of 15 mm then errs by 0.1 µm.
    const PIECES: usize = 256;
    let degree = entity.get(71)? as usize;
    let knots: Vec<f64> = entity.all(40).collect();
    let weights: Vec<f64> = entity.all(41).collect();
    let controls: Vec<Point> = entity
        .all(10)
        .zip(entity.all(20))
        .map(|(x, y)| [x, y])
        .collect();
    let fits = (1..=10).contains(&degree)
        && controls.len() > degree
        && knots.len() == controls.len() + degree + 1
        && knots.windows(2).all(|pair| pair[0] <= pair[1]);
    if !fits {
        return None;
    }
    let weight = |i: usize| weights.get(i).copied().filter(|&w| w > 0.0).unwrap_or(1.0);
    let at = |span: usize, t: f64| {
        let first = span - degree;
        let mut d: Vec<[f64; 3]> = (first..=span)
            .map(|i| {
                [
                    controls[i][0] * weight(i),
                    controls[i][1] * weight(i),
                    weight(i),
                ]
            })
            .collect();
        for level in 1..=degree {
            for j in (level..=degree).rev() {
                let (low, high) = (knots[first + j], knots[j + 1 + span - level]);
                let a = if high > low {
                    (t - low) / (high - low)
                } else {
                    0.0
                };
                d[j] = [0, 1, 2].map(|axis| (1.0 - a) * d[j - 1][axis] + a * d[j][axis]);
            }
        }
        [d[degree][0] / d[degree][2], d[degree][1] / d[degree][2]]
    };
    let mut points = Vec::new();
    for span in degree..controls.len() {
        let (low, high) = (knots[span], knots[span + 1]);
        if high > low {
            let part = |piece: usize| low + (high - low) * piece as f64 / PIECES as f64;
            let first = usize::from(!points.is_empty());
            points.extend((first..=PIECES).map(|piece| at(span, part(piece))));
        }
    }
    let closed = entity.flag(1) && points.len() > 2;
    Some(Curve { points, closed })
}

/// Open curves joined at their ends to closed ones.
fn joined(mut open: Vec<Vec<Point>>) -> Result<Vec<Vec<Point>>, String> {
    let apart = |a: Point, b: Point| (a[0] - b[0]).hypot(a[1] - b[1]);
    let mut closed = Vec::new();
    while let Some(mut chain) = open.pop() {
        loop {
            let (first, last) = (chain[0], chain[chain.len() - 1]);
            if chain.len() > 2 && apart(first, last) <= JOINED_MM {
                closed.push(chain);
                break;
            }
            let distance = |points: &Vec<Point>| {
                apart(points[0], last).min(apart(points[points.len() - 1], last))
            };
            let next =
                (0..open.len()).min_by(|&a, &b| distance(&open[a]).total_cmp(&distance(&open[b])));
            let next = next.filter(|&next| distance(&open[next]) <= JOINED_MM);
            let Some(next) = next else {
                let gap = open.iter().map(distance).fold(apart(first, last), f64::min);
                return Err(format!(
                    "has an open outline: at x {:.2} y {:.2} nothing follows within {JOINED_MM} mm \
                    (the nearest end is {gap:.2} mm away)",
                    last[0], last[1]
                ));
            };
            let mut points = open.swap_remove(next);
            if apart(points[0], last) > apart(points[points.len() - 1], last) {
                points.reverse();
            }
            chain.extend(&points[1..]);
        }
    }
    Ok(closed)
}

#[cfg(test)]
mod tests {
    use super::super::outline::Outline;
    use super::*;

    fn dxf(units: &str, entities: &str) -> Vec<u8> {
        let header = format!("0\nSECTION\n2\nHEADER\n9\n$INSUNITS\n70\n{units}\n0\nENDSEC\n");
        let lines = entities.replace(' ', "\r\n");
        format!("{header}0\nSECTION\n2\nENTITIES\n{lines}\n0\nENDSEC\n0\nEOF\n").into_bytes()
    }

    fn area(units: &str, entities: &str) -> f64 {
        Outline::new(polygons(&dxf(units, entities)).unwrap()).area()
    }

    #[test]
    fn entities_become_their_outlines() {
        let half_disc = 0.5 * std::f64::consts::PI * 25.0;
        for (name, units, entities, expected) in [
            (
                "square",
                "4",
                "0 LWPOLYLINE 90 4 70 1 10 0 20 0 10 10 20 0 10 10 20 10 10 0 20 10",
                100.0,
            ),
            (
                "inches",
                "1",
                "0 LWPOLYLINE 70 1 10 0 20 0 10 1 20 0 10 1 20 1 10 0 20 1",
                645.16,
            ),
            (
                "bulge",
                "4",
                "0 LWPOLYLINE 70 1 10 -5 20 0 42 0 10 5 20 0 42 1",
                half_disc,
            ),
            ("circle", "0", "0 CIRCLE 10 3 20 4 40 5", 2.0 * half_disc),
            (
                "ellipse",
                "0",
                "0 ELLIPSE 10 0 20 0 11 10 21 0 40 0.25 41 0 42 6.283185307179586",
                2.0 * half_disc,
            ),
            (
                "old polyline",
                "4",
                "0 POLYLINE 66 1 10 0 20 0 70 1 0 VERTEX 10 0 20 0 0 VERTEX 10 4 20 0 0 VERTEX 10 4 20 4 0 SEQEND 8 0",
                8.0,
            ),
            (
                "lines and arc",
                "4",
                "0 LINE 10 5 20 0 11 0 21 0 0 ARC 10 0 20 0 40 5 50 0 51 180 0 LINE 10 -5 20 0 11 0 21 0",
                half_disc,
            ),
            (
                "seen from behind",
                "4",
                "0 LINE 10 -5 20 0 11 5 21 0 0 ARC 10 0 20 0 40 5 50 0 51 180 230 -1",
                half_disc,
            ),
            // A straight line twice, written as a cubic spline, and two lines back.
            (
                "spline",
                "4",
                "0 SPLINE 70 0 71 3 40 0 40 0 40 0 40 0 40 1 40 1 40 1 40 1 10 0 20 0 10 1 20 0 10 2 20 0 10 3 20 0 0 LINE 10 3 20 0 11 3 21 3 0 LINE 10 3 20 3 11 0 21 0",
                4.5,
            ),
        ] {
            let found = area(units, entities);
            assert!(
                (found / expected - 1.0).abs() < 1e-4,
                "{name}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn faults_are_named() {
        for (entities, part) in [
            (
                "0 LINE 10 0 20 0 11 5 21 0 0 LINE 10 5 20 0 11 5 21 5",
                "open outline",
            ),
            ("0 POINT 10 0 20 0", "holds no closed"),
            ("0 CIRCLE 10 nan 20 0 40 1", "finite"),
            ("0 CIRCLE 10 0 20 0", "holds no closed"),
        ] {
            let message = polygons(&dxf("4", entities)).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
        assert!(polygons(b"hello").unwrap_err().contains("line 1: `hello`"));
        assert!(polygons(b"0\nSECTION\n2").unwrap_err().contains("line 3"));
        assert!(
            polygons(b"AutoCAD Binary DXF\r\n")
                .unwrap_err()
                .contains("binary")
        );
        assert!(polygons(b"").is_err());
    }
}
